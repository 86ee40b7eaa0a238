"""Celery's beat, with a schedule that does not trust what was noted by a wrong clock."""

import logging
from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler

log = logging.getLogger(__name__)

AT_ONCE = timedelta(hours=1)
"""How long ago a run counts that is dated in the future: long enough to be due again now."""
SKEW = timedelta(seconds=5)


class Scheduler(PersistentScheduler):
    """Takes up again at once when the clock was ahead and has gone back.

    Celery notes when each task ran last, and waits from there: for two days, after a clock that
    was two days ahead.
    """

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Sends what is due. Returns the seconds until the next look."""
        self._distrust()
        seconds: float = super().tick(*args, **kwargs)
        return seconds

    def _distrust(self) -> None:
        now = self.app.now()
        every = self.schedule.values()
        ahead = [one for one in every if one.last_run_at and one.last_run_at > now + SKEW]
        if not ahead:
            return
        log.warning(
            "The clock has gone back: %s tasks ran in the future. They run now.", len(ahead)
        )
        for entry in ahead:
            entry.last_run_at = now - AT_ONCE
        # Built again by the next look.
        self._heap = None
