"""The clock of these tests stands still until a test moves it."""

from collections.abc import Iterator

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from tests.factories import NOON
from tests.reservations.facts import DAY


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    """A day before NOON; `frozen.move_to(instant)` moves it."""
    with freeze_time(NOON - DAY, ignore=["_pytest"]) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock
