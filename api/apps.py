"""The application that machines talk to."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
