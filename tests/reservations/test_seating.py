"""Interval colouring against brute force: never wrong, and without later pins never too strict."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservations.allocation import seating
from reservations.allocation.seating import WANTED, Seat, is_full, most_at_once, reseat, search
from tests.effort import examples
from tests.factories import NOON

HORIZON = 8
"""Hours in which the ranges lie: few, so that they meet often."""

Range = tuple[int, int]
Case = tuple[list[int], list[Seat], datetime, datetime]


def at(hour: int) -> datetime:
    return NOON + timedelta(hours=hour)


def overlap(one: Seat, start: datetime, end: datetime) -> bool:
    return one.start < end and start < one.end


@st.composite
def cases(draw: st.DrawFn, *, has_later_pins: bool) -> Case:
    """Units, who sits on them now without overlapping, and a range that is wanted."""
    units = list(range(1, 1 + draw(st.integers(1, 3))))
    ranges = st.integers(0, HORIZON - 1).flatmap(
        lambda first: st.tuples(st.just(first), st.integers(first + 1, HORIZON))
    )
    first, last = draw(ranges)
    seats: list[Seat] = []
    for key, (unit, (begin, end), is_pinned) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(units), ranges, st.booleans()), max_size=7)), 1
    ):
        fixed = is_pinned and (has_later_pins or begin <= first)
        seat = Seat(key, unit, at(begin), at(end), fixed)
        if not any(one.unit == unit and overlap(one, seat.start, seat.end) for one in seats):
            seats.append(seat)
    return units, seats, at(first), at(last)


def after(seats: Sequence[Seat], start: datetime) -> list[Seat]:
    return [seat for seat in seats if seat.end > start]


def seated(case: Case, moves: dict[int, int]) -> Iterator[Seat]:
    """Everybody where the moves put them, the wanted range included."""
    _, seats, start, end = case
    yield Seat(WANTED, moves[WANTED], start, end, is_pinned=False)
    for seat in seats:
        yield Seat(seat.key, moves.get(seat.key, seat.unit), seat.start, seat.end, seat.is_pinned)


def is_valid(case: Case, moves: dict[int, int]) -> bool:
    """Nobody sits on anybody, nobody pinned has moved, and nobody moved to where they were."""
    units, seats, _, _ = case
    today = {seat.key: seat for seat in seats}
    for key, unit in moves.items():
        if unit not in units:
            return False
        if key != WANTED and (today[key].is_pinned or today[key].unit == unit):
            return False
    return not any(
        one.unit == other.unit and overlap(one, other.start, other.end)
        for one, other in itertools.combinations(seated(case, moves), 2)
    )


def has_room(case: Case) -> bool:
    """By trying every seating there is."""
    units, seats, start, end = case
    placed = [seat for seat in seats if seat.is_pinned]
    moving = [Seat(WANTED, 0, start, end, is_pinned=False)]
    moving += [seat for seat in seats if not seat.is_pinned]

    def place(index: int) -> bool:
        if index == len(moving):
            return True
        seat = moving[index]
        for unit in units:
            if any(one.unit == unit and overlap(one, seat.start, seat.end) for one in placed):
                continue
            placed.append(Seat(seat.key, unit, seat.start, seat.end, is_pinned=False))
            found = place(index + 1)
            placed.pop()
            if found:
                return True
        return False

    return place(0)


def most_by_hours(case: Case) -> int:
    _, seats, start, end = case
    hours = [at(hour) for hour in range(HORIZON) if start <= at(hour) < end]
    return max(sum(seat.start <= hour < seat.end for seat in seats) for hour in hours)


ENOUGH = settings(max_examples=examples(300), database=None)


@pytest.mark.no_cover
@ENOUGH
@given(cases(has_later_pins=True))
def test_fullness_is_counted_at_every_instant(case: Case) -> None:
    units, seats, start, end = case
    assert most_at_once(seats, start, end) == most_by_hours(case)
    assert is_full(units, seats, start, end) is (most_by_hours(case) >= len(units))


@pytest.mark.no_cover
@ENOUGH
@given(cases(has_later_pins=False))
def test_without_later_pins_it_refuses_exactly_when_full(case: Case) -> None:
    units, seats, start, end = case
    moves = reseat(units, after(seats, start), start, end)
    assert (moves is None) is is_full(units, seats, start, end)


@pytest.mark.no_cover
@ENOUGH
@given(cases(has_later_pins=True))
def test_what_it_finds_can_be_sat_on(case: Case) -> None:
    units, seats, start, end = case
    moves = reseat(units, after(seats, start), start, end)
    assert moves is None or is_valid(case, moves)


@pytest.mark.no_cover
@ENOUGH
@given(cases(has_later_pins=True))
def test_it_moves_nobody_who_came_before(case: Case) -> None:
    units, seats, start, end = case
    moves = reseat(units, after(seats, start), start, end) or {}
    begun = {seat.key for seat in seats if seat.start <= start}
    assert not begun & set(moves)


@pytest.mark.no_cover
@ENOUGH
@given(cases(has_later_pins=True))
def test_a_search_finds_room_exactly_when_there_is_some(case: Case) -> None:
    units, seats, start, end = case
    moves = search(units, seats, start, end)
    assert (moves is not None) is has_room(case)
    assert moves is None or is_valid(case, moves)


def test_no_units_are_full() -> None:
    assert is_full([], [], at(0), at(1))
    assert reseat([], [], at(0), at(1)) is None
    assert search([], [], at(0), at(1)) is None


def test_an_empty_house_has_room() -> None:
    assert reseat([7], [], at(0), at(1)) == {WANTED: 7}
    assert search([7], [], at(0), at(1)) == {WANTED: 7}


def test_ranges_that_touch_do_not_fill() -> None:
    seats = [Seat(1, 1, at(0), at(1), is_pinned=True), Seat(2, 1, at(2), at(3), is_pinned=True)]
    assert not is_full([1], seats, at(1), at(2))
    assert reseat([1], seats[1:], at(1), at(2)) == {WANTED: 1}


def test_as_few_as_need_be_are_moved() -> None:
    # One guest on each unit, in turn: only the second must move for the whole range.
    seats = [Seat(1, 1, at(0), at(2), is_pinned=False), Seat(2, 2, at(2), at(4), is_pinned=False)]
    moves = search([1, 2], seats, at(0), at(4))
    assert moves is not None
    assert len(moves) == 2


def test_a_search_that_would_take_too_long_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seating, "SEARCH_STEPS", 2)
    seats = [Seat(key, key, at(key), at(key + 2), is_pinned=False) for key in (1, 2, 3)]
    seats.append(Seat(4, 1, at(6), at(7), is_pinned=True))
    assert search([1, 2, 3], seats, at(0), at(7)) is None
