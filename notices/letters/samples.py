"""A made-up reservation at a real venue, so that the words of a letter can be looked at first."""

from datetime import datetime, timedelta

from django.utils.translation import override

from notices.letters import composition, reservation_facts
from notices.letters.kinds import CANCELLED, EXPIRED, HELD, OF_MONEY
from notices.letters.reservation_facts import LetterFacts
from notices.letters.templates import LetterWords
from notices.mail.composers import Letter
from reservations.models import Reservation
from venues.models import Category, Venue

_DAY = timedelta(days=1)
_PRICE = 12_000


def letter(
    venue: Venue, kind: str, language: str, *, subject: str, text: str, now: datetime
) -> Letter:
    """Returns the letter that these words make of a sample. Writes nothing."""
    words = LetterWords(subject, text, is_own=True)
    with override(language):
        sample = facts(venue, kind, now)
        return composition.to_guest(kind, sample, words, [], to=sample.row.email)


def facts(venue: Venue, kind: str, now: datetime) -> LetterFacts:
    """Returns the facts of a reservation that no table has. Assumes the venue with its policy."""
    row = _row(venue, kind, now)
    units = list(venue.resources.filter(retired_at=None).order_by("pk")[:1])
    return LetterFacts(
        row=row,
        now=now,
        status=row.status_at(now),
        units=units,
        amount_minor=_PRICE if kind in OF_MONEY else None,
        shows_units=bool(units) and (reservation_facts.tells_units(row) or "unit" in kind),
    )


def _row(venue: Venue, kind: str, now: datetime) -> Reservation:
    category = venue.categories.first() or Category(venue=venue, name="Standard", code="standard")
    start = now.replace(minute=0, second=0, microsecond=0) + 7 * _DAY
    row = Reservation(
        venue=venue,
        category=category,
        code="SAMPLE2345",
        first_name="Ada",
        last_name="Lovelace",
        phone="+31201234567",
        email="ada@example.com",
        guest_count=2,
        starts_at=start,
        ends_at=start + _DAY,
        is_arrival_assumed=False,
        is_departure_assumed=False,
        is_no_show_released=False,
        price_minor=_PRICE,
        currency=venue.currency,
        cancel_free_until=start - venue.policy.cancel_deadline,
        cancel_fee_minor=_PRICE * venue.policy.cancel_fee_percent // 100,
        created_at=now - _DAY,
        confirmed_at=now,
    )
    if kind in (HELD, EXPIRED):
        row.confirmed_at = None
        row.hold_expires_at = now + venue.policy.hold_time
    if kind == EXPIRED:
        row.expired_at = row.hold_expires_at = now
    if kind == CANCELLED:
        row.cancelled_at, row.fee_due_minor = now, row.cancel_fee_minor
    return row
