"""The kinds of venue, one row each: how it sells time, its usual policy, and its words.

A new kind is one more row in `ROWS`. Nothing else lists the kinds: choices, API, pages, desk and
sweeps read these rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Mode(TextChoices):
    """How a venue sells time. `reservations/rules/modes` has the meaning of each."""

    NIGHT = "night"
    TIME = "time"
    SLOT = "slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of venue.

    `policy` has the fields of Policy that differ from its defaults. `sweep_line` is the log line
    for a stay that a sweep completes; it takes the unit's name and the reservation's id. `icon`
    names a file in web/templates/web/parts/icons.
    """

    code: str
    name: str | Promise
    unit_word: str | Promise
    mode: Mode
    policy: Mapping[str, Any] = field(default_factory=dict)
    sweep_line: str = "Auto-released Unit #%s (Reservation ID %s)"
    words: str = ""
    """What people call it when they search, in both languages."""
    icon: str = "place"
    usual_party: int = 1
    """The party for which open times are searched when none is given."""
    asks_plate: bool = False
    asks_occasion: bool = True
    asks_children: bool = False
    names_unit: bool = False
    """True when pages tell the guest the unit even where the venue chooses it."""
    has_spots: bool = False
    """True when its units are spots, which are created from a number."""
    reminders: tuple[Mapping[str, Any], ...] = ()
    """The fields of the reminders that a new venue has."""

    @property
    def icon_template(self) -> str:
        """The path of the template that draws its icon."""
        return f"web/parts/icons/{self.icon}.html"


HOTEL: Final = Kind(
    code="hotel",
    name=_("Hotel"),
    unit_word=_("Room"),
    mode=Mode.NIGHT,
    policy={
        "notice": _DAY,
        "horizon": 500 * _DAY,
        "longest_stay": 60 * _DAY,
        "hold_time": timedelta(minutes=30),
        "grace": 9 * _HOUR,
        "early_check_in": 6 * _HOUR,
        "cancel_deadline": 2 * _DAY,
        "cancel_fee_percent": 100,
    },
    sweep_line="Auto-released Room #%s (Reservation ID %s)",
    reminders=({"days_before": 1, "at_time": time(18)},),
    words="hotel hotels room rooms kamer kamers overnachten",
    icon="bed",
    asks_children=True,
)

RESTAURANT: Final = Kind(
    code="restaurant",
    name=_("Restaurant"),
    unit_word=_("Table"),
    mode=Mode.TIME,
    policy={
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
    sweep_line="Auto-released Table #%s (Reservation ID %s)",
    reminders=({"before": 3 * _HOUR},),
    words="restaurant restaurants table tables tafel tafels dinner diner lunch eten",
    icon="cutlery",
    usual_party=2,
    asks_children=True,
)

PARKING: Final = Kind(
    code="parking",
    name=_("Parking"),
    unit_word=_("Spot"),
    mode=Mode.TIME,
    policy={
        "horizon": 365 * _DAY,
        "default_length": 2 * _HOUR,
        "longest_stay": 30 * _DAY,
        "confirms_at_once": True,
        "grace": _HOUR,
        "releases_no_shows": True,
        "early_check_in": timedelta(minutes=30),
        "guests_check_in": True,
        "unit_choice": "venue",
        # A driver may occupy a spot, release it and correct a mistake, all within a minute.
        "state_change_rate": "10/m",
    },
    sweep_line="Auto-released Spot #%s (Reservation ID %s)",
    reminders=({"before": timedelta(minutes=15), "counts_from": "end"},),
    words="parking park car lot lots garage garages spot spots parkeren parkeerplaats",
    icon="parking",
    asks_plate=True,
    asks_occasion=False,
    names_unit=True,
    has_spots=True,
)

PRACTICE: Final = Kind(
    code="practice",
    name=_("Practice"),
    unit_word=_("Appointment"),
    mode=Mode.SLOT,
    policy={
        "notice": _DAY,
        "horizon": 180 * _DAY,
        "slot_length": timedelta(minutes=15),
        "longest_stay": timedelta(minutes=15),
        "hold_time": timedelta(minutes=30),
        "grace": timedelta(minutes=15),
        "early_check_in": _HOUR,
        "unit_schedules": True,
        "per_day": "replace",
    },
    sweep_line="Auto-completed appointment with %s (Reservation ID %s)",
    reminders=({"days_before": 1, "at_time": time(10)},),
    words="practice practices doctor doctors appointment praktijk huisarts arts dokter afspraak",
    icon="cross",
    asks_occasion=False,
    names_unit=True,
)

ROWS: dict[str, Kind] = {row.code: row for row in (HOTEL, RESTAURANT, PARKING, PRACTICE)}

_UNKNOWN: Final = Kind(code="", name="", unit_word=_("Place"), mode=Mode.TIME)


def codes() -> list[str]:
    """The codes of all kinds, in the order in which they are listed."""
    return list(ROWS)


def with_spots() -> list[str]:
    """The codes of the kinds whose units are spots: where people park."""
    return [row.code for row in ROWS.values() if row.has_spots]


def choices() -> list[tuple[str, str | Promise]]:
    """Code and name of all kinds, for forms and the model."""
    return [(row.code, row.name) for row in ROWS.values()]


def named(code: str) -> Kind:
    """The kind with this code. For an unknown code, a plain kind with that code as its name.

    While a release rolls out, old processes meet venues of a kind that only new ones know.
    """
    return ROWS.get(code) or replace(_UNKNOWN, code=code, name=code)
