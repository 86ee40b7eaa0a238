"""Announces committed events to Celery, so that no request waits for the broker."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

CAPACITY = 1_000
"""Changes that may wait. The sweep handles more than these."""
MOST_IDS = 200
"""Ids in one message."""
PAUSE = 0.02
"""Seconds between two messages, so that the changes of a crowd go out together."""


class Breaker:
    """Stops attempts for `pause` seconds after `failures` in a row. Then one attempt decides."""

    def __init__(self, *, failures: int = 3, pause: float = 20.0) -> None:
        self._limit = failures
        self._pause = pause
        self._failed = 0
        self._opens_at = 0.0

    def is_open(self) -> bool:
        """Says whether to make no attempt for now."""
        return self._failed >= self._limit and time.monotonic() < self._opens_at

    def succeeded(self) -> None:
        """Notes a success."""
        self._failed = 0

    def failed(self) -> bool:
        """Notes a failure. Returns True if it stops the attempts."""
        self._failed += 1
        self._opens_at = time.monotonic() + self._pause
        return self._failed == self._limit


class Publisher:
    """A bounded queue, and one daemon thread that empties it into `send`."""

    def __init__(
        self,
        send: Callable[[list[int]], object],
        *,
        capacity: int = CAPACITY,
        breaker: Breaker | None = None,
    ) -> None:
        self._send = send
        self._capacity = capacity
        self._breaker = breaker or Breaker()
        self._guard = threading.Lock()
        self._begin_anew()
        # A forked process has neither the thread nor its queue.
        os.register_at_fork(after_in_child=self._begin_anew)

    def __call__(self, ids: list[int]) -> None:
        """Queues ids to be announced soon. Never waits and never raises: if the queue is full, the
        sweep handles them.
        """
        try:
            self._waiting.put_nowait(ids)
        except queue.Full:
            return
        if not self.is_running():
            self._start()

    def is_running(self) -> bool:
        """Tells whether the thread is there. It starts with the first ids."""
        return self._thread is not None and self._thread.is_alive()

    def _begin_anew(self) -> None:
        self._guard = threading.Lock()
        self._waiting: queue.Queue[list[int]] = queue.Queue(self._capacity)
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        with self._guard:
            if not self.is_running():
                self._thread = threading.Thread(
                    target=self._run, args=(self._waiting,), name="publisher", daemon=True
                )
                self._thread.start()

    def _run(self, waiting: queue.Queue[list[int]]) -> None:
        while True:
            ids = _gather(waiting)
            if not self._breaker.is_open():
                self._publish(ids)
            # Pause after sending, so that a single event goes out at once.
            time.sleep(PAUSE)

    def _publish(self, ids: list[int]) -> None:
        try:
            self._send(ids)
        except Exception as error:  # noqa: BLE001 - the sweep hands on what was not told
            if self._breaker.failed():
                log.warning("The broker does not take messages, left to the sweep: %r", error)
        else:
            self._breaker.succeeded()


def _gather(waiting: queue.Queue[list[int]]) -> list[int]:
    ids = waiting.get()
    while len(ids) < MOST_IDS:
        try:
            ids = ids + waiting.get_nowait()
        except queue.Empty:
            break
    return ids
