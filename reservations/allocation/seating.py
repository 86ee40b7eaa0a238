"""Assigns ranges to like units without losing room to gaps: interval colouring, without a database.

When no pin starts after the start of the wanted range, the greedy pass is exact: at each start
fewer ranges run than there are units, so one is free, and any free one will do since all are alike.
With later pins the problem is hard in general; then a search with a bound on its steps looks
further.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

WANTED = 0
"""The key of the new range. Other seats are keyed by the id of their allocation."""

SEARCH_STEPS = 20_000
"""How many seats the search tries before it stops: some tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One range on one unit. `key` is the allocation's id; `is_pinned` seats never move."""

    key: int
    unit: int
    start: datetime
    end: datetime
    is_pinned: bool


class Timed(Protocol):
    """Anything with a range `[start, end)`."""

    @property
    def start(self) -> datetime: ...

    @property
    def end(self) -> datetime: ...


def is_full(units: Sequence[int], seats: Iterable[Timed], start: datetime, end: datetime) -> bool:
    """True when at some instant of `[start, end)` every unit is taken."""
    return most_at_once(seats, start, end) >= len(units)


def most_at_once(seats: Iterable[Timed], start: datetime, end: datetime) -> int:
    """The largest number of seats taken at one instant of `[start, end)`; 0 when none overlap."""
    within = [seat for seat in seats if seat.start < end and seat.end > start]
    starts = sorted([seat.start for seat in within if seat.start > start])
    ends = sorted([seat.end for seat in within])
    at_start = len(within) - len(starts)
    # The count only rises at the start or when a seat begins. A seat that ends then does not count.
    begun = enumerate(starts, at_start + 1)
    return max([at_start, *(count - bisect_right(ends, at) for count, at in begun)])


def reseat(
    units: Sequence[int], seats: Sequence[Seat], start: datetime, end: datetime
) -> dict[int, int] | None:
    """The moves that make room for `[start, end)`, as a dict from seat key to unit.

    WANTED is among the keys. `seats` are all seats on these like units that end after `start`; only
    those that start after it move. Returns None when there is no room or pins are in the way; then
    `search` may find a way.
    """
    fixed = [seat for seat in seats if seat.is_pinned or seat.start <= start]
    movable = _in_order(seat for seat in seats if not seat.is_pinned and seat.start > start)
    board = _Board(units, fixed)
    upcoming: dict[int, list[datetime]] = {unit: [] for unit in units}
    for seat in movable:
        upcoming[seat.unit].append(seat.start)
    moves: dict[int, int] = {}
    for seat in [Seat(WANTED, 0, start, end, is_pinned=False), *movable]:
        unit = seat.unit
        if seat.key == WANTED or not board.fits(unit, seat.start, seat.end):
            fitting = [unit for unit in units if board.fits(unit, seat.start, seat.end)]
            if not fitting:
                return None
            # Take the unit whose next guest comes last, so that few guests have to move.
            unit = max(fitting, key=lambda unit: _next(upcoming[unit], seat.start, board, unit))
            moves[seat.key] = unit
        board.until[unit] = seat.end
    return moves


def make_way(
    units: Sequence[int], seats: Sequence[Seat], taken: Sequence[Seat]
) -> dict[int, int] | None:
    """The moves that clear these units for the seats in `taken`, which stay where they are.

    `seats` are all other seats on these like units that end after now. Returns a dict from seat key
    to unit, {} when nobody has to move, or None when pinned seats are in the way or the others find
    no room.
    """
    pinned = [seat for seat in seats if seat.is_pinned]
    if any(_meet(one, other) for one in taken for other in pinned):
        return None
    board = _Board(units, [*pinned, *taken])
    moves: dict[int, int] = {}
    for seat in _in_order(seat for seat in seats if not seat.is_pinned):
        unit = seat.unit
        if not board.fits(unit, seat.start, seat.end):
            fitting = [unit for unit in units if board.fits(unit, seat.start, seat.end)]
            if not fitting:
                return _searched(units, seats, taken)
            unit = max(fitting, key=lambda unit: board.room(unit, seat.end))
            moves[seat.key] = unit
        board.until[unit] = seat.end
    return moves


def _searched(
    units: Sequence[int], seats: Sequence[Seat], taken: Sequence[Seat]
) -> dict[int, int] | None:
    start, end = min(seat.start for seat in taken), max(seat.end for seat in taken)
    order = _in_order(_connected(seats, start, end))
    moving = {seat.key for seat in order}
    board = _Board(units, [*taken, *(seat for seat in seats if seat.key not in moving)])
    chosen = _Search(board, order).run() if order else []
    if chosen is None:
        return None
    moved = zip(order, chosen, strict=True)
    return {seat.key: unit for seat, unit in moved if seat.unit != unit}


def _meet(one: Seat, other: Seat) -> bool:
    return one.unit == other.unit and one.start < other.end and other.start < one.end


