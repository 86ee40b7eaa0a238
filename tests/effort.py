"""How much a run tries: `bin/test` a part of what is random or large, `bin/check` all, once.

`THOROUGH=1` asks for all: `THOROUGH=1 bin/test tests/reservations`.
"""

import os
from collections.abc import Iterable
from typing import Any

import hypothesis
import pytest

IS_THOROUGH = os.environ.get("THOROUGH") == "1"

# An example takes as long as the machine is busy, which is no fault of what it tries.
hypothesis.settings.register_profile("ours", deadline=None, max_examples=100 if IS_THOROUGH else 25)
hypothesis.settings.load_profile("ours")


def some(values: Iterable[Any], most: int = 1) -> list[Any]:
    """Cases of a table for `parametrize`: all of them, of which `bin/test` runs the first few."""
    return [
        value if number < most else pytest.param(*_each(value), marks=pytest.mark.long)
        for number, value in enumerate(values)
    ]


def examples(most: int) -> int:
    """How many examples hypothesis makes up: a fifth in `bin/test`, at least one."""
    return most if IS_THOROUGH else max(most // 5, 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `long`, unless all is asked for."""
    if IS_THOROUGH:
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
