"""What sweeps would do without their lock: the negative control of tests/faults."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import IntegrityError, connection, transaction
from freezegun.api import FrozenDateTimeFactory

from reservations import clock, sweeps
from reservations.allocation import lapses
from reservations.models import Event, Reservation
from tests.factories import NOON, hold, make_venue
from tests.guests.races import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]

HOLDS = 10
(ONCE,) = (one for one in Event._meta.constraints if one.name == "event_once_a_round")


@pytest.fixture(autouse=True)
def lapsed(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(units=HOLDS, confirms_at_once=False)
    for _ in range(HOLDS):
        hold(venue)
    frozen.move_to(NOON)


@pytest.fixture
def no_index(lapsed: None) -> Iterator[None]:
    """Without the index that lets the same be told only once."""
    with connection.schema_editor() as editor:
        editor.remove_constraint(Event, ONCE)
    yield
    Event.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.add_constraint(Event, ONCE)


@pytest.fixture
def unlocked() -> Callable[[], int]:
    """A sweep that reads, and writes later what it read; two of them read before either writes."""
    both_have_read = threading.Barrier(2)

    def sweep() -> int:
        rows = list(Reservation.objects.lapsed(at=clock.now()))
        both_have_read.wait()
        with transaction.atomic():
            return lapses.release(rows, now=clock.now())

    return sweep


def told() -> int:
    return Event.objects.filter(name="reservation.expired").count()


@pytest.mark.usefixtures("no_index")
def test_without_lock_and_index_two_sweeps_tell_everything_twice(
    unlocked: Callable[[], int],
) -> None:
    assert race(2, unlocked) == [HOLDS, HOLDS]
    assert told() == 2 * HOLDS


def test_without_the_lock_the_index_still_refuses_the_second(unlocked: Callable[[], int]) -> None:
    outcomes = race(2, unlocked)
    assert sorted(type(one).__name__ for one in outcomes) == [IntegrityError.__name__, "int"]
    assert told() == HOLDS


@pytest.mark.usefixtures("no_index")
def test_without_the_index_the_lock_alone_has_each_told_once() -> None:
    assert sum(race(2, sweeps.expire_holds)) == HOLDS
    assert told() == HOLDS
