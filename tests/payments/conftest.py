"""Time stands still in tests of money."""

from collections.abc import Iterator

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from tests.factories import NOON
from tests.reservations.facts import DAY


@pytest.fixture(scope="module")
def _frozen(django_db_setup: None) -> Iterator[FrozenDateTimeFactory]:
    # Freezing is slow, moving is not.
    with freeze_time(NOON - DAY, ignore=["_pytest"]) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


@pytest.fixture(autouse=True)
def frozen(_frozen: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """A day before NOON; `frozen.move_to(instant)` moves it."""
    _frozen.move_to(NOON - DAY)
    return _frozen
