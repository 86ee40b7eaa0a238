"""What a partner's own program says of a reservation: its reference there, and its notes.

A partner uses a reference once. A unique constraint has the last word.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext

from guests.callers import Caller
from reservations.errors import Busy, Invalid, ReferenceUsed
from reservations.models import Reservation
from reservations.requests import Booking, Change
from reservations.rules import permissions

MOST_NOTES = 20
LONGEST_NAME = 40
LONGEST_NOTE = 200
"""Characters."""

_ONCE = ("reservation_reference_once", "reservations_reservation.reference")
"""What PostgreSQL and SQLite call the constraint."""


def judge_booking(booking: Booking, venue_id: int, by: Caller) -> None:
    """Raises Invalid where the caller may not say this, and ReferenceUsed."""
    _judge(booking.reference or None, booking.metadata or None, "", venue_id, by)
    if booking.reference:
        found = _with(by, [booking.reference])
        if found is not None:
            raise ReferenceUsed(found)


def judge_change(row: Reservation, wish: Change, by: Caller) -> None:
    """Raises Invalid where the caller may not say this."""
    _judge(wish.reference, wish.metadata, row.partner, row.venue_id, by)


def may_see_notes(partner: str, venue_id: int, by: Caller | None) -> bool:
    """True for the partner that made the reservation, and for staff of its venue."""
    if by is None:
        return False
    if by.kind == "partner":
        return by.partner == partner
    return permissions.is_staff(by, venue_id)


def says(wish: Change) -> bool:
    """True when a change says anything of this."""
    return wish.reference is not None or wish.metadata is not None


def columns_of(wish: Change) -> dict[str, Any]:
    """Returns the columns that a change sets, in their stored form."""
    given: dict[str, Any] = {}
    if wish.children is not None:
        given["children"] = list(wish.children) or None
    if wish.reference is not None:
        given["reference"] = wish.reference or None
    if wish.metadata is not None:
        given["metadata"] = dict(wish.metadata) or None
    if wish.language is not None:
        given["language"] = wish.language
    return given


@contextmanager
def used_once(by: Caller, references: Iterable[str | None]) -> Iterator[None]:
    """Raises ReferenceUsed where another request took one of the references a moment ago.

    Put it around the transaction: the lookup needs a connection without a failed one.
    """
    try:
        yield
    except IntegrityError as error:
        if not any(name in str(error) for name in _ONCE):
            raise
        found = _with(by, [one for one in references if one])
        # None where the other one gave it up, or was erased, in this very moment.
        raise (Busy() if found is None else ReferenceUsed(found)) from error


def _with(by: Caller, references: list[str]) -> int | None:
    rows = Reservation.objects.filter(partner=by.partner or "", reference__in=references)
    return rows.order_by("pk").values_list("pk", flat=True).first()


def _judge(
    reference: str | None,
    metadata: Mapping[str, str] | None,
    partner: str,
    venue_id: int,
    by: Caller,
) -> None:
    if reference is not None and by.kind != "partner":
        raise Invalid("reference", gettext("Only partners give a reference. Leave it out."))
    is_theirs = by.kind == "partner" or may_see_notes(partner, venue_id, by)
    if metadata is not None and not is_theirs:
        raise Invalid("metadata", gettext("Only partners and staff give metadata. Leave it out."))
