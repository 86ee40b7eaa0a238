"""What takes time, told by one statement: the same that the ORM tells, whatever there is."""

from itertools import product

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import clock
from reservations.allocation import ledger
from reservations.allocation.ledger import Span
from reservations.availability import busy
from reservations.availability.busy import BusyRange
from reservations.models import Reservation
from tests.factories import NOON, hold, make_venue
from tests.reservations.facts import HOUR
from tests.reservations.worlds import moments
from venues.hours import Window

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

DAY = Window(NOON, NOON + 12 * HOUR)


def by_unit(rows: list[BusyRange]) -> list[BusyRange]:
    assert [row.start for row in rows] == sorted(row.start for row in rows)
    return sorted(rows, key=lambda row: (row.unit, row.start))


@pytest.mark.postgres
def test_one_statement_tells_what_the_orm_tells(frozen: FrozenDateTimeFactory) -> None:
    other = make_venue(units=2)
    hold(other, DAY.start + HOUR)
    seen = set()
    for seed in range(5):
        for venue, window, _ in moments(seed, frozen):
            some = list(Reservation.objects.order_by("-pk").values_list("pk", flat=True)[:1])
            several = {venue.pk: window, other.pk: DAY}
            for windows, without, now in product(
                ({venue.pk: window}, several), ([], some), (clock.now(), clock.now() + HOUR)
            ):
                told = list(busy.in_one(windows, now, without))
                assert by_unit(told) == by_unit(list(busy.through_orm(windows, now, without)))
                seen |= {(row.is_held, row.is_closure, row.lapses_at is None) for row in told}
    # It was not all of one kind: held, promised, closed, and to be given up at some time or not.
    assert {kind[0] for kind in seen} == {kind[1] for kind in seen} == {True, False}
    assert {kind[2] for kind in seen} == {True, False}


@pytest.mark.postgres
def test_of_one_unit_it_is_the_same_as_of_several(frozen: FrozenDateTimeFactory) -> None:
    seen = set()
    for seed in range(5):
        for venue, window, _ in moments(seed, frozen):
            now = clock.now()
            span = Span(start=window.start, end=window.end, now=now, venue=venue.pk)
            for unit in venue.resources.values_list("pk", flat=True):
                found = ledger.taken_rows([unit], span)
                # The same function's other way, by a unit that is not there.
                assert found == ledger.taken_rows([unit, 0], span)
                seen |= {(row.reservation_id is None, row.confirmed_at is None) for row in found}
    assert seen == {(True, True), (False, True), (False, False)}  # closed, held, promised


def test_each_venue_has_what_is_its_own() -> None:
    one, other = make_venue(units=2), make_venue(units=2)
    row = hold(one, NOON)
    both = {one.pk: DAY, other.pk: DAY}
    found = busy.read(both, now=clock.now(), without=[])
    assert [each.reservation for each in found[one.pk]] == [row.pk]
    assert found[other.pk] == []
    assert busy.read(both, now=clock.now(), without=[row.pk]) == {one.pk: [], other.pk: []}
    assert busy.read({}, now=clock.now(), without=[]) == {}
