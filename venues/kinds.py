"""What differs between kinds of venue: mode, usual policy, words."""

from datetime import timedelta
from typing import Any, Final

from venues.models import Policy, Venue

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

MODES: Final = {
    Venue.Kind.HOTEL: Venue.Mode.NIGHT,
    Venue.Kind.RESTAURANT: Venue.Mode.TIME,
    Venue.Kind.PARKING: Venue.Mode.TIME,
    Venue.Kind.PRACTICE: Venue.Mode.SLOT,
}

POLICIES: Final[dict[str, dict[str, Any]]] = {
    Venue.Kind.HOTEL: {
        "notice": _DAY,
        "horizon": 500 * _DAY,
        "longest_stay": 60 * _DAY,
        "hold_time": timedelta(minutes=30),
        "grace": 9 * _HOUR,
        "early_check_in": 6 * _HOUR,
        "cancel_deadline": 2 * _DAY,
        "cancel_fee_percent": 100,
    },
    Venue.Kind.RESTAURANT: {
        "horizon": 90 * _DAY,
        "default_length": 2 * _HOUR,
        "longest_stay": 4 * _HOUR,
        "step": timedelta(minutes=15),
        "hold_time": timedelta(minutes=10),
        "grace": timedelta(minutes=20),
        "early_check_in": timedelta(minutes=30),
        "releases_no_shows": True,
        "buffer_after": timedelta(minutes=15),
    },
    Venue.Kind.PARKING: {
        "horizon": 365 * _DAY,
        "default_length": 2 * _HOUR,
        "longest_stay": 30 * _DAY,
        "confirms_at_once": True,
        "grace": _HOUR,
        "releases_no_shows": True,
        "early_check_in": timedelta(minutes=30),
        "guests_check_in": True,
        "unit_choice": Policy.UnitChoice.VENUE,
        # Occupy, then release, then a mistake put right: all within a minute.
        "state_change_rate": "10/m",
    },
    Venue.Kind.PRACTICE: {
        "notice": _DAY,
        "horizon": 180 * _DAY,
        "slot_length": timedelta(minutes=15),
        "longest_stay": timedelta(minutes=15),
        "hold_time": timedelta(minutes=30),
        "grace": timedelta(minutes=15),
        "early_check_in": _HOUR,
        "unit_schedules": True,
        "per_day": Policy.PerDay.REPLACE,
    },
}


def policy_for(kind: str, **changes: Any) -> Policy:
    """An unsaved policy as is usual for that kind, with some values changed."""
    return Policy(**{**POLICIES[kind], **changes})


def create_venue(
    *, slug: str, name: str, kind: str, policy: dict[str, Any] | None = None, **fields: Any
) -> Venue:
    """A venue with its preset policy, saved; `mode` and the rest as given or as is usual."""
    fields.setdefault("mode", MODES[Venue.Kind(kind)])
    venue = Venue(slug=slug, name=name, kind=kind, **fields)
    venue.full_clean()
    venue.save()
    rules = policy_for(kind, **(policy or {}))
    rules.venue = venue
    rules.full_clean()
    rules.save()
    return venue


USUAL_PARTY = {Venue.Kind.RESTAURANT: 2}
"""For how many a table is looked for, where nobody says; anything else for one."""

_RELEASED = {
    Venue.Kind.PARKING: "Auto-released Spot #%s (Reservation ID %s)",
    Venue.Kind.RESTAURANT: "Auto-released Table #%s (Reservation ID %s)",
    Venue.Kind.HOTEL: "Auto-released Room #%s (Reservation ID %s)",
    Venue.Kind.PRACTICE: "Auto-completed appointment with %s (Reservation ID %s)",
}
