"""What a reservation's facts mean at an instant: the ladder in Python, and its twin in SQL.

Change both together; tests/reservations/test_status.py holds every row of facts against both.
"""

from datetime import datetime
from enum import IntEnum
from typing import Protocol

from django.db.models import Case, IntegerField, Q, Value, When


class Status(IntEnum):
    """The numbers are on the wire (`status_code`), and so are the names, in lower case."""

    UPCOMING = 0
    PRESENT = 1
    LEFT = 2
    NO_SHOW = 3
    HELD = 4
    EXPIRED = 5
    CANCELLED = 6

    @property
    def word(self) -> str:
        """The status as it is written on the wire."""
        return self.name.lower()


TO_COME = (Status.HELD, Status.UPCOMING)
"""Statuses before a stay: they can be cancelled, or give way to another reservation."""


class Facts(Protocol):
    """What status is a function of, besides the instant. All instants are aware, in UTC."""

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
    """The status at `now`; the first rung that holds decides."""
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
    """The same ladder as an SQL expression yielding the status number."""
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
