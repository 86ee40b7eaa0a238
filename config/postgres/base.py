"""Django's PostgreSQL backend with a cheap check of idle connections and fast parsing of instants.

A server that ends sends a message or closes its end of the socket. Both make the socket readable.
While it is not readable, an idle connection is as good as before, and each request saves a query.
"""

import select
from datetime import UTC, datetime
from typing import Any, Self

from django.db.backends.postgresql import base, schema
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.abc import Buffer

# Looked up once: tests may replace the name with a stopped clock.
_read = datetime.fromisoformat


class SchemaEditor(schema.DatabaseSchemaEditor):
    """Lifts the statement timeout for migrations: an index on a large table takes longer than any
    request.
    """

    def __enter__(self) -> Self:
        super().__enter__()
        if self.atomic_migration:
            self.execute("SET LOCAL statement_timeout = 0")
        return self


class InstantLoader(BaseTzLoader):  # type: ignore[misc]  # untyped in the stubs
    """Reads an instant in UTC with a function in C. A page of a list has a thousand of them.

    For any other format it calls the driver's own reader, which takes ten times as long.
    """

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        """Returns an aware datetime in UTC. Raises DataError for infinity."""
        text = bytes(data).decode()
        if text.endswith("+00"):
            try:
                return _read(text)
            except ValueError:
                pass  # an instant that this language has no value for, such as infinity
        found: datetime = super().load(data)
        return found


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection, checked by its socket before the server is asked."""

    SchemaEditorClass = SchemaEditor

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Opens a connection with the fast reader of instants."""
        connection = super().get_new_connection(conn_params)
        if self.timezone is UTC:
            connection.adapters.register_loader("timestamptz", InstantLoader)
        return connection

    def is_usable(self) -> bool:
        """Returns whether the connection still works. Makes a query only if the
        socket is readable.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLPRI)
        # It may be only a notice, so ask the server.
        return bool(super().is_usable()) if poll.poll(0) else True
