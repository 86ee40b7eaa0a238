"""The language of letters: the guest's own, else that of the venue, else that of the product."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import get_supported_language_variant

from venues.models import Venue


def first_of(tags: Iterable[str]) -> str:
    """Returns the first of these tags that the product speaks, as a code of LANGUAGES, else "".

    `nl-BE` is `nl`.
    """
    for tag in tags:
        try:
            return get_supported_language_variant(tag)
        except LookupError:
            continue
    return ""


def of_venue(venue: Venue) -> str:
    """Returns the language of letters to a venue."""
    return venue.language or settings.LANGUAGE_CODE


def of_reservation(language: str | None, venue: Venue) -> str:
    """Returns the language of letters to a guest. `language` is that of the reservation."""
    return language or of_venue(venue)
