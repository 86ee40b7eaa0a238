"""What tests of the trades begin with: the clock and counters of the API's tests, and people."""

import pytest

from guests.models import User
from tests.api.calling import Api, person
from tests.api.conftest import _counters_that_counted_nothing, _frozen, administrator, clock  # noqa: F401
from tests.guests.factories import StaffFactory, UserFactory
from venues import presets
from venues.models import Category, Rate, Resource, Venue


@pytest.fixture
def driver(db: None) -> User:
    """Somebody whose profile fills a reservation."""
    return UserFactory.create(phone="+31201234561")


@pytest.fixture
def guest(driver: User) -> Api:
    return person(driver)


@pytest.fixture
def stranger(db: None) -> Api:
    """Another guest, who owns nothing."""
    return person(UserFactory.create(phone="+31201234562"))


@pytest.fixture
def practice(db: None) -> Venue:
    """The only practice: in Amsterdam, appointments of fifteen minutes, one a client and day."""
    venue = presets.create_venue(
        slug="practice",
        name="Practice",
        kind="practice",
        time_zone="Europe/Amsterdam",
        phone_region="NL",
    )
    category = Category.objects.create(venue=venue, code="consult", name="Consultation")
    Rate.objects.create(venue=venue, category=category, unit="flat", amount_minor=4_500)
    return venue


@pytest.fixture
def desk(practice: Venue) -> Api:
    """Staff of the practice."""
    return person(StaffFactory.create(staff_venues=[practice]))


@pytest.fixture
def provider(practice: Venue) -> Resource:
    """Somebody with no schedule yet, in the practice's zone."""
    return Resource.objects.create(
        venue=practice, category=practice.categories.get(), name="Dr. Visser"
    )
