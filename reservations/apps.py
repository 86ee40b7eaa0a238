"""Registers the reservations application, the engine."""

from django.apps import AppConfig


class ReservationsConfig(AppConfig):
    name = "reservations"
