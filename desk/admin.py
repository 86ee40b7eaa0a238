"""The admin of every app; Django finds it here."""

from desk.lists import people, reservations, venues

__all__ = ["people", "reservations", "venues"]
