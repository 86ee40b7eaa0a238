"""Checks that no hold ends late or early."""

from collections.abc import Iterator

from config.proving.evidence import Evidence
from reservations.models import Reservation


def judge(evidence: Evidence) -> Iterator[str]:
    """Yields holds that are neither confirmed in time nor expired, or both, or that still take
    time.
    """
    for row in evidence.reservations.values():
        yield from _ends_once(row, evidence)
    yield from _takes_nothing(evidence)
    yield from _as_answered(evidence)


def _ends_once(row: Reservation, evidence: Evidence) -> Iterator[str]:
    ends_at = row.hold_expires_at
    if row.confirmed_at and row.expired_at:
        yield f"reservation {row.pk} is both confirmed and expired"
    if row.expired_at and row.expired_at != ends_at:
        yield f"hold {row.pk} was until {ends_at} and expired at {row.expired_at}"
    if row.confirmed_at and ends_at and row.confirmed_at >= ends_at:
        yield f"hold {row.pk} was until {ends_at} and confirmed at {row.confirmed_at}"
    is_open = not (row.confirmed_at or row.expired_at or row.cancelled_at)
    if is_open and ends_at and ends_at <= evidence.read_at:
        yield f"hold {row.pk} outlives its time, {ends_at}"


def _takes_nothing(evidence: Evidence) -> Iterator[str]:
    for taken in evidence.allocations:
        row = evidence.reservations.get(taken.reservation_id or 0)
        if taken.is_live and row is not None and row.expired_at:
            yield f"hold {row.pk} expired and still takes unit {taken.resource_id}"


def _as_answered(evidence: Evidence) -> Iterator[str]:
    for call in evidence.calls:
        if call.outcome != "refused" or call.answered_at is None:
            continue
        if call.code == "held_by_other" and call.frees_at and call.frees_at <= call.asked_at:
            yield f"{call.name} was refused for a hold that was over since {call.frees_at}"
        row = evidence.reservations.get(call.about or 0)
        if call.code == "hold_expired" and row is not None:
            ends_at = row.hold_expires_at
            if ends_at and call.answered_at < ends_at:
                yield f"{call.name} was told that hold {row.pk} is over before {ends_at}"
            if row.confirmed_at:
                yield f"{call.name} was told that hold {row.pk} is over, and it is confirmed"
