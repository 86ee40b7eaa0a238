"""Venues that are made to try something out and then taken away, and how they are known."""

from venues.models import Venue

PREFIX = "scratch--"
"""No name becomes such an address: of several hyphens one is left."""


def is_scratch(venue: Venue) -> bool:
    """Whether it is no real venue: nobody outside is told of it, and `prove` may delete it."""
    return venue.slug.startswith(PREFIX) and not venue.is_listed
