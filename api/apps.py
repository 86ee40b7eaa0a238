"""The Django application of the HTTP API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
