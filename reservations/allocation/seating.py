"""Who sits where, so that no capacity is lost to fragmentation: interval colouring, no database.

When no pin starts after the wanted range begins, the greedy pass is exact: at each start fewer
ranges run than there are units, so one is free, and any free one will do since all are alike.
Later pins make the problem hard in general; then a search with a bound on its steps looks further.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

WANTED = 0
"""Stands for the new range where seats are keyed by allocation id."""

SEARCH_STEPS = 20_000
"""How many seats the search tries before it gives up; some tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One range on one unit. Pinned: begun, locked, a closure, an import, a combination."""

    key: int
    unit: int
    start: datetime
    end: datetime
    is_pinned: bool


class Timed(Protocol):
    """Anything that takes `[start, end)`."""

    @property
    def start(self) -> datetime: ...

    @property
    def end(self) -> datetime: ...


def is_full(units: Sequence[int], seats: Iterable[Timed], start: datetime, end: datetime) -> bool:
    """Whether at some instant of `[start, end)` every unit is taken."""
    return most_at_once(seats, start, end) >= len(units)


def most_at_once(seats: Iterable[Timed], start: datetime, end: datetime) -> int:
    """How many of the seats are taken at the fullest instant of `[start, end)`."""
    within = [seat for seat in seats if seat.start < end and seat.end > start]
    starts = sorted([seat.start for seat in within if seat.start > start])
    ends = sorted([seat.end for seat in within])
    at_start = len(within) - len(starts)
    # It is fullest at the start or when one begins; what ends at that instant is gone.
    begun = enumerate(starts, at_start + 1)
    return max([at_start, *(count - bisect_right(ends, at) for count, at in begun)])


def reseat(
    units: Sequence[int], seats: Sequence[Seat], start: datetime, end: datetime
) -> dict[int, int] | None:
    """Seats that make room for `[start, end)`: those that move, and WANTED, by unit.

    `seats` are all on these like units that end after `start`; only those that start after it
    move. None where there is no room, or pins are in the way: then `search` may find some.
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
            # The unit whose next guest comes last: fewest have to move on.
            unit = max(fitting, key=lambda unit: _next(upcoming[unit], seat.start, board, unit))
            moves[seat.key] = unit
        board.until[unit] = seat.end
    return moves


def search(
    units: Sequence[int], seats: Sequence[Seat], start: datetime, end: datetime
) -> dict[int, int] | None:
    """Like `reseat`, around later pins, moving earlier ones too, for at most SEARCH_STEPS.

    `seats` are all on these like units that end after now.
    """
    wanted = Seat(WANTED, 0, start, end, is_pinned=False)
    order = _in_order([wanted, *(seat for seat in _connected(seats, start, end))])
    # What is not moved stays in the way of what is.
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
    """What is known of each unit while ranges are placed in order of their start."""

    def __init__(self, units: Sequence[int], fixed: Sequence[Seat]) -> None:
        self.units = units
        self._fixed: dict[int, list[tuple[datetime, datetime]]] = {unit: [] for unit in units}
        for seat in sorted(fixed, key=lambda seat: seat.start):
            self._fixed[seat.unit].append((seat.start, seat.end))
        self.until: dict[int, datetime | None] = dict.fromkeys(units)

    def fits(self, unit: int, start: datetime, end: datetime) -> bool:
        """Whether the unit is free for the range, of fixed and of placed ones."""
        until = self.until[unit]
        if until is not None and until > start:
            return False
        return self._first_fixed_end(unit, start, end) is None

    def room(self, unit: int, end: datetime) -> datetime:
        """The start of the next fixed range at or after `end`: how long the unit stays free."""
        fixed = self._fixed[unit]
        index = bisect_left(fixed, (end, end))
        return fixed[index][0] if index < len(fixed) else datetime.max.replace(tzinfo=end.tzinfo)

    def ahead(self, unit: int, start: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The fixed ranges from `start` on; units with the same ones can stand in for another."""
        fixed = self._fixed[unit]
        return tuple(fixed[bisect_left(fixed, (start, start)) :])

    def _first_fixed_end(self, unit: int, start: datetime, end: datetime) -> datetime | None:
        # Fixed ranges of a unit do not overlap, so they are in order of their ends too.
        for fixed_start, fixed_end in self._fixed[unit]:
            if fixed_start >= end:
                return None
            if fixed_end > start:
                return fixed_end
        return None


def _in_order(seats: Iterable[Seat]) -> list[Seat]:
    return sorted(seats, key=lambda seat: (seat.start, seat.key))


def _connected(seats: Sequence[Seat], start: datetime, end: datetime) -> list[Seat]:
    """The movable ones that overlap the range, or one that does, and so on."""
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
    """Depth first over the ranges in order of start, with a bound on the seats tried."""

    def __init__(self, board: _Board, order: list[Seat]) -> None:
        self.board = board
        self.order = order
        self.steps = 0

    def run(self) -> list[int] | None:
        """The unit of each range of the order, or None where none was found in time."""
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
        """Units that fit: today's seat first, then the tightest; alike ones only once."""
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
