"""Reviews of venues. A person can review a venue after a stay there."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from guests.models import Review, User
from reservations import clock
from reservations.errors import Invalid, NoStay
from reservations.models import Reservation
from reservations.status import Status
from spelling import texts
from venues.models import Venue

LONGEST_TEXT = 1_000
"""The largest number of characters in a review."""


def review(*, user: User, venue_id: int, stars: int, text: str) -> Review:
    """Writes a person's review of a venue, or replaces it.

    Raises NoStay before a stay of theirs there has ended, Invalid for a wrong value.
    """
    text = _judge(stars, text)
    if not stays_ended(user, at=clock.now()).filter(venue_id=venue_id).exists():
        raise NoStay
    written, __ = Review.objects.update_or_create(
        user=user, venue_id=venue_id, defaults={"stars": stars, "text": text}
    )
    return written


def withdraw(*, user: User, venue_id: int) -> None:
    """Deletes the person's review of a venue. Does nothing when there is none."""
    user.reviews.filter(venue_id=venue_id).delete()


def reviewable(user: User, *, among: Collection[int], at: datetime) -> set[int]:
    """The ids of those venues among these at which the person has stayed by `at` (UTC)."""
    stays = stays_ended(user, at=at).filter(venue_id__in=among)
    return set(stays.values_list("venue_id", flat=True))


def stays_ended(user: User, *, at: datetime) -> QuerySet[Reservation]:
    """The person's stays that have ended by `at` (UTC), at any venue, in no order."""
    return Reservation.objects.filter(guest=user).in_status(Status.LEFT, at=at).order_by()


def venues_stayed_at(user: User, *, at: datetime) -> QuerySet[Venue]:
    """The venues that the person can review at `at` (UTC)."""
    return Venue.objects.filter(pk__in=stays_ended(user, at=at).values("venue_id"))


def _judge(stars: int, text: str) -> str:
    """The text in its stored form. Raises Invalid."""
    trimmed = texts.clean_lines(text)
    if stars not in range(1, 6):
        raise Invalid("stars", _("Give one to five stars."))
    if len(trimmed) > LONGEST_TEXT:
        raise Invalid("text", _("This has at most %(most)s characters.") % {"most": LONGEST_TEXT})
    if not all(texts.is_printable(line) for line in trimmed.split("\n")):
        raise Invalid("text", _("This contains characters that cannot be printed. Remove them."))
    return trimmed
