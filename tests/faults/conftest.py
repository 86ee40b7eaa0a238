"""One deployment for all tests of faults: each harms it, and leaves it whole."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.failing import Failed
from benchmarks.services import binary
from tests.faults.fleet import Fleet

HERE = Path(__file__).parent
log = logging.getLogger(__name__)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here is asked for by name, and skipped where there is nothing to harm."""
    missing = _missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"needs {missing}"))


def _missing() -> str:
    try:
        binary("initdb")
    except Failed:
        return "PostgreSQL's initdb"
    return "" if shutil.which("redis-server") else "redis-server"


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The deployment, ready."""
    running = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[object], None]:
    """Tells a figure that no test asserts; seen with `pytest -m faults -rP`."""
    return lambda figures: print(f"{request.node.name}: {figures}")  # noqa: T201
