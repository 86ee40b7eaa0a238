"""Runs SQL statements that are needed so often that Django's cursor is too slow.

Django's cursor on PostgreSQL sends the text to be planned each time and reads rows as text. Here
the server plans a statement once for each connection, and rows are read in binary form.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db import connection
from psycopg import RawCursor

_NAMED = re.compile(r"%\((\w+)\)s|%%")


def rows(text: str, values: Mapping[str, Any]) -> list[Any]:
    """Runs a statement and returns its rows, in the connection's transaction if there is one.

    The text names values as `%(name)s`. Raises Django's database errors.
    """
    # Django's cursor while queries are logged, so that the log has these as well.
    if connection.vendor != "postgresql" or connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            return list(cursor.fetchall())
    return planned(text, values)


def planned(text: str, values: Mapping[str, Any]) -> list[Any]:
    """Runs a planned statement on PostgreSQL and returns its rows. Query logs do not see it.

    The text names values as `%(name)s`. Raises Django's database errors.
    """
    # Django's own cursor does these two before each statement.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    numbered, names = _numbered(text)
    given = [values[name] for name in names]
    with connection.wrap_database_errors, RawCursor(connection.connection) as cursor:
        return cursor.execute(numbered, given, binary=True).fetchall()


@cache
def _numbered(text: str) -> tuple[bytes, list[str]]:
    """The text with its values numbered as PostgreSQL does, and their names in that order.

    The driver would work this out each time for a long text, or one of many values.
    """
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    return _NAMED.sub(number, text).encode(), list(names)
