"""Indexes and compares ranges: by range types on PostgreSQL, by columns on other databases.

A btree on one end of a range finds too much: all that ends later, or began before. The rows that
overlap a day are as few in a venue of a million reservations as in one of ten thousand, and a gist
index on (venue, range) reads only these.

The constraint has a gist index too, on (resource, range). With one venue the planner would take
either, though that one is then read as a whole. So a range is written in two ways that mean the
same: with its bounds named, as in the constraint, and without, as in the index by venue.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models import BooleanField, F, Func, Value
from django.db.models.sql.compiler import SQLCompiler

MAX_SPAN = timedelta(days=100)
"""The longest range of one row. Without range types, `Overlaps` relies on it."""

_CREATE = (
    "CREATE INDEX %(name)s ON %(table)s "
    "USING gist (venue_id, tstzrange(starts_at, ends_at)) WHERE is_live"
)


class RangeIndex(models.Index):
    """Finds live rows of a venue that overlap a range.

    Without range types, a plain index of its fields.
    """

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **kwargs: Any,
    ) -> Statement:
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **kwargs)
        quote = schema_editor.quote_name
        return Statement(_CREATE, table=Table(model._meta.db_table, quote), name=quote(self.name))


class Overlaps(Func):
    """True for a row whose `[starts_at, ends_at)` shares an instant with `[start, end)`.

    No row is longer than MAX_SPAN, so without range types an index finds the few candidates. On
    PostgreSQL an index finds live rows by venue, or else by resource.
    """

    output_field = BooleanField()

    def __init__(self, start: datetime, end: datetime, *, by_venue: bool) -> None:
        given = (Value(start), Value(end), Value(start - MAX_SPAN))
        super().__init__(F("starts_at"), F("ends_at"), *given)
        self.by_venue = by_venue

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, list[Any]]:
        starts, ends, start, end, earliest = self._parts(compiler)
        text = (
            f"({starts[0]} < {end[0]} AND {ends[0]} > {start[0]} AND {starts[0]} > {earliest[0]})"
        )
        return text, [*end[1], *start[1], *earliest[1]]

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, list[Any]]:
        starts, ends, start, end, _ = self._parts(compiler)
        bounds = "" if self.by_venue else ", '[)'"
        text = f"(tstzrange({starts[0]}, {ends[0]}{bounds}) && tstzrange({start[0]}, {end[0]}))"
        return text, [*start[1], *end[1]]

    def _parts(self, compiler: SQLCompiler) -> list[tuple[str, Any]]:
        """The SQL and parameters of each part. Columns have no parameters."""
        return [compiler.compile(part) for part in self.get_source_expressions()]
