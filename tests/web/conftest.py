"""What tests of pages stand on."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from tests.factories import NOON


@pytest.fixture
def freezer() -> Iterator[FrozenDateTimeFactory]:
    """A clock that stands still a day before NOON, until it is moved."""
    with freeze_time(NOON - timedelta(days=1)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock
