"""What tests of the trades begin with: the clock and counters of the API's tests, and people."""

import pytest

from guests.models import User
from tests.api.calling import Api, person

# Fixtures, found here by name.
from tests.api.conftest import (  # noqa: F401
    _counters_that_counted_nothing,
    _frozen,
    administrator,
    clock,
)
from tests.guests.factories import UserFactory


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
