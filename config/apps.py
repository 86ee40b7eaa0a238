"""The Django application that connects the others."""

from importlib import import_module

from django.apps import AppConfig

# Import the Celery application here: it must exist before the first task does.
from config.celery import app

__all__ = ["ConfigConfig", "app"]


class ConfigConfig(AppConfig):
    name = "config"
    label = "config"

    def ready(self) -> None:
        # Imported by name, because it needs models and Django loads this module before them.
        import_module("config.wiring")
