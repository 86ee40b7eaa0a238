"""A lock that is handed on in the order it was asked for, one per database file."""

import os
import threading
import weakref
from collections import deque
from functools import lru_cache
from pathlib import Path


class _Turn:
    """A place in the queue; `begun` is unlocked when its turn has come."""

    def __init__(self, owner: object) -> None:
        self.owner = weakref.ref(owner)
        self.begun = threading.Lock()
        self.begun.acquire()


class FairLock:
    """First come, first served. An owner that is gone without releasing holds it no longer."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._owner: weakref.ref[object] | None = None
        self._waiting: deque[_Turn] = deque()

    def acquire(self, owner: object, *, timeout: float) -> bool:
        """Wait at most `timeout` seconds; whether `owner` has the lock now."""
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
        """Hand it to whoever waits longest. Does nothing for one who does not hold it."""
        with self._guard:
            if self._owner is not None and self._owner() is owner:
                self._hand_on()

    def is_held_by(self, owner: object) -> bool:
        """Whether this is the one who may write now."""
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
        """Leave the queue; True when the turn came at the last instant and is held after all."""
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
            return self._owner is turn.owner


# Asked for by each transaction.
_true_path = lru_cache(maxsize=64)(os.path.realpath)

_locks: dict[str, FairLock] = {}
_locks_guard = threading.Lock()


def lock_of(database: str | Path) -> FairLock:
    """The one lock of this process for a database file, by whatever path it is reached."""
    key = _true_path(database)
    with _locks_guard:
        return _locks.setdefault(key, FairLock())


def _forget() -> None:
    # Threads that held or awaited a lock do not exist in a forked child.
    global _locks_guard  # noqa: PLW0603
    _locks_guard = threading.Lock()
    _locks.clear()


os.register_at_fork(after_in_child=_forget)
