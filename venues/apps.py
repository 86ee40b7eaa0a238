"""The application that knows what can be reserved."""

from django.apps import AppConfig


class VenuesConfig(AppConfig):
    name = "venues"
