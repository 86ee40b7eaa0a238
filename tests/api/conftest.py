"""What tests of the API begin with: people and venues, and counters that have counted nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from api import limits
from guests.models import User
from tests.api.calling import Api, person
from tests.factories import make_venue
from tests.guests.factories import AdministratorFactory, StaffFactory, UserFactory
from venues.models import Venue

TODAY = datetime(2027, 2, 1, 9, tzinfo=UTC)
"""A Monday four weeks before what tests book."""


@pytest.fixture(autouse=True)
def _counters_that_counted_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # A name of its own for each test: workers share a Redis, and flushing it flushes for all.
    settings.CACHES = {
        name: cache | {"KEY_PREFIX": uuid4().hex} for name, cache in settings.CACHES.items()
    }
    # Counters that were away in another test are asked again at once.
    monkeypatch.setattr(limits, "_breaker", limits._Breaker())


@pytest.fixture(scope="module")
def _frozen(django_db_setup: None) -> Iterator[FrozenDateTimeFactory]:
    # Freezing is slow, moving is not.
    with freeze_time(TODAY, ignore=["_pytest.timing"]) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


@pytest.fixture
def clock(_frozen: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Time stands still at TODAY until a test moves it."""
    _frozen.move_to(TODAY)
    return _frozen


@pytest.fixture
def hotel(db: None) -> Venue:
    """Two rooms for four in Amsterdam; 24 hours' notice, held for 30 minutes."""
    venue = make_venue("hotel", units=2)
    venue.time_zone, venue.phone_region = "Europe/Amsterdam", "NL"
    venue.save()
    return venue


@pytest.fixture
def user(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def guest(user: User) -> Api:
    return person(user)


@pytest.fixture
def stranger(db: None) -> Api:
    """A guest who owns nothing."""
    return person(UserFactory.create())


@pytest.fixture
def desk(hotel: Venue) -> Api:
    """Staff of the hotel."""
    return person(StaffFactory.create(staff_venues=[hotel]))


@pytest.fixture
def administrator(db: None) -> Api:
    return person(AdministratorFactory.create())
