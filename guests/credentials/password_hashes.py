"""How many passwords one process hashes at the same time.

A hash takes 100 MiB and a fifth of a second of a core, on purpose, also for an address that
nobody has. Without a bound, a crowd of log-ins takes all memory and every thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher

from guests.errors import TooBusy

PATIENCE = 2.0
"""Seconds for which a hash waits for its turn."""
WAITING_PER_HASH = 2
"""How many may wait for each that runs: those who wait keep a thread from everybody else."""


class _Turns:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.running = 0
        self.waiting = 0

    @contextmanager
    def taken(self, most: int) -> Iterator[None]:
        with self._changed:
            self._wait(most)
            self.running += 1
        try:
            yield
        finally:
            with self._changed:
                self.running -= 1
                self._changed.notify()

    def _wait(self, most: int) -> None:
        if self.running < most:
            return
        if self.waiting >= most * WAITING_PER_HASH:
            raise TooBusy
        self.waiting += 1
        try:
            if not self._changed.wait_for(lambda: self.running < most, PATIENCE):
                raise TooBusy
        finally:
            self.waiting -= 1


_turns = _Turns()


@contextmanager
def turn() -> Iterator[None]:
    """Hash inside this block. Raises TooBusy where PASSWORD_HASHES_AT_ONCE run and none ends."""
    most = settings.PASSWORD_HASHES_AT_ONCE
    if not most:
        yield
        return
    with _turns.taken(most):
        yield


class BoundedArgon2(Argon2PasswordHasher):
    """Django's own; each hash takes its turn."""

    def encode(self, password: str, salt: str) -> str:
        with turn():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with turn():
            return super().verify(password, encoded)


class BoundedPBKDF2(PBKDF2PasswordHasher):
    """Django's own, for hashes of old; verifying one encodes it, so it takes one turn too."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with turn():
            return super().encode(password, salt, iterations)
