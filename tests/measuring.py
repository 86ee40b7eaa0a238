"""Which tests the coverage tool looks at: two cases of each, since its tracer doubles the cost."""

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from coverage import Coverage

MEASURED = 2
"""How many cases of a table; the second is often the other branch."""

_cases: Counter[str] = Counter()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Of a table leave all cases but the first few to themselves.

    Lines that only a later case reaches count as not covered, so the floor can but be harder to
    reach than with all of them.
    """
    test = item.nodeid.partition("[")[0]
    _cases[test] += 1
    if _cases[test] > MEASURED:
        item.add_marker("no_cover")


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
