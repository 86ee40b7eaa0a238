"""Skips tests that say something of a database or a service that this run does not have."""

import pytest
from django.conf import settings
from django.db import connection


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by marker, with the reason."""
    missing = {
        name: pytest.mark.skip(reason=f"needs {name}")
        for name, is_there in _available().items()
        if not is_there
    }
    for item in items:
        for name in missing.keys() & item.keywords.keys():
            item.add_marker(missing[name])


def _available() -> dict[str, bool]:
    return {
        "postgres": connection.vendor == "postgresql",
        "sqlite": connection.vendor == "sqlite",
        "redis": bool(settings.REDIS_URL),
    }
