"""The product's settings, with a clock that shows another time: off by the seconds in CLOCK_FILE.

`timezone.now` is the only clock the product reads. Time that is only measured stays true.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from settings.project import *  # noqa: F403

_true = timezone.now
_file = Path(os.environ["CLOCK_FILE"])


def _now() -> datetime:
    # Read at every look, so that the clock moves in the middle of whatever the process does.
    return _true() + timedelta(seconds=float(_file.read_text()))


timezone.now = _now
