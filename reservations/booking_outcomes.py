"""Tells listeners what each booking came to: made, or the code of its refusal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reservations.errors import Refusal

MADE = "made"

_listeners: list[Callable[[str], None]] = []


def on_outcome(listener: Callable[[str], None]) -> None:
    """Registers `listener`, which is called with MADE or a refusal's code after each booking."""
    if listener not in _listeners:
        _listeners.append(listener)


@contextmanager
def told() -> Iterator[None]:
    """Tells the outcome of the booking made inside the block."""
    try:
        yield
    except Refusal as refusal:
        _tell(refusal.code)
        raise
    _tell(MADE)


def _tell(outcome: str) -> None:
    for listener in _listeners:
        listener(outcome)
