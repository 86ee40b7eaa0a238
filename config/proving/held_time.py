"""Checks in the database that whoever has a right to time has it, and that nobody else takes any.

A departure that was undone takes its time again, and so does what was reinstated. A departure, a
cancellation, and a no-show whose rest was released free it.
"""

from collections.abc import Iterator
from datetime import datetime

from config.proving.evidence import Evidence
from config.proving.ground import SEATS
from reservations.models import Allocation, Reservation
from reservations.status import Status

_HAS_TIME = (Status.HELD, Status.UPCOMING, Status.PRESENT)


def judge(evidence: Evidence) -> Iterator[str]:
    """Yields reservations with too few units at some instant to come, or with any though over."""
    now = evidence.read_at
    taken: dict[int, list[Allocation]] = {}
    for one in evidence.allocations:
        has_lapsed = one.lapses_at is not None and one.lapses_at <= now
        if one.reservation_id is not None and one.is_live and one.ends_at > now and not has_lapsed:
            taken.setdefault(one.reservation_id, []).append(one)
    for pk, row in evidence.reservations.items():
        rows, status = taken.get(pk, []), row.status_at(now)
        if status not in _HAS_TIME:
            for one in rows:
                yield f"reservation {pk} is {status.word} and takes unit {one.resource_id}"
        elif row.ends_at > now:
            yield from _lacking(row, rows, now)


def _lacking(row: Reservation, rows: list[Allocation], now: datetime) -> Iterator[str]:
    start = max(row.starts_at, now)
    needed = -(-row.guest_count // SEATS)
    edges = {start, *(edge for one in rows for edge in (one.starts_at, one.ends_at))}
    for instant in sorted(edge for edge in edges if start <= edge < row.ends_at):
        units = {one.resource_id for one in rows if one.starts_at <= instant < one.ends_at}
        if len(units) != needed:
            yield f"reservation {row.pk} has {len(units)} of {needed} units at {instant}"
            return
