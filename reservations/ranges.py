"""Time as ranges, as PostgreSQL can index them, and what does the same on other databases.

A btree on one end of a range finds too much: all that ends later, or began before. The rows that
overlap a day are as few in a venue of a million reservations as in one of ten thousand, and a gist
on (venue, range) reads these alone.

The constraint has a gist too, on (resource, range), and where there is one venue the planner takes
either for a day of it, though that one is read as a whole. So a range is written in two ways that
mean the same: with its bounds named, as in the constraint, and without, as in the index of venues.
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
"""The longest range one row may take; without ranges, what overlaps is found wrong without it."""

_CREATE = (
    "CREATE INDEX %(name)s ON %(table)s "
    "USING gist (venue_id, tstzrange(starts_at, ends_at)) WHERE is_live"
)


class RangeIndex(models.Index):
    """Finds the live rows of a venue that overlap a range; elsewhere an index of its fields."""

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
    """Whether a row's `[starts_at, ends_at)` shares an instant with `[start, end)`.

    No row's is longer than MAX_SPAN, which without ranges lets an index find the few. PostgreSQL
    finds live rows alone in an index: by venue, or else by resource.
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
        """Each as SQL and what it binds; columns bind nothing."""
        return [compiler.compile(part) for part in self.get_source_expressions()]
