"""The zone of a person is the one they chose, else that of where they parked last."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from freezegun import freeze_time

from guests import callers
from guests.models import User
from notices.scheduled import time_zones
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    with freeze_time(NOON):
        yield


@pytest.fixture
def user() -> User:
    made: User = UserFactory.create()
    return made


def venue_in(zone: str, kind: str = "parking") -> Venue:
    made = make_venue(kind, notice=timedelta(0), horizon=timedelta(days=30))
    Venue.objects.filter(pk=made.pk).update(time_zone=zone)
    return Venue.objects.get(pk=made.pk)


def test_it_is_the_zone_of_the_lot_where_they_parked_and_not_of_a_booking_to_come(
    user: User,
) -> None:
    by = callers.for_user(user)
    assert time_zones.name_of(user) == "UTC"
    table = hold(venue_in("Europe/Lisbon", "restaurant"), NOON + 3 * DAY, by=by)
    table.confirmed_at = NOON
    table.save()
    assert time_zones.name_of(user) == "Europe/Lisbon"
    for zone, starts_at in (("Asia/Tokyo", NOON + DAY), ("Europe/Paris", NOON)):
        row = hold(venue_in(zone), starts_at, by=by)
        row.confirmed_at = NOON
        row.save()
    assert time_zones.name_of(user) == "Europe/Paris"
    user.time_zone = "America/Lima"
    user.save()
    assert time_zones.name_of(user) == "America/Lima"
    assert str(time_zones.of(user)) == "America/Lima"
