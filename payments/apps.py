"""Registers the payments application: what guests pay, and the ledger."""

from importlib import import_module

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        # Imported by name, because it needs models and Django loads this module before them.
        import_module("payments.wiring")
