"""Two stays change units in one act, however full the house is."""

from datetime import datetime

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import (
    Forbidden,
    Invalid,
    NotFound,
    Occupied,
    PartyTooLarge,
    Taken,
    WrongStatus,
)
from reservations.models import Reservation
from reservations.requests import Reprice
from reservations.status import Status
from tests.factories import DESK, GUEST, NOON, add_category, hold, make_venue
from tests.reservations.facts import HOUR, overlaps, rows, status, told, unit
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def lot(units: int = 2) -> Venue:
    return make_venue("parking", units=units, unit_choice="guest")


def on(venue: Venue, name: str, start: datetime = NOON, hours: float = 2) -> Reservation:
    return hold(venue, start, hours, resource=venue.resources.get(name=name).pk)


def swap(venue: Venue, *rows: Reservation, reason: str = "they asked") -> None:
    pks = [row.pk for row in rows]
    actions.swap(venue=venue.slug, reservations=pks, reason=reason, by=DESK)


def test_two_to_come_change_units_in_a_full_house() -> None:
    venue = lot()
    first, second = on(venue, "1"), on(venue, "2", hours=3)
    prices = [row.price_minor for row in (first, second)]
    swap(venue, first, second)
    assert (unit(first), unit(second)) == ("2", "1")
    assert told(first)[-1] == told(second)[-1] == "swapped"
    event = first.events.get(name="reservation.swapped")
    assert event.data == {
        "from": "1",
        "to": "2",
        "with": second.code,
        "reason": "they asked",
        "changed": {"units": {"from": ["1"], "to": ["2"]}},
    }
    assert all(row.is_locked for row in (*rows(first), *rows(second)))
    now = [Reservation.objects.get(pk=row.pk) for row in (first, second)]
    assert [row.price_minor for row in now] == prices
    assert [row.version for row in now] == [first.version + 1, second.version + 1]


def test_who_is_here_moves_from_now_on(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    first, second = on(venue, "1"), on(venue, "2", NOON, hours=3)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=first.pk, by=DESK)
    frozen.move_to(NOON + HOUR / 2)
    swap(venue, first, second)
    halves = [(row.resource.name, row.starts_at, row.ends_at) for row in rows(first)]
    middle = NOON + HOUR / 2
    assert halves == [("1", NOON, middle), ("2", middle, NOON + 2 * HOUR)]
    assert list(overlaps()) == []
    assert status(first, middle) is Status.PRESENT
    swap(venue, first, second)
    assert rows(first)[-1].resource.name == "1"


def test_a_stay_and_a_later_one_change_units(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    here, later = on(venue, "1", hours=5), on(venue, "2", NOON + 3 * HOUR)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=here.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    swap(venue, here, later)
    assert (rows(here)[-1].resource.name, unit(later)) == ("2", "1")
    assert list(overlaps()) == []


def test_others_in_the_way_refuse_it_with_nothing_changed() -> None:
    venue = lot()
    first, second = on(venue, "1", hours=2), on(venue, "2", hours=1)
    on(venue, "2", NOON + HOUR, hours=1)
    with pytest.raises(Taken):
        swap(venue, first, second)
    assert (unit(first), unit(second)) == ("1", "2")


def test_a_third_guest_who_has_not_gone_is_in_the_way(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    late = on(venue, "2", NOON, hours=1)
    first, second = on(venue, "1", hours=3), on(venue, "2", NOON + HOUR, hours=2)
    frozen.move_to(NOON)
    for row in (late, first):
        actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    with pytest.raises(Occupied):
        swap(venue, first, second)


def test_what_cannot_be_swapped_says_why(frozen: FrozenDateTimeFactory) -> None:
    venue = lot(units=3)
    first, second, same = on(venue, "1"), on(venue, "2"), on(venue, "1", NOON + 3 * HOUR)
    with pytest.raises(Invalid):
        swap(venue, first, first)
    with pytest.raises(Invalid):
        swap(venue, first, same)
    with pytest.raises(Invalid):
        swap(venue, first, second, reason=" ")
    with pytest.raises(NotFound):
        swap(lot(), first, second)
    with pytest.raises(Forbidden):
        actions.swap(venue=venue.slug, reservations=[first.pk, second.pk], reason="x", by=GUEST)
    actions.cancel(reservation_id=second.pk, by=DESK)
    with pytest.raises(WrongStatus):
        swap(venue, first, second)


def test_a_party_must_fit() -> None:
    venue = lot()
    venue.resources.filter(name="2").update(capacity=1)
    first = hold(venue, guest_count=3, resource=venue.resources.get(name="1").pk)
    with pytest.raises(PartyTooLarge):
        swap(venue, first, on(venue, "2"))


@pytest.mark.parametrize(
    ("how", "first", "second"),
    [(Reprice.KEEP, 2_000, 4_000), (Reprice.ADDED, 4_000, 2_000), (Reprice.ALL, 4_000, 2_000)],
)
def test_prices_are_kept_unless_told_otherwise(how: Reprice, first: int, second: int) -> None:
    venue = lot(units=1)
    dear = add_category(venue, "dear", units=1)
    Rate.objects.create(venue=venue, category=dear, unit=Rate.Unit.HOUR, amount_minor=2_000)
    pair = on(venue, "1"), on(venue, "2")
    pks = [row.pk for row in pair]
    rows = actions.swap(venue=venue.slug, reservations=pks, reason="x", by=DESK, reprice=how)
    assert [row.price_minor for row in rows] == [first, second]
    assert [row.category.code for row in rows] == ["dear", "standard"]
