"""Random lives of stays cost and owe what the slow second model says, and never what others pay."""

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import FeeApplies
from reservations.models import Reservation
from reservations.pricing import nightly
from reservations.pricing.terms import terms_of
from reservations.records import look
from reservations.requests import Change, Times
from tests.effort import examples
from tests.factories import DESK, NOON, hold, make_venue
from tests.plain.fee import PlainStay
from tests.plain.price import PlainRate
from tests.reservations.facts import DAY, HOUR, guest
from tests.venues.test_price_properties import rate_of
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

QUARTER = timedelta(minutes=15)
SEEDS = range(examples(15))


def tariff(chance: random.Random, unit: str) -> list[PlainRate]:
    amount = chance.randrange(100, 2_000)
    if unit == "night":
        return [PlainRate("night", amount), PlainRate("night", amount + 333, weekdays="45")]
    most, least = chance.choice([None, 6 * amount]), chance.choice([0, 3 * amount])
    return [PlainRate(unit, amount, most=most, least=least)]


def put(venue: Venue, rates: list[PlainRate]) -> None:
    """Makes these the rates of the venue's category from now on."""
    venue.rates.all().delete()
    for number, one in enumerate(rates, venue.pk * 100):
        row = rate_of(one, number)
        row.pk, row.venue, row.category = None, venue, venue.categories.get()
        row.save()


def wish(chance: random.Random, unit: str) -> tuple[datetime, datetime]:
    """A range that starts within some days, on a quarter of an hour or by nights."""
    if unit == "night":
        first = NOON.date() + timedelta(days=chance.randrange(2, 12))
        last = first + timedelta(days=chance.randrange(1, 8))
        return at(first, 15), at(last, 11)
    start = NOON + chance.randrange(0, 40) * QUARTER
    return start, start + chance.randrange(1, 60) * QUARTER


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.mark.parametrize("unit", ["night", "hour", "started_hour"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_stay_costs_and_owes_through_all_its_changes_what_the_plain_model_says(
    frozen: FrozenDateTimeFactory, seed: int, unit: str
) -> None:
    chance = random.Random(f"{seed} {unit}")
    percent, deadline = chance.choice([0, 30, 100]), chance.choice([0, 1, 5]) * DAY
    venue = make_venue(
        "hotel" if unit == "night" else "parking",
        confirms_at_once=True,
        notice=timedelta(0),
        cancel_fee_percent=percent,
        cancel_deadline=deadline,
        grace=timedelta(0) if unit == "night" else HOUR,
    )
    today = tariff(chance, unit)
    put(venue, today)
    by, sold = guest(), wish(chance, unit)
    row = hold(venue, by=by, times=Times(starts_at=sold[0], ends_at=sold[1]))
    told = PlainStay(venue.zone, percent, deadline, sales=[(sold, today)])
    for _ in range(6):
        if chance.random() < 0.6:
            today = tariff(chance, unit)
            put(venue, today)
        frozen.move_to(min(sold[0], NOON) - chance.randrange(1, 40) * HOUR)
        now = datetime.now(UTC)
        to = wish(chance, unit)
        change = Change(times=Times(starts_at=to[0], ends_at=to[1]))
        owed = told.change(to, today, now)
        if owed:
            with pytest.raises(FeeApplies) as asked:
                actions.modify(reservation_id=row.pk, change=change, by=by)
            assert asked.value.facts["fee"]["amount"] == f"{owed / 100:.2f}"
        accepted = Change(times=change.times, accept_fee=True)
        after = actions.modify(reservation_id=row.pk, change=accepted, by=by)
        sold = to
        assert (after.price_minor, after.fee_due_minor) == (told.price(), told.owed)
    judge_nights(row)
    if chance.random() < 0.5:
        frozen.move_to(sold[0] - chance.randrange(0, 6) * DAY - HOUR)
        cancelled = actions.cancel(reservation_id=row.pk, by=by)
        assert cancelled.fee_due_minor == told.cancel(datetime.now(UTC))
        return
    frozen.move_to(sold[0])
    actions.check_in(reservation_id=row.pk, by=DESK)
    left_at = sold[1] + chance.randrange(-2, 30) * HOUR
    frozen.move_to(max(left_at, sold[0] + QUARTER))
    left = actions.check_out(reservation_id=row.pk, by=DESK)
    assert left.price_minor == told.left(datetime.now(UTC))


def judge_nights(row: Reservation) -> None:
    row = look(row.pk, by=DESK)
    nights = nightly.prices_of(row, row.venue, row.category)
    zone = row.venue.zone
    count = (row.ends_at.astimezone(zone).date() - row.starts_at.astimezone(zone).date()).days
    assert len(nights) == count
    assert not nights or sum(amount for _, amount in nights) == row.price_minor


@pytest.mark.parametrize("unit", ["night", "hour", "started_hour"])
@pytest.mark.parametrize("seed", SEEDS)
def test_growing_bit_by_bit_costs_what_all_at_once_costs_by_the_same_tariff(
    seed: int, unit: str
) -> None:
    chance = random.Random(f"bits {seed} {unit}")
    venue = make_venue(
        "hotel" if unit == "night" else "parking", units=2, confirms_at_once=True, notice=0 * DAY
    )
    put(venue, tariff(chance, unit))
    start, end = wish(chance, unit)
    step = DAY if unit == "night" else QUARTER
    at_once = hold(venue, times=Times(starts_at=start, ends_at=end))
    ends = sorted({end, *(end - chance.randrange(0, 30) * step for _ in range(3))})
    ends = [one for one in ends if one > start]
    row = hold(venue, times=Times(starts_at=start, ends_at=ends[0]))
    for one in ends[1:]:
        change = Change(times=Times(starts_at=start, ends_at=one))
        row = actions.modify(reservation_id=row.pk, change=change, by=DESK)
    assert row.price_minor == at_once.price_minor
    # No stretch is counted twice or left out: the parts of the stay add up to the whole.
    terms = terms_of(look(row.pk, by=DESK))
    cuts = [start, *ends]
    sums = [terms.exact(Window(start, one)) if one > start else Fraction(0) for one in cuts]
    parts = [whole - before for before, whole in pairwise(sums)]
    assert sum(parts) == terms.exact(Window(start, end))
