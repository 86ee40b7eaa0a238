"""Migration operations that build an index beside running bookings on PostgreSQL.

SQLite has one writer at a time and builds it as usual. A migration that uses one is not atomic:
PostgreSQL builds no index concurrently inside a transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class AddIndexWhileServing(AddIndexConcurrently):
    """Adds an index of the model."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_forwards(self, app_label, editor, before, after)
            return
        with _unhurried(editor, self.index.name):
            super().database_forwards(app_label, editor, before, after)

    def database_backwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor != "postgresql":
            migrations.AddIndex.database_backwards(self, app_label, editor, before, after)
            return
        super().database_backwards(app_label, editor, before, after)


class AddUniqueWhileServing(migrations.AddConstraint):
    """Adds a unique constraint that has a condition, which is an index on both databases."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, editor, before, after)
            return
        model = after.apps.get_model(app_label, self.model_name)
        statement = str(self.constraint.create_sql(model, editor))
        with _unhurried(editor, self.constraint.name):
            editor.execute(statement.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1))


@contextmanager
def _unhurried(editor: Any, name: str) -> Iterator[None]:
    # A build that was broken off leaves an index that is not used; a large one takes minutes.
    editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {editor.quote_name(name)}")
    editor.execute("SET statement_timeout = 0")
    editor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        editor.execute("RESET statement_timeout")
        editor.execute("RESET lock_timeout")
