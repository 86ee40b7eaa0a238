"""The product's settings, with an engine that does not look."""

from settings.project import *  # noqa: F403
from settings.project import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.proving.blind.Blind"]
