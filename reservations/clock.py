"""The engine's clock: the present, or an instant that a replay of history puts in its place."""

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
    """Act as if it were `instant` (aware), in this thread and task only. Used by `replay`."""
    token = _replayed.set(instant)
    try:
        yield
    finally:
        _replayed.reset(token)
