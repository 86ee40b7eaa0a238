"""Lapsed holds are written down alike, whether in one statement or row by row."""

from collections.abc import Callable

import pytest
from django.db import transaction
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.allocation import lapses
from reservations.models import Allocation, Event, Reservation
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, MINUTE, SECOND, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LAPSE = NOON - DAY + 30 * MINUTE
FACTS = ("expired_at", "held_from", "version", "confirmed_at", "cancelled_at")


@pytest.fixture(
    params=[
        pytest.param(lapses._row_by_row, id="row by row"),
        pytest.param(lapses._in_one, id="one statement", marks=pytest.mark.postgres),
    ]
)
def expire(request: pytest.FixtureRequest) -> Callable[[int | None, int], int]:
    """Each of the two ways, in a transaction as `some` has it."""

    def act(venue_id: int | None, most: int) -> int:
        with transaction.atomic():
            return int(request.param(venue_id, most))

    return act


def facts(row: Reservation) -> tuple[object, ...]:
    return Reservation.objects.values_list(*FACTS).get(pk=row.pk)


def live(row: Reservation) -> list[bool]:
    return list(Allocation.objects.filter(reservation=row).values_list("is_live", flat=True))


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_hold_is_expired_from_its_instant_on(
    frozen: FrozenDateTimeFactory, expire: Callable[[int | None, int], int], offset: int
) -> None:
    row = hold(make_venue(confirms_at_once=False))
    Reservation.objects.filter(pk=row.pk).update(held_from="somewhere")
    frozen.move_to(LAPSE + offset * SECOND)
    assert expire(None, 9) == (0 if offset < 0 else 1)
    if offset < 0:
        assert facts(row) == (None, "somewhere", 1, None, None)
        assert live(row) == [True]
    else:
        assert facts(row) == (LAPSE, None, 2, None, None)
        assert live(row) == [False]


def test_its_event_is_dated_when_it_lapsed_and_by_time(
    frozen: FrozenDateTimeFactory, expire: Callable[[int | None, int], int]
) -> None:
    row = hold(make_venue(confirms_at_once=False))
    frozen.move_to(NOON)
    expire(None, 9)
    event = Event.objects.get(reservation=row, name="reservation.expired")
    assert (event.at, event.recorded_at) == (LAPSE, NOON)
    assert (event.by, event.by_kind, event.data) == ("time", "system", {})
    assert (event.is_limited, event.dispatched_at) == (False, None)
    assert event.venue_id == row.venue_id


def test_what_is_confirmed_cancelled_or_expired_already_is_left_alone(
    frozen: FrozenDateTimeFactory, expire: Callable[[int | None, int], int]
) -> None:
    venue = make_venue(units=4, confirms_at_once=False)
    confirmed, cancelled, expired = (hold(venue) for _ in range(3))
    actions.confirm(reservation_id=confirmed.pk, by=DESK)
    actions.cancel(reservation_id=cancelled.pk, by=DESK)
    frozen.move_to(NOON - 60 * MINUTE)
    assert expire(None, 9) == 1
    every = (confirmed, cancelled, expired)
    before = [facts(row) for row in every], Event.objects.count()
    assert expire(None, 9) == 0
    assert (
        [facts(row) for row in (confirmed, cancelled, expired)],
        Event.objects.count(),
    ) == before
    assert told(expired)[-1] == "expired"


def test_those_of_one_venue_are_asked_for_and_no_more_than_so_many(
    frozen: FrozenDateTimeFactory, expire: Callable[[int | None, int], int]
) -> None:
    here, there = (make_venue(units=3, confirms_at_once=False) for _ in range(2))
    rows = [hold(here) for _ in range(3)]
    other = hold(there)
    frozen.move_to(NOON)
    assert expire(here.pk, 2) == 2
    assert expire(here.pk, 2) == 1
    assert [live(row) for row in rows] == [[False]] * 3
    assert live(other) == [True]
