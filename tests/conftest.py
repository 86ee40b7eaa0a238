"""What every test stands on."""

from pathlib import Path

from django.conf import settings

# Ninja schemas that are first defined while freezegun has the clock fail, so all of them are
# defined now.
import config.urls  # noqa: F401

# A fresh data folder has none, and WhiteNoise warns of that: to some modules while they are
# collected, before any fixture could make it.
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
