"""Registers the admin of every app. Django imports this module by its name."""

from desk.lists import people, reservations, venues

__all__ = ["people", "reservations", "venues"]
