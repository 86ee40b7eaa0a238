"""What tests of notices share."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

DAY = datetime(2027, 2, 20, 9, tzinfo=UTC)
"""Some days before the stays of tests."""


@pytest.fixture
def clock() -> Iterator[FrozenDateTimeFactory]:
    """Time stands still, except for asyncio."""
    with freeze_time(DAY, real_asyncio=True) as frozen:
        yield frozen  # type: ignore[misc]
