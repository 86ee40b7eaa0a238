"""The engine's clock: the present, or the instant that a replay sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_replayed: ContextVar[datetime | None] = ContextVar("replayed_instant", default=None)


def now() -> datetime:
    """The instant at which the engine acts, aware, in UTC."""
    return _replayed.get() or timezone.now()


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Sets the clock to `instant` (aware) inside the block, in this thread and task only.

    `replay` uses it.
    """
    token = _replayed.set(instant)
    try:
        yield
    finally:
        _replayed.reset(token)
