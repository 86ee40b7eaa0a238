"""The application that is the engine."""

from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"
