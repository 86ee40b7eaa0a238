"""A person is erased while their own requests are on their way: nothing of them stays behind."""

import threading
from typing import Any

import pytest
from django.db import transaction

from guests import tokens
from guests.models import User
from reservations.allocation.ledger import lock_units
from reservations.models import Allocation, Reservation
from tests.api.calling import Api, problem, sitting
from tests.factories import make_venue
from tests.guests.factories import AdministratorFactory, UserFactory
from tests.guests.races import race, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4


def with_token(user: User) -> Api:
    """Known by a token from before."""
    headers = {"Authorization": f"Bearer {tokens.issue(user).access}"}
    return Api(lambda: headers)


@pytest.mark.parametrize("confirms_at_once", [True, False])
def test_bookings_on_their_way_are_cancelled_or_find_nobody(confirms_at_once: bool) -> None:
    venue = make_venue(units=10, confirms_at_once=confirms_at_once, unit_choice="guest")
    for _ in range(ROUNDS):
        guest = with_token(UserFactory.create())
        turns = iter(range(8))

        def act(guest: Api = guest, turns: Any = turns) -> int:
            answer = (
                guest.send("DELETE", "/me")
                if next(turns) == 3
                else guest.post("/reservations", sitting(venue, last_name="Serinus"))
            )
            return int(answer.status_code)

        outcomes = race(8, act)
        assert outcomes.count(204) == 1
        assert set(outcomes) <= {204, 201, 401}
        assert not Reservation.objects.filter(last_name="Serinus").exists()
        assert not Allocation.objects.filter(is_live=True).exists()


def test_of_two_last_administrators_one_stays() -> None:
    callers = [with_token(AdministratorFactory.create()) for _ in range(2)]
    outcomes = race(2, lambda: callers.pop().send("DELETE", "/me").status_code)
    assert sorted(outcomes) == [204, 409]
    assert User.objects.filter(role=User.Role.ADMINISTRATOR).count() == 1


@pytest.mark.postgres
def test_who_was_erased_while_waiting_for_a_unit_is_known_no_more() -> None:
    venue = make_venue(unit_choice="guest")
    guest = with_token(UserFactory.create())
    (unit,) = venue.resources.all()
    outcomes: list[Any] = []

    def book() -> Any:
        return guest.post("/reservations", sitting(venue, resource=str(unit.pk)))

    waiter = threading.Thread(target=lambda: outcomes.extend(race(1, book)))
    with transaction.atomic():
        lock_units([unit.pk])
        waiter.start()
        until_somebody_waits()
        (erased,) = race(1, lambda: guest.send("DELETE", "/me"))
        assert erased.status_code == 204
    waiter.join()
    problem(outcomes[0], 401, "invalid_token")
    assert not Reservation.objects.exists()
