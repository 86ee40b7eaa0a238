"""Checks that no hold ends late or early."""

from collections.abc import Iterator

from config.proving.evidence import Evidence
from config.proving.journal import Call
from reservations.event_types import REINSTATED
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
    # A stay that is entered afterwards is confirmed with it.
    is_entered = any(call.verb == "enter a stay" for call in evidence.calls_of.get(row.pk, []))
    if row.confirmed_at and ends_at and row.confirmed_at >= ends_at and not is_entered:
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
        if call.code == "hold_expired":
            yield from _was_over(call, evidence)


def _was_over(call: Call, evidence: Evidence) -> Iterator[str]:
    """Of a group, one hold that is over is enough."""
    assert call.answered_at is not None
    wrong: list[str] = []
    for pk in sorted(call.ids & evidence.reservations.keys()):
        row = evidence.reservations[pk]
        if _is_reinstated_after(pk, call, evidence):
            # It was over then, and has another end now.
            return
        ends_at = row.hold_expires_at
        if ends_at and call.answered_at < ends_at:
            wrong.append(f"{call.name} was told that hold {pk} is over before {ends_at}")
        elif row.confirmed_at:
            wrong.append(f"{call.name} was told that hold {pk} is over, and it is confirmed")
        else:
            return
    yield from wrong[:1]


def _is_reinstated_after(pk: int, call: Call, evidence: Evidence) -> bool:
    told = evidence.events_of.get(pk, [])
    return any(one.name == REINSTATED.name and one.at >= call.asked_at for one in told)
