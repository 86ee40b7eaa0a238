"""The framework alone: the project's settings and middleware, and one operation that
does nothing.
"""

from settings.project import *

ROOT_URLCONF = "benchmarks.trivial.urls"
