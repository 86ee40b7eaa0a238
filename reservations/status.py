"""Works out a reservation's status from its facts at an instant, in Python and in SQL.

Change both together. tests/reservations/test_status.py compares them for every row of facts.
"""

from datetime import datetime
from enum import IntEnum
from typing import Protocol

from django.db.models import Case, IntegerField, Q, Value, When


class Status(IntEnum):
    """A status. Its number (`status_code`) and its name in lower case are on the wire."""

    UPCOMING = 0
    PRESENT = 1
    LEFT = 2
    NO_SHOW = 3
    HELD = 4
    EXPIRED = 5
    CANCELLED = 6

    @property
    def word(self) -> str:
        """The name of the status on the wire: in lower case."""
        return self.name.lower()


TO_COME = (Status.HELD, Status.UPCOMING)
"""The statuses before a stay. Such a reservation can be cancelled or replaced."""


class Facts(Protocol):
    """The facts on which status depends, besides the instant. All instants are aware, in UTC."""

    starts_at: datetime
    ends_at: datetime
    hold_expires_at: datetime | None
    no_show_at: datetime | None
    confirmed_at: datetime | None
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    cancelled_at: datetime | None
    expired_at: datetime | None
    is_arrival_assumed: bool
    is_departure_assumed: bool


def status_of(facts: Facts, now: datetime) -> Status:
    """The status at `now` (UTC). The first rule that holds decides."""
    if facts.cancelled_at:
        return Status.CANCELLED
    if not facts.confirmed_at:
        return Status.EXPIRED if _has_lapsed(facts, now) else Status.HELD
    if facts.checked_out_at:
        return Status.LEFT
    if facts.checked_in_at or (facts.is_arrival_assumed and now >= facts.starts_at):
        has_left = facts.is_departure_assumed and now >= facts.ends_at
        return Status.LEFT if has_left else Status.PRESENT
    if facts.no_show_at and now >= facts.no_show_at:
        return Status.NO_SHOW
    return Status.UPCOMING


def status_expression(now: datetime) -> Case:
    """An SQL expression for the number of the status at `now` (UTC). Must match `status_of`."""
    not_confirmed = Q(confirmed_at__isnull=True)
    lapsed = Q(expired_at__isnull=False) | Q(hold_expires_at__lte=now)
    arrived = Q(checked_in_at__isnull=False) | Q(is_arrival_assumed=True, starts_at__lte=now)
    departed = Q(is_departure_assumed=True, ends_at__lte=now)
    rungs = [
        (Q(cancelled_at__isnull=False), Status.CANCELLED),
        (not_confirmed & lapsed, Status.EXPIRED),
        (not_confirmed, Status.HELD),
        (Q(checked_out_at__isnull=False), Status.LEFT),
        (arrived & departed, Status.LEFT),
        (arrived, Status.PRESENT),
        (Q(no_show_at__lte=now), Status.NO_SHOW),
    ]
    return Case(
        *(When(condition, then=Value(int(status))) for condition, status in rungs),
        default=Value(int(Status.UPCOMING)),
        output_field=IntegerField(),
    )


def _has_lapsed(facts: Facts, now: datetime) -> bool:
    if facts.expired_at:
        return True
    return facts.hold_expires_at is not None and now >= facts.hold_expires_at
