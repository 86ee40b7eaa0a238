"""The project's settings with the commands of the benchmarks."""

from settings.project import *
from settings.project import INSTALLED_APPS as _OURS

INSTALLED_APPS = [*_OURS, "benchmarks"]
