"""Runs SQL statements that are needed so often that Django's cursor is too slow.

Django's cursor on PostgreSQL sends the text to be planned each time and reads rows as text. Here
the server plans a statement once for each connection, and rows are read in binary form.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg import Cursor


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
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        return cursor.execute(text, values, binary=True).fetchall()
