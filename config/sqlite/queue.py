"""A lock for each database file that is granted in the order of asking."""

import os
import threading
import weakref
from collections import deque
from functools import lru_cache
from pathlib import Path


class _Turn:
    """A place in the queue. `begun` is unlocked when its turn has come."""

    def __init__(self, owner: object) -> None:
        self.owner = weakref.ref(owner)
        self.begun = threading.Lock()
        self.begun.acquire()


class FairLock:
    """A lock that is granted first come, first served. An owner that no longer exists loses it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._owner: weakref.ref[object] | None = None
        self._waiting: deque[_Turn] = deque()

    def acquire(self, owner: object, *, timeout: float) -> bool:
        """Waits at most `timeout` seconds. Returns whether `owner` has the lock."""
        with self._guard:
            if self._owner is not None and self._owner() is None:
                self._hand_on()
            if self._owner is None:
                self._owner = weakref.ref(owner)
                return True
            turn = _Turn(owner)
            self._waiting.append(turn)
        try:
            has_begun = turn.begun.acquire(timeout=timeout)
        except BaseException:
            if self._give_up(turn):
                self.release(owner)
            raise
        return has_begun or self._give_up(turn)

    def release(self, owner: object) -> None:
        """Grants the lock to the owner that waits longest. Does nothing if `owner` does not have
        it.
        """
        with self._guard:
            if self._owner is not None and self._owner() is owner:
                self._hand_on()

    def is_held_by(self, owner: object) -> bool:
        """Says whether `owner` has the lock."""
        with self._guard:
            return self._owner is not None and self._owner() is owner

    def _hand_on(self) -> None:
        self._owner = None
        while self._waiting and self._owner is None:
            turn = self._waiting.popleft()
            if turn.owner() is not None:
                self._owner = turn.owner
            turn.begun.release()

    def _give_up(self, turn: _Turn) -> bool:
        """Leaves the queue. Returns True if the turn came at the last instant."""
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
            return self._owner is turn.owner


# Cached, because each transaction asks.
_true_path = lru_cache(maxsize=64)(os.path.realpath)

_locks: dict[str, FairLock] = {}
_locks_guard = threading.Lock()


def lock_of(database: str | Path) -> FairLock:
    """Returns the one lock of this process for a database file, whatever path leads to it."""
    key = _true_path(database)
    with _locks_guard:
        return _locks.setdefault(key, FairLock())


def _forget() -> None:
    # A forked child has none of the threads that held or awaited a lock.
    global _locks_guard  # noqa: PLW0603
    _locks_guard = threading.Lock()
    _locks.clear()


os.register_at_fork(after_in_child=_forget)
