"""Blanks the guest in reservations, their events and stored answers. Numbers and times stay.

Used by erasure and by retention. A new table with personal data of a reservation, such as
deliveries of letters, is added to `blank` and `count` here.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from reservations.event_types import FREE_TEXTS
from reservations.models import Event, Reservation, StoredAnswer
from reservations.querysets import ReservationQuerySet
from reservations.rules import guest_fields

ERASED_NAME = "Erased"
NOBODY = "guest"
"""What `by` of an event becomes."""

BLANK: dict[str, Any] = {
    **dict.fromkeys(guest_fields.PREFERENCES, False),
    **dict.fromkeys(("email", "phone", *guest_fields.EXTRAS), ""),
    "first_name": ERASED_NAME,
    "last_name": ERASED_NAME,
    "held_from": None,
    "guest": None,
}
"""The personal columns of a reservation, and their values once blanked."""

NAMED = ~Q(**{name: value for name, value in BLANK.items() if name not in ("held_from", "guest")})
NAMED |= Q(guest__isnull=False)
"""Reservations that name a guest."""

_CHUNK = 500
_MOMENT = timedelta(minutes=10)


def blank(ids: Sequence[int], *, by_names: Sequence[str] = ()) -> dict[str, int]:
    """Blanks reservations and their events, and deletes the stored answers about them.

    `by_names` are callers whose names are blanked in the events too. Returns how many rows of
    each table were changed or deleted. Assumes a transaction.
    """
    counts = {"reservations": 0, "events": 0, "stored answers": 0}
    for part in _parts(ids):
        counts["stored answers"] += answers_about(part).delete()[0]
        counts["events"] += _blank_events(part, by_names)
        rows = Reservation.objects.filter(pk__in=part)
        counts["reservations"] += rows.update(**BLANK, version=F("version") + 1)
    return counts


def count(ids: Sequence[int], *, by_names: Sequence[str] = ()) -> dict[str, int]:
    """Returns what `blank` would return. Changes nothing."""
    counts = {"reservations": len(ids), "events": 0, "stored answers": 0}
    for part in _parts(ids):
        counts["stored answers"] += answers_about(part).count()
        counts["events"] += len(_named_events(part, by_names))
    return counts


def answers_about(ids: Sequence[int]) -> QuerySet[StoredAnswer]:
    """Returns the stored answers that show any of these reservations, found by its code."""
    oldest = StoredAnswer.objects.order_by("created_at").values_list("created_at", flat=True)
    since = oldest.first()
    if since is None:
        return StoredAnswer.objects.none()
    # A key is claimed a moment before or after its reservation is dated.
    rows = Reservation.objects.filter(pk__in=ids, created_at__gte=since - _MOMENT)
    shown = Q(pk__in=())
    for code in rows.values_list("code", flat=True):
        shown |= Q(body__contains=code)
    return StoredAnswer.objects.filter(shown)


def still_named(rows: ReservationQuerySet) -> ReservationQuerySet:
    """Returns those that name a guest: not blanked yet, or changed since."""
    return rows.filter(NAMED)


def _named_events(ids: Sequence[int], by_names: Sequence[str]) -> list[Event]:
    guests = Q(by_kind="guest") & ~Q(by=NOBODY)
    texts = Q(data__has_any_keys=list(FREE_TEXTS))
    events = Event.objects.filter(guests | Q(by__in=by_names) | texts, reservation__in=ids)
    return [event for event in events if _blanked(event, by_names)]


def _blanked(event: Event, by_names: Sequence[str]) -> bool:
    """Blanks an unsaved event. Returns whether that changed it."""
    before = (event.by, event.data)
    if event.by_kind == "guest" or event.by in by_names:
        event.by = NOBODY
    event.data = {name: "" if name in FREE_TEXTS else text for name, text in event.data.items()}
    return (event.by, event.data) != before


def _blank_events(ids: Sequence[int], by_names: Sequence[str]) -> int:
    events = _named_events(ids, by_names)
    Event.objects.bulk_update(events, ["by", "data"], batch_size=_CHUNK)
    return len(events)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(ids), _CHUNK):
        yield ids[begin : begin + _CHUNK]
