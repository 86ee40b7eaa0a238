"""One transaction around a verb: begun again when it lost a race, clear when it cannot be had."""

from collections.abc import Callable
from itertools import count

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from reservations.allocation.ledger import lock_units
from reservations.errors import Busy, Taken
from reservations.models import Event, Reservation
from reservations.transactions import ATTEMPTS, Restart, in_transaction
from tests.factories import hold, make_venue
from tests.guests.races import race
from venues.models import Resource, Venue

pytestmark = pytest.mark.django_db


def failing(times: int, error: Callable[[], Exception]) -> Callable[[], int]:
    """An act that fails so often before it returns which attempt it was, counted from 0."""
    attempts = count()

    def act() -> int:
        attempt = next(attempts)
        if attempt < times:
            raise error()
        return attempt

    return act


@pytest.mark.parametrize("times", [0, 1, ATTEMPTS - 1])
def test_it_begins_again_until_it_succeeds(times: int) -> None:
    assert in_transaction(failing(times, Restart)) == times


def test_after_a_few_attempts_it_says_that_too_many_are_at_it() -> None:
    with pytest.raises(Busy):
        in_transaction(failing(ATTEMPTS, Restart))


def test_what_a_failed_attempt_wrote_is_gone() -> None:
    attempts = count()

    def act() -> None:
        make_venue()
        if next(attempts) == 0:
            raise Restart

    in_transaction(act)
    assert Venue.objects.count() == 1


def test_the_guards_refusal_is_told_as_taken() -> None:
    with pytest.raises(Taken):
        in_transaction(failing(1, lambda: IntegrityError("allocation_no_overlap")))


def test_another_broken_rule_is_a_fault_and_shows() -> None:
    with pytest.raises(IntegrityError):
        in_transaction(failing(1, lambda: IntegrityError("some_other_constraint")))


def test_a_database_that_is_locked_for_too_long_is_busy() -> None:
    with pytest.raises(Busy):
        in_transaction(failing(1, lambda: OperationalError("database is locked")))


def test_a_database_that_is_gone_is_a_fault_and_shows() -> None:
    with pytest.raises(OperationalError):
        in_transaction(failing(1, lambda: OperationalError("server closed the connection")))


class DriverError(Exception):
    """What a driver raises, as Django passes it on."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def coded(sqlstate: str) -> OperationalError:
    error = OperationalError(sqlstate)
    error.__cause__ = DriverError(sqlstate)
    return error


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_a_deadlock_is_begun_again(sqlstate: str) -> None:
    assert in_transaction(failing(2, lambda: coded(sqlstate))) == 2
    with pytest.raises(Busy):
        in_transaction(failing(ATTEMPTS, lambda: coded(sqlstate)))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_lock_that_cannot_be_had_is_busy_and_changes_nothing() -> None:
    venue = make_venue(unit_choice="guest")
    unit = venue.resources.get().pk

    def impatient() -> Reservation:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        return hold(venue, resource=unit)

    with transaction.atomic():
        lock_units(Resource.objects.values_list("pk", flat=True))
        (outcome,) = race(1, impatient)
    assert isinstance(outcome, Busy)
    assert not Event.objects.exists()
