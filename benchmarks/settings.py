"""The project's settings, with the command that fills databases for the benchmarks."""

from settings.project import *
from settings.project import INSTALLED_APPS as _OURS

INSTALLED_APPS = [*_OURS, "benchmarks"]
