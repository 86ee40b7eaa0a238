"""Statements in SQL, for the few places that are asked all day long.

On PostgreSQL not through Django's cursor, which sends the text anew to be planned each time, and
whose rows come as text: these the server plans once a connection, and what it tells is read by C.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg import Cursor


def rows(text: str, values: Mapping[str, Any]) -> list[Any]:
    """The rows that a statement returns, in the transaction that the connection is in, if any.

    `values` are named in the text as `%(name)s`. Raises Django's database errors.
    """
    # Who counts or logs queries sees these as well.
    if connection.vendor != "postgresql" or connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            return list(cursor.fetchall())
    return planned(text, values)


def planned(text: str, values: Mapping[str, Any]) -> list[Any]:
    """The same on PostgreSQL alone, whoever counts queries."""
    # What Django's own cursor sees to before it asks.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        return cursor.execute(text, values, binary=True).fetchall()
