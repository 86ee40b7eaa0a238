"""What the databases of tests are, and what they are left as."""

from functools import cache

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

KEEPS_ROWS = ("payments_entry", "payments_tillcount", "payments_document")
"""Their triggers refuse to delete."""

KEPT = {"auth_permission", "django_content_type"}
"""What migrations write, and no test changes."""


def pytest_configure() -> None:
    """Have tests that commit leave an empty database at a tenth of what Django's flush costs."""
    TransactionTestCase._fixture_teardown = _empty_what_was_filled  # type: ignore[attr-defined]


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


def _empty_what_was_filled(test: TransactionTestCase) -> None:
    # A flush truncates every table, and then has the permissions of every model written anew. Even
    # to truncate the few makes files anew, which takes longer than to delete their few rows.
    looks = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in _tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(looks)
        filled = [name for (name,) in cursor.fetchall()]
    emptied = [one for table in filled for one in _emptying(table)]
    connection.ops.execute_sql_flush(emptied)


def _emptying(table: str) -> list[str]:
    """The statements that empty a table, also one that refuses to delete rows."""
    if table not in KEEPS_ROWS:
        return [f"DELETE FROM {table}"]
    if connection.vendor == "postgresql":
        return [f"TRUNCATE {table}"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = %s AND name LIKE %s",
            [table, "%_delete"],
        )
        guards = cursor.fetchall()
    off = [f'DROP TRIGGER "{name}"' for name, _ in guards]
    return [*off, f"DELETE FROM {table}", *(sql for _, sql in guards)]


@cache
def _tables() -> list[str]:
    every = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(every) - KEPT)
