"""The plan of free time: every slot once, none of it sold, no two alike."""

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.plan import DAY, STAY, World, half

BASE = datetime(2027, 1, 1, tzinfo=UTC)


def world(rows: int, units: int = 5) -> World:
    return World(rows=rows, units=units, first_unit=11, venue=1, category=1, base=BASE)


@pytest.mark.parametrize("rows", [500, 5_000, 10_000])
def test_no_two_numbers_of_the_plan_share_an_instant_of_a_unit(rows: int) -> None:
    planned = world(rows)
    slots = {planned.slot(number) for number in range(min(planned.slots, 20_000))}
    assert len(slots) == min(planned.slots, 20_000)
    for unit, start in slots:
        assert (unit, start + timedelta(minutes=STAY / 2)) not in slots


@pytest.mark.parametrize("rows", [500, 5_000, 10_000])
def test_the_plan_lies_in_the_gaps_between_what_was_seeded(rows: int) -> None:
    planned = world(rows)
    for number in range(1_000):
        unit, start = planned.slot(number)
        minutes = (start - BASE) // timedelta(minutes=1)
        within = minutes % planned.period
        assert 11 <= unit < 16
        assert STAY <= within <= planned.period - STAY
        assert minutes + STAY <= 366 * DAY


def test_a_range_is_free_on_every_unit() -> None:
    planned = world(5_000)
    ranges = planned.slots // planned.units
    starts = {planned.range(number) for number in range(ranges)}
    assert len(starts) == ranges


@pytest.mark.parametrize("rows", [20, 1_000, 10_000])
def test_half_of_the_year_is_sold_whatever_the_rows(rows: int) -> None:
    assert half(rows, 5) * (rows // 5) / (365 * DAY) == pytest.approx(0.45, abs=0.02)
