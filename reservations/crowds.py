"""One look for all who ask the same at once: a crowd that is refused need not look one by one.

Whoever asks gets what was looked up after they asked, never what somebody saw before them. Within
one process, whose threads share a processor; no answer is kept once the last has gone.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic, sleep
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST_WAIT = 5.0
"""Seconds after which one looks for oneself."""
CROWDED = 0.25
"""Seconds for which those who come after somebody who asked the same count as a crowd."""
GATHERING = 0.01
"""Seconds for which a dear look waits for the rest of a crowd."""
MOST = 1_000
"""Questions of which it is known that they were asked lately."""


@dataclass(slots=True)
class _Look:
    """One look, and what came of it: nothing, where it failed."""

    is_over: Event = field(default_factory=Event)
    found: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Asked:
    """The look that is under way, and the one that those who came since then wait for."""

    running: _Look | None = None
    waiting: _Look | None = None


_asked: dict[Hashable, _Asked] = {}
_lately: OrderedDict[Hashable, float] = OrderedDict()
_guard = Lock()


def is_asked(question: Hashable) -> bool:
    """Whether somebody asks it at this moment, or did a moment ago."""
    with _guard:
        return question in _asked or _was_asked(question)


def together(question: Hashable, look: Callable[[], T], *, is_dear: bool = False) -> T:
    """What `look` finds; of those who ask a question at the same time one looks for all.

    The value is shared: read it, never change it. Raises what `look` raises. One that `is_dear`
    waits for the rest of a crowd.
    """
    with _guard:
        asked = _asked.setdefault(question, _Asked())
        gathers = is_dear and (asked.running is not None or _was_asked(question))
        others, before = asked.waiting, asked.running
        if others is None:
            mine = asked.waiting = _Look()
    if others is None:
        return _for_all(question, asked, mine, look, before=before, gathers=gathers)
    if others.is_over.wait(LONGEST_WAIT) and others.found:
        found: T = others.found[0]
        return found
    return look()


def _for_all(
    question: Hashable,
    asked: _Asked,
    mine: _Look,
    look: Callable[[], T],
    *,
    before: _Look | None,
    gathers: bool,
) -> T:
    try:
        if before is not None:
            before.is_over.wait(LONGEST_WAIT)
        if gathers:
            sleep(GATHERING)
        with _guard:
            # From here on whoever comes waits for the next one.
            asked.running, asked.waiting = mine, None
        found = look()
        mine.found.append(found)
    finally:
        with _guard:
            _leave(question, asked, mine)
        mine.is_over.set()
    return found


def _leave(question: Hashable, asked: _Asked, mine: _Look) -> None:
    if asked.waiting is mine:
        # It never began.
        asked.waiting = None
    if asked.running is mine:
        asked.running = None
    is_over = asked.running is None and asked.waiting is None
    if is_over and _asked.get(question) is asked:
        del _asked[question]
    _lately[question] = _now()
    _lately.move_to_end(question)
    if len(_lately) > MOST:
        _lately.popitem(last=False)


def _was_asked(question: Hashable) -> bool:
    at = _lately.get(question)
    return at is not None and _now() - at < CROWDED


def _now(clock: Callable[[], float] = monotonic) -> float:
    """By the clock that goes on while tests stop all others."""
    return clock()
