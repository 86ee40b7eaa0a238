"""Recognises scratch venues, which are made to try something out and then deleted."""

from venues.models import Venue

PREFIX = "scratch--"
"""No venue's name gives such a slug, since slugs from names never have two hyphens in a row."""


def is_scratch(venue: Venue) -> bool:
    """True for a scratch venue: nobody outside sees it, and the `prove` command may delete it."""
    return venue.slug.startswith(PREFIX) and not venue.is_listed
