"""One look for all who ask the same at once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic, sleep
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST_WAIT = 5.0
"""Seconds after which one looks for oneself."""
CROWDED = 0.25
"""Seconds for which those who come after somebody who asked the same count as a crowd."""
GATHERING = 0.005
"""Seconds for which whoever looks for a hint waits for the rest of a crowd."""
AGAIN = 0.1
"""Seconds for which a hint that was found for some of a crowd is told to the rest of it."""
MOST = 1_000
"""Questions of which it is known that they were asked lately."""
MOST_HINTS = 20
"""Hints that are kept at a time."""


@dataclass(slots=True)
class _Look:
    """One look, and what came of it: nothing, where it failed."""

    is_over: Event = field(default_factory=Event)
    found: list[Any] = field(default_factory=list)
    is_shared: bool = False


@dataclass(slots=True)
class _Asked:
    """The look that is under way, and the one that those who came since then wait for."""

    running: _Look | None = None
    waiting: _Look | None = None


_asked: dict[Hashable, _Asked] = {}
_trying: dict[Hashable, Event] = {}
_lately: OrderedDict[Hashable, tuple[float, bool]] = OrderedDict()
_hints: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
_guard = Lock()
_NEVER = (float("-inf"), False)
_NO_HINT = (float("-inf"), None)


def is_asked(question: Hashable) -> bool:
    """Whether somebody asks it at this moment, or did a moment ago."""
    with _guard:
        return question in _asked or _was_asked(question)


@contextmanager
def trying(question: Hashable) -> Iterator[bool]:
    """Whether nobody else tries it; who does not come first waits until the first has tried.

    For what one alone can get: whoever comes after need only look what became of it.
    """
    with _guard:
        first = _trying.get(question)
        if first is None:
            mine = _trying[question] = Event()
    if first is not None:
        first.wait(LONGEST_WAIT)
        yield False
        return
    try:
        yield True
    finally:
        with _guard:
            del _trying[question]
        mine.set()


def together(question: Hashable, look: Callable[[], T], *, pause: float = 0.0) -> T:
    """What `look` finds; of those who ask a question at the same time one looks for all.

    The value is shared: read it, never change it. Raises what `look` raises. Whoever looks waits
    for others first, for `pause` seconds.
    """
    with _guard:
        asked = _asked.setdefault(question, _Asked())
        others, before = asked.waiting, asked.running
        if others is None:
            mine = asked.waiting = _Look()
        else:
            others.is_shared = True
    if others is None:
        return _for_all(question, asked, mine, look, before=before, pause=pause)
    if others.is_over.wait(LONGEST_WAIT) and others.found:
        found: T = others.found[0]
        return found
    return look()


def hint(question: Hashable, look: Callable[[], T], *, after: Hashable) -> T:
    """The same for what is dear to find, and may have changed by the time it is read anyway.

    In a crowd it waits for the rest, and whoever comes a moment later is told it again. A crowd
    are those who ask the same, or who had what they asked before this (`after`) answered together.
    """
    with _guard:
        kept = _kept(question)
        is_crowd = question in _asked or _was_shared(question) or _was_shared(after)
    if kept:
        told: T = kept[0]
        return told

    def found() -> T:
        with _guard:
            # By who looked while this one waited for the others.
            kept = _kept(question)
        if kept:
            told: T = kept[0]
            return told
        at, what = _now(), look()
        if is_crowd:
            _keep(question, at, what)
        return what

    return together(question, found, pause=GATHERING if is_crowd else 0.0)


def _for_all(
    question: Hashable,
    asked: _Asked,
    mine: _Look,
    look: Callable[[], T],
    *,
    before: _Look | None,
    pause: float,
) -> T:
    try:
        if before is not None:
            before.is_over.wait(LONGEST_WAIT)
        if pause:
            sleep(pause)
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
    _lately[question] = _now(), mine.is_shared
    _lately.move_to_end(question)
    if len(_lately) > MOST:
        _lately.popitem(last=False)


def _keep(question: Hashable, at: float, found: object) -> None:
    with _guard:
        _hints[question] = at, found
        _hints.move_to_end(question)
        if len(_hints) > MOST_HINTS:
            _hints.popitem(last=False)


def _was_asked(question: Hashable) -> bool:
    at, _ = _lately.get(question, _NEVER)
    return _now() - at < CROWDED


def _kept(question: Hashable) -> list[Any]:
    """The hint that may be told again, if there is one."""
    at, found = _hints.get(question, _NO_HINT)
    return [found] if _now() - at < AGAIN else []


def _was_shared(question: Hashable) -> bool:
    return _was_asked(question) and _lately[question][1]


def _now(clock: Callable[[], float] = monotonic) -> float:
    """By the clock that goes on while tests stop all others."""
    return clock()
