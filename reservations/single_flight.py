"""Runs a query once for all callers who ask the same question at the same moment."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic, sleep
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST_WAIT = 5.0
"""Seconds after which a caller stops waiting and runs the query itself."""
CROWDED = 0.25
"""Seconds after an answer during which further callers of the question count as a crowd."""
GATHERING = 0.005
"""Seconds for which a caller in a crowd waits before it works out a hint, so that others join."""
AGAIN = 0.1
"""Seconds for which a hint found in a crowd is returned again."""
MOST = 1_000
"""The largest number of recent questions that are remembered."""
MOST_HINTS = 20
"""The largest number of hints that are kept."""


@dataclass(slots=True)
class _Look:
    """One run of a query, and its result; `found` is empty when it failed."""

    is_over: Event = field(default_factory=Event)
    found: list[Any] = field(default_factory=list)
    is_shared: bool = False


@dataclass(slots=True)
class _Asked:
    """The run in progress, and the next run, for which callers since then wait."""

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
    """True when another caller asks the question now, or did within the last CROWDED seconds."""
    with _guard:
        return question in _asked or _was_asked(question)


@contextmanager
def trying(question: Hashable) -> Iterator[bool]:
    """Yields True to the first caller of a question, and False to others once the first is done.

    Others wait at most LONGEST_WAIT seconds. Use it for what only one caller can get: the others
    then only need to read the outcome.
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
    """Returns the result of `look`, which runs once for all callers who ask at the same time.

    Callers share the value: do not change it. Waits `pause` seconds first, so that others join.
    Raises what `look` raises.
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
    """Returns the result of `look`, or in a crowd a result that is at most AGAIN seconds old.

    For a result that is costly to find, and may be outdated when it is read anyway. A crowd are the
    callers of `question`, or of a question `after` which they ask this one and whose answer they
    shared. Raises what `look` raises.
    """
    with _guard:
        kept = _kept(question)
        is_crowd = question in _asked or _was_shared(question) or _was_shared(after)
    if kept:
        told: T = kept[0]
        return told

    def found() -> T:
        with _guard:
            # Another caller may have found it while this one waited.
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
            # From here on further callers wait for the next run.
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
        # The run failed before it began.
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
    """The hint if it is recent enough to be returned again, in a list; else []."""
    at, found = _hints.get(question, _NO_HINT)
    return [found] if _now() - at < AGAIN else []


def _was_shared(question: Hashable) -> bool:
    return _was_asked(question) and _lately[question][1]


def _now(clock: Callable[[], float] = monotonic) -> float:
    """The present by a clock that runs on while tests stop all others, in seconds."""
    return clock()
