"""The Django application of the guests' pages."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"
