"""The application that wires the others."""

from importlib import import_module

from django.apps import AppConfig

# The application that every task belongs to, and it must be there before the first task is.
from config.celery import app

__all__ = ["ConfigConfig", "app"]


class ConfigConfig(AppConfig):
    name = "config"
    label = "config"

    def ready(self) -> None:
        # By name, since it stands on models, which this module is loaded before.
        import_module("config.wiring")
