"""Registers the notices application: what people are told."""

from importlib import import_module

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"

    def ready(self) -> None:
        # Imported by name, because it needs models and Django loads this module before them.
        import_module("notices.wiring")
