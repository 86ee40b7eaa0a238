"""Two venues, one of which the desk runs, and a clock that stands still until a test moves it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from tests.admin.browsing import browser_of
from tests.factories import NOON, make_venue
from tests.guests.factories import AdministratorFactory, StaffFactory
from venues.models import Venue


@pytest.fixture(scope="module")
def _frozen(django_db_setup: None) -> Iterator[FrozenDateTimeFactory]:
    # Freezing is slow, moving is not.
    with freeze_time(NOON - timedelta(days=1)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


@pytest.fixture
def frozen(_frozen: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """A day before NOON; `frozen.move_to(instant)` moves it."""
    _frozen.move_to(NOON - timedelta(days=1))
    return _frozen


@pytest.fixture
def venue(db: None) -> Venue:
    """A restaurant with two tables, in Amsterdam: 12:00 UTC is 13:00 there in winter."""
    made = make_venue("restaurant", units=2)
    Venue.objects.filter(pk=made.pk).update(
        name="Bistro", time_zone="Europe/Amsterdam", phone_region="NL", city="Utrecht"
    )
    return Venue.objects.get(pk=made.pk)


@pytest.fixture
def elsewhere(db: None) -> Venue:
    """A venue that the desk does not run."""
    made = make_venue("hotel", units=2)
    Venue.objects.filter(pk=made.pk).update(name="Elsewhere", city="Faraway")
    return Venue.objects.get(pk=made.pk)


@pytest.fixture
def clerk(venue: Venue) -> User:
    return StaffFactory.create(
        email="desk@example.com", first_name="Dana", last_name="Desk", staff_venues=[venue]
    )


@pytest.fixture
def desk(clerk: User) -> Client:
    """A browser in which staff of `venue` are logged in."""
    return browser_of(clerk)


@pytest.fixture
def boss(db: None) -> Client:
    """A browser in which an administrator is logged in."""
    return browser_of(AdministratorFactory.create(email="boss@example.com"))
