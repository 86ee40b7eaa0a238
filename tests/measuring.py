"""Which tests the coverage tool looks at: one case of each, since its tracer doubles the cost."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from coverage import Coverage

_measured: set[str] = set()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Of a table leave all cases but the first to themselves.

    Lines that only a later case reaches count as not covered, so the floor can but be harder to
    reach than with all of them.
    """
    test = item.nodeid.partition("[")[0]
    if test in _measured:
        item.add_marker("no_cover")
    _measured.add(test)


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
