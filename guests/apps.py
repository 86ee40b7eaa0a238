"""Registers the guests application."""

from django.apps import AppConfig


class GuestsConfig(AppConfig):
    name = "guests"
    verbose_name = "guests and partners"
