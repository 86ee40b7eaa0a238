"""Registers the venues application."""

from django.apps import AppConfig


class VenuesConfig(AppConfig):
    name = "venues"
