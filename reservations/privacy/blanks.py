"""Blanks the guest in reservations, their events and stored answers. Numbers and times stay.

Used by erasure and by retention. A new table of the engine with personal data of a reservation is
added to `blank` and `count` here; those of other parts register in `rooms`.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat, Lower

from reservations.event_types import FREE_TEXTS
from reservations.models import Event, Reservation, StoredAnswer
from reservations.privacy import rooms
from reservations.privacy.rooms import PersonalRows
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
    "plate_key": None,
    **dict.fromkeys(("children", "reference", "metadata")),
    "guest": None,
    # It may hold a digest of the phone number.
    "day_key": None,
}
"""The personal columns of a reservation, and their values once blanked."""

_UNNAMED = ("held_from", "guest", "day_key")
_SAID = {name: value for name, value in BLANK.items() if name not in _UNNAMED}

NAMED = ~Q(**{name: value for name, value in _SAID.items() if value is not None})
for _name in ("guest", *(name for name, value in _SAID.items() if value is None)):
    NAMED |= Q(**{f"{_name}__isnull": False})
"""Reservations that name a guest."""

_CODE_ALONE = Concat(Value(" "), Lower("code"), Value(" "))
"""The search text of a blanked reservation."""

_CHUNK = 500
_MOMENT = timedelta(minutes=10)


def blank(rows: PersonalRows, *, by_names: Sequence[str] = ()) -> dict[str, int]:
    """Blanks reservations, their events and what the rooms hold, and deletes stored answers.

    `by_names` are callers whose names are blanked in the events too. Returns how many rows of
    each table were changed or deleted. Assumes a transaction.
    """
    # First, since rooms find rows by what the reservations say.
    told = rooms.blank(rows)
    counts = {"reservations": 0, "events": 0, "stored answers": 0}
    for part in _parts(rows.reservation_ids):
        counts["stored answers"] += answers_about(part).delete()[0]
        counts["events"] += _blank_events(part, by_names)
        blanked = Reservation.objects.filter(pk__in=part)
        counts["reservations"] += blanked.update(
            **BLANK, search_text=_CODE_ALONE, version=F("version") + 1
        )
    return counts | told


def count(rows: PersonalRows, *, by_names: Sequence[str] = ()) -> dict[str, int]:
    """Returns what `blank` would return. Changes nothing."""
    ids = rows.reservation_ids
    counts = {"reservations": len(ids), "events": 0, "stored answers": 0}
    for part in _parts(ids):
        counts["stored answers"] += answers_about(part).count()
        counts["events"] += len(_named_events(part, by_names))
    return counts | rooms.count(rows)


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
    texts = Q(data__has_any_keys=[*FREE_TEXTS, "changed"])
    events = Event.objects.filter(guests | Q(by__in=by_names) | texts, reservation__in=ids)
    return [event for event in events if _blanked(event, by_names)]


def _blanked(event: Event, by_names: Sequence[str]) -> bool:
    """Blanks an unsaved event. Returns whether that changed it."""
    before = (event.by, event.data)
    if event.by_kind == "guest" or event.by in by_names:
        event.by = NOBODY
    event.data = {name: _without_person(name, value) for name, value in event.data.items()}
    return (event.by, event.data) != before


def _without_person(name: str, value: Any) -> Any:
    if name in FREE_TEXTS:
        return ""
    # Versions before 0.2 wrote a list of names there.
    if name == "changed" and isinstance(value, dict):
        return {
            field: {"from": BLANK[field], "to": BLANK[field]} if field in BLANK else change
            for field, change in value.items()
        }
    return value


def _blank_events(ids: Sequence[int], by_names: Sequence[str]) -> int:
    events = _named_events(ids, by_names)
    Event.objects.bulk_update(events, ["by", "data"], batch_size=_CHUNK)
    return len(events)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(ids), _CHUNK):
        yield ids[begin : begin + _CHUNK]
