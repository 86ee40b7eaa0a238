"""Registers the admin of every app. Django imports this module by its name."""

from desk.lists import charges, endpoints, openings, people, rates, reservations, venues

__all__ = ["charges", "endpoints", "openings", "people", "rates", "reservations", "venues"]
