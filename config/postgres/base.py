"""Django's PostgreSQL backend, with connections that are cheap to keep and instants cheap to read.

A server that ends says so, or its end of the socket closes: either can be read. While nothing can
be read, an idle connection is as good as it was, and each request is spared a query.
"""

import select
from datetime import UTC, datetime
from typing import Any, Self

from django.db.backends.postgresql import base, schema
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.abc import Buffer

# Looked up once: in tests the name may stand for a clock that is stopped.
_read = datetime.fromisoformat


class SchemaEditor(schema.DatabaseSchemaEditor):
    """An index over a large table takes longer than any statement of a request may."""

    def __enter__(self) -> Self:
        super().__enter__()
        if self.atomic_migration:
            self.execute("SET LOCAL statement_timeout = 0")
        return self


class InstantLoader(BaseTzLoader):  # type: ignore[misc]  # untyped in the stubs
    """An instant as the server writes it in UTC, read by C; a page of a list has a thousand.

    The library's own, which takes ten times as long, reads whatever is written otherwise.
    """

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        text = bytes(data).decode()
        if text.endswith("+00"):
            try:
                return _read(text)
            except ValueError:
                pass  # an instant that this language has no value for, such as infinity
        found: datetime = super().load(data)
        return found


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection; whether it may be used again is looked at before it is asked."""

    SchemaEditorClass = SchemaEditor

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.timezone is UTC:
            connection.adapters.register_loader("timestamptz", InstantLoader)
        return connection

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLPRI)
        # What can be read may also be a notice, so then the server is asked.
        return bool(super().is_usable()) if poll.poll(0) else True
