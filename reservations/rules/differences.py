"""Says what a change of a reservation changed: each field that differs, from what to what.

Values are JSON, as people read them: instants on the clocks of the venue (ISO 8601 with offset),
names of categories and units instead of ids, amounts in minor units.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from reservations.event_types import Changed
from reservations.models import Allocation, Reservation
from reservations.requests import Contact, Extras

DETAILS = tuple(field.name for field in (*fields(Contact), *fields(Extras)))
"""The fields that a guest fills in. They are personal: erasure blanks them in events."""

FACTS = (
    "confirmed_at", "checked_in_at", "checked_out_at", "cancelled_at", "expired_at",
    "completed_at", "missed_at",
)  # fmt: skip
"""The instants that events of their own record. An event names one only where it takes it back."""

_INSTANTS = (
    "starts_at", "ends_at", "hold_expires_at", "no_show_at", "cancel_free_until", *FACTS,
)  # fmt: skip
MONEY = ("price_minor", "cancel_fee_minor", "fee_due_minor")
"""The amounts among the fields, in minor units."""
_PLAIN = ("guest_count", "children", "language", "reference", "metadata", *MONEY, *DETAILS)
_UNTOLD = ("metadata",)
"""Fields of which an event only says that they differ: their values are in no history."""

Told = Mapping[str, Any]
"""A reservation as events tell it: JSON values by field, with `category` and `units` by name."""


def of(reservation: Reservation, *, has_units: bool = True) -> Told:
    """The reservation as it is now. Call it before a change and give the result to `since`.

    Assumes the reservation's lock. One query, for the units; pass `has_units` False to leave them
    out, where a verb only frees time.
    """
    zone = reservation.venue.zone
    instants = {name: getattr(reservation, name) for name in _INSTANTS}
    return {
        **{name: at and at.astimezone(zone).isoformat() for name, at in instants.items()},
        **{name: getattr(reservation, name) for name in _PLAIN},
        "category": reservation.category.name,
        **({"units": units_of(reservation)} if has_units else {}),
    }


def since(before: Told, reservation: Reservation, *, but: Collection[str] = ()) -> Changed:
    """What differs between `before` and the saved reservation, by field, sorted.

    Leaves out the fields named in `but`, such as the fact that the event itself tells.
    """
    after = of(reservation, has_units="units" in before)
    return {
        name: {"from": None, "to": None}
        if name in _UNTOLD
        else {"from": before[name], "to": after[name]}
        for name in sorted(after)
        if before[name] != after[name] and name not in but
    }


def units_of(reservation: Reservation) -> list[str]:
    """The names of the units on which the reservation takes time up to its end, in order of id."""
    rows = Allocation.objects.filter(
        reservation=reservation, is_live=True, ends_at__gte=reservation.ends_at
    )
    return list(rows.order_by("resource_id").values_list("resource__name", flat=True))


def taken_back(changed: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The values that these fields had before a recorded change; instants as datetimes.

    Fields that did not change are left out.
    """
    found = {name: changed[name]["from"] for name in names if name in changed}
    return {
        name: datetime.fromisoformat(value) if value and name in _INSTANTS else value
        for name, value in found.items()
    }
