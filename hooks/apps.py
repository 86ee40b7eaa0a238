"""Registers the hooks application: what partners' systems are told."""

from importlib import import_module

from django.apps import AppConfig


class HooksConfig(AppConfig):
    name = "hooks"

    def ready(self) -> None:
        # Imported by name, because it needs models and Django loads this module before them.
        import_module("hooks.wiring")
