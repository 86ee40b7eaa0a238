"""What was pressed a moment ago at a venue, and can be undone by one more press."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reservations.corrections import check_in_undos, check_out_undos, reinstatements
from reservations.event_types import CANCELLED, CHECKED_IN, CHECKED_OUT
from reservations.models import Event, Reservation
from venues.models import Venue

UNDO_FOR = timedelta(minutes=1)
"""How long after a press its *Undo* is shown."""

_PRESSED_AT = "pressed_at"
"""The key in the session. Without a press in it, *Today* asks nothing."""

_UNDO = {
    CHECKED_IN.name: ("undo_check_in", check_in_undos.may, _("checked in")),
    CHECKED_OUT.name: ("undo_check_out", check_out_undos.may, _("checked out")),
    CANCELLED.name: ("reinstate", reinstatements.may, _("cancelled")),
}


@dataclass(frozen=True, slots=True)
class Pressed:
    """A reservation, what was done with it in words, and the verb that undoes that."""

    reservation: Reservation
    done: str | Promise
    verb: str


def note_press(session: SessionBase, now: datetime) -> None:
    """Notes in the session that a button was pressed."""
    session[_PRESSED_AT] = now.timestamp()


def just_pressed(session: SessionBase, venue: Venue, *, now: datetime) -> list[Pressed]:
    """What people at work did within the last minute and can undo, the latest first.

    [] unless a button was pressed in this session within that minute.
    """
    if session.get(_PRESSED_AT, 0) <= (now - UNDO_FOR).timestamp():
        return []
    events = Event.objects.filter(
        venue=venue,
        recorded_at__gt=now - UNDO_FOR,
        name__startswith="reservation.",
        by_kind__in=("staff", "administrator"),
    )
    found: dict[int, Pressed] = {}
    seen: set[int] = set()
    for event in events.select_related("reservation").order_by("-pk"):
        row = event.reservation
        # Only the latest event of a reservation can be undone.
        if row is None or row.pk in seen:
            continue
        seen.add(row.pk)
        if event.name not in _UNDO:
            continue
        verb, may, done = _UNDO[event.name]
        row.venue = venue
        if may(row, now):
            found[row.pk] = Pressed(row, done, verb)
    return list(found.values())
