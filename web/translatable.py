"""All texts of refusals and of libraries, for the catalogues of translations."""

from collections.abc import Iterator

from guests.errors import GuestError
from payments import errors as payment_errors
from reservations.errors import Refusal

LOADED = (payment_errors,)
"""Modules whose refusals are found below the engine's, once they are loaded."""

OF_LIBRARIES = (
    # From email-validator: why an address cannot be right.
    "An email address must have an @-sign.",
    "There must be something before the @-sign.",
    "There must be something after the @-sign.",
    "An email address cannot have a period immediately before the @-sign.",
    "An email address cannot have two periods in a row.",
    "The part after the @-sign is not valid. It should have a period.",
    "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
)


def sentences() -> Iterator[str]:
    """Yields the docstring of each refusal, which is its text, and the texts of libraries."""
    yield from OF_LIBRARIES
    for kind in _below(Refusal), _below(GuestError):
        yield from (" ".join((one.__doc__ or "").split()) for one in kind)


def _below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)
