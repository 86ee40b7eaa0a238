"""What every test stands on."""

from pathlib import Path

import pytest
from django.conf import settings

# Ninja schemas that are first defined while freezegun has the clock fail, so all of them are
# defined now.
import config.urls  # noqa: F401


@pytest.fixture(scope="session", autouse=True)
def _folder_of_static_files() -> None:
    """A fresh data folder has none, and WhiteNoise warns of that."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
