"""A thread that begins its work again after every fault, and tells whether it is well."""

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds before work that failed or ended is begun again."""
STEADY = 30.0
"""Seconds of work without a fault after which all is well."""


class SteadyThread:
    """Does `work`, which has no end of its own, until `ending` is set.

    Of several faults in a row the first is logged.
    """

    def __init__(
        self, name: str, work: Callable[[], None], *, ending: threading.Event, pause: float = PAUSE
    ) -> None:
        self._name, self._work, self._ending, self._pause = name, work, ending, pause
        self._failing_since: float | None = None
        self._begun_at = time.monotonic()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def fault(self) -> str:
        """Returns what is wrong, "" while the work goes on or has failed for a moment only."""
        if not self.thread.is_alive():
            return f"The {self._name} has ended."
        now, since = time.monotonic(), self._failing_since
        is_well = since is None or now > self._begun_at + STEADY
        if is_well or now < (since or now) + STEADY:
            return ""
        return f"The {self._name} fails again and again; see the log."

    def _run(self) -> None:
        while not self._ending.is_set():
            self._begun_at = time.monotonic()
            try:
                self._work()
                self._noted(None)
            except Exception as error:  # noqa: BLE001 - nothing may end this thread unseen
                self._noted(error)
            self._ending.wait(self._pause)

    def _noted(self, error: Exception | None) -> None:
        if self._ending.is_set():
            return
        now = time.monotonic()
        if now > self._begun_at + STEADY:
            self._failing_since = None
        if self._failing_since is None:
            log.error("The %s ended and is begun again", self._name, exc_info=error)
            self._failing_since = now