def search(
    units: Sequence[int], seats: Sequence[Seat], start: datetime, end: datetime
) -> dict[int, int] | None:
    """Looks for moves that make room for `[start, end)` around later pins. Earlier seats move too.

    `seats` are all seats on these like units that end after now. Returns moves as `reseat` does, or
    None when there are none or SEARCH_STEPS steps did not find any.
    """
    wanted = Seat(WANTED, 0, start, end, is_pinned=False)
    order = _in_order([wanted, *(seat for seat in _connected(seats, start, end))])
    # Seats that the search does not move block the seats that it moves.
    moving = {seat.key for seat in order}
    still = [seat for seat in seats if not seat.is_pinned and seat.key not in moving]
    board = _Board(units, [*(seat for seat in seats if seat.is_pinned), *still])
    chosen = _Search(board, order).run()
    if chosen is None:
        return None
    return {
        seat.key: unit
        for seat, unit in zip(order, chosen, strict=True)
        if seat.key == WANTED or seat.unit != unit
    }


class _Board:
    """The units while ranges are placed in order of start: the fixed ranges, and those placed."""

    def __init__(self, units: Sequence[int], fixed: Sequence[Seat]) -> None:
        self.units = units
        self._fixed: dict[int, list[tuple[datetime, datetime]]] = {unit: [] for unit in units}
        for seat in sorted(fixed, key=lambda seat: seat.start):
            self._fixed[seat.unit].append((seat.start, seat.end))
        self.until: dict[int, datetime | None] = dict.fromkeys(units)

    def fits(self, unit: int, start: datetime, end: datetime) -> bool:
        """True when neither a fixed nor a placed range of the unit overlaps `[start, end)`."""
        until = self.until[unit]
        if until is not None and until > start:
            return False
        return self._first_fixed_end(unit, start, end) is None

    def room(self, unit: int, end: datetime) -> datetime:
        """The start of the unit's first fixed range at or after `end`, or the largest datetime."""
        fixed = self._fixed[unit]
        index = bisect_left(fixed, (end, end))
        return fixed[index][0] if index < len(fixed) else datetime.max.replace(tzinfo=end.tzinfo)

    def ahead(self, unit: int, start: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The unit's fixed ranges from `start` on. Units with equal ones can replace each other."""
        fixed = self._fixed[unit]
        return tuple(fixed[bisect_left(fixed, (start, start)) :])

    def _first_fixed_end(self, unit: int, start: datetime, end: datetime) -> datetime | None:
        # Fixed ranges of a unit do not overlap, so they are sorted by their ends too.
        for fixed_start, fixed_end in self._fixed[unit]:
            if fixed_start >= end:
                return None
            if fixed_end > start:
                return fixed_end
        return None


def _in_order(seats: Iterable[Seat]) -> list[Seat]:
    return sorted(seats, key=lambda seat: (seat.start, seat.key))


def _connected(seats: Sequence[Seat], start: datetime, end: datetime) -> list[Seat]:
    """The movable seats that overlap the range, or overlap such a seat, and so on."""
    movable = _in_order(seat for seat in seats if not seat.is_pinned)
    changed = True
    while changed:
        touching = [seat for seat in movable if seat.start < end and seat.end > start]
        first = min((seat.start for seat in touching), default=start)
        last = max((seat.end for seat in touching), default=end)
        changed = (min(first, start), max(last, end)) != (start, end)
        start, end = min(first, start), max(last, end)
    return touching


def _next(upcoming: list[datetime], start: datetime, board: _Board, unit: int) -> datetime:
    index = bisect_left(upcoming, start)
    room = board.room(unit, start)
    return min(upcoming[index], room) if index < len(upcoming) else room


class _Search:
    """A depth-first search over ranges in order of start. It stops after SEARCH_STEPS steps."""

    def __init__(self, board: _Board, order: list[Seat]) -> None:
        self.board = board
        self.order = order
        self.steps = 0

    def run(self) -> list[int] | None:
        """The unit of each range in the order.

        None when there is no solution, or after too many steps.
        """
        choices = [iter(self._candidates(self.order[0]))]
        chosen: list[tuple[int, datetime | None]] = []
        while choices:
            depth = len(choices) - 1
            if len(chosen) > depth:
                unit, before = chosen.pop()
                self.board.until[unit] = before
            unit = next(choices[-1], -1)
            self.steps += 1
            if unit == -1 or self.steps > SEARCH_STEPS:
                choices.pop()
                if self.steps > SEARCH_STEPS:
                    return None
                continue
            chosen.append((unit, self.board.until[unit]))
            self.board.until[unit] = self.order[depth].end
            if depth + 1 == len(self.order):
                return [unit for unit, _ in chosen]
            choices.append(iter(self._candidates(self.order[depth + 1])))
        return None

    def _candidates(self, seat: Seat) -> list[int]:
        """The units that fit: the seat's own first, then the tightest.

        Of equivalent units only one.
        """
        board = self.board
        fitting = [unit for unit in board.units if board.fits(unit, seat.start, seat.end)]
        fitting.sort(key=lambda unit: (unit != seat.unit, board.room(unit, seat.end)))
        seen: set[tuple[tuple[datetime, datetime], ...]] = set()
        distinct = []
        for unit in fitting:
            ahead = board.ahead(unit, seat.start)
            if ahead not in seen:
                seen.add(ahead)
                distinct.append(unit)
        return distinct
