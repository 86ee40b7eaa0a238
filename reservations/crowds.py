"""One look for all who ask the same at once: a crowd that is refused need not look one by one.

Whoever asks gets what was looked up after they asked, never what somebody saw before them. Within
one process, whose threads share a processor; nothing is kept once the last has gone.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST_WAIT = 5.0
"""Seconds after which one looks for oneself."""


@dataclass(slots=True)
class _Look:
    """One look, and what came of it: nothing, where it failed."""

    is_over: Event = field(default_factory=Event)
    found: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Asked:
    """The look that is under way, and the one that those who came since then wait for."""

    running: _Look
    waiting: _Look | None = None


_asked: dict[Hashable, _Asked] = {}
_guard = Lock()


def is_asked(question: Hashable) -> bool:
    """Whether somebody is looking, or waiting for a look, at this moment."""
    return question in _asked


def together(question: Hashable, look: Callable[[], T]) -> T:
    """What `look` finds; of those who ask a question at the same time one looks for all.

    The value is shared: read it, never change it. Raises what `look` raises.
    """
    with _guard:
        asked = _asked.get(question)
        if asked is not None and asked.waiting is not None:
            others = asked.waiting
        else:
            others, mine = None, _Look()
            if asked is None:
                _asked[question] = _Asked(mine)
            else:
                asked.waiting = mine
    if others is None:
        return _for_all(question, mine, look, after=asked.running if asked else None)
    if others.is_over.wait(LONGEST_WAIT) and others.found:
        found: T = others.found[0]
        return found
    return look()


def _for_all(question: Hashable, mine: _Look, look: Callable[[], T], *, after: _Look | None) -> T:
    try:
        if after is not None:
            after.is_over.wait(LONGEST_WAIT)
        with _guard:
            # From here on whoever comes waits for the next one.
            _asked[question] = _Asked(mine)
        found = look()
        mine.found.append(found)
    finally:
        with _guard:
            _leave(question, mine)
        mine.is_over.set()
    return found


def _leave(question: Hashable, mine: _Look) -> None:
    asked = _asked.get(question)
    if asked is None:
        return
    if asked.waiting is mine:
        # It never began.
        asked.waiting = None
    elif asked.running is mine and asked.waiting is None:
        del _asked[question]
