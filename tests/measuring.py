"""Which tests the coverage tool looks at, and where in them: its tracer doubles what a test costs.

Lines that only a test left to itself reaches count as not covered. So the floor can but be harder
to reach than if all were looked at.
"""

import functools
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from coverage import Coverage
from django.db.models.query import QuerySet
from django.db.models.sql import compiler

MEASURED = 2
"""How many cases of a table, at most; the second is often the other branch."""

_cases: Counter[str] = Counter()
_taught_nothing: set[str] = set()
"""Tests of which a case came by no line that was new. Its others are left to themselves."""


def pytest_collection_finish() -> None:
    """Have the tracer look away within Django's queries: half of all that is run is there."""
    if Coverage.current() is None:
        return
    for owner, name in (
        (QuerySet, "_fetch_all"),
        (QuerySet, "_filter_or_exclude"),
        (compiler.SQLCompiler, "execute_sql"),
        (compiler.SQLInsertCompiler, "execute_sql"),
        (compiler.SQLUpdateCompiler, "execute_sql"),
    ):
        setattr(owner, name, _untraced(getattr(owner, name)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Leave to themselves all cases of a table but the first few, and what makes up its cases."""
    test = _test_of(item)
    _cases[test] += 1
    makes_up = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    if makes_up or item.get_closest_marker("long") or _cases[test] > MEASURED:
        item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Look at a further case only where the one before it came by something new."""
    tracing = Coverage.current()
    if tracing is None or item.get_closest_marker("no_cover"):
        return (yield)
    test = _test_of(item)
    if test in _taught_nothing:
        item.add_marker("no_cover")
        return (yield)
    before = _size(tracing)
    try:
        return (yield)
    finally:
        if _size(tracing) == before:
            _taught_nothing.add(test)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Leave its facts to themselves too; pytest-cov does so for the test alone."""
    if not item.get_closest_marker("no_cover"):
        return (yield)
    with _unmeasured():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object],
) -> Generator[None, object, object]:
    """Nor look at the migrations that make the databases."""
    if fixturedef.argname != "django_db_setup":
        return (yield)
    with _unmeasured():
        return (yield)


@contextmanager
def _unmeasured() -> Iterator[None]:
    tracing = Coverage.current()
    if tracing is None:
        yield
        return
    tracing.stop()
    try:
        yield
    finally:
        tracing.start()


def _untraced(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def unseen(*arguments: Any, **named: Any) -> Any:
        tracer = sys.gettrace()
        if tracer is None:
            return run(*arguments, **named)
        sys.settrace(None)
        try:
            return run(*arguments, **named)
        finally:
            sys.settrace(tracer)

    return unseen


def _test_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _size(tracing: Coverage) -> int:
    """How many steps from line to line were seen so far, by this process."""
    collector = tracing._collector
    assert collector is not None
    return sum(len(seen) for seen in collector.data.values() if seen)
