"""A verb that is sent many times at once is carried out once, and every answer is 200."""

import pytest
from django.test import Client

from guests.models import User
from reservations.models import Event, Reservation
from tests.api.calling import BASE, person
from tests.factories import hold, make_venue
from tests.guests.factories import UserFactory
from tests.guests.races import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner() -> User:
    return UserFactory.create()


@pytest.mark.parametrize("crowd", range(6))
def test_of_equal_confirms_in_a_crowd_none_is_429(owner: User, crowd: int) -> None:
    row = hold(make_venue("restaurant", horizon=None))
    Reservation.objects.filter(pk=row.pk).update(guest=owner)
    api = person(owner)
    headers = api.credentials()

    def confirm() -> int:
        sent = Client(raise_request_exception=False)
        path = f"{BASE}/reservations/{row.pk}/confirm"
        return sent.post(path, headers=headers).status_code

    assert race(8, confirm) == [200] * 8
    assert Event.objects.filter(name="reservation.confirmed").count() == 1
