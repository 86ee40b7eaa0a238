"""The index that finds reservations by pieces of their search text.

PostgreSQL has trigrams of pg_trgm in a gin index. SQLite has them in a table of FTS5, which
triggers keep. Both hold pieces of three letters, so that the rows they name are read and compared.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models import Q
from django.db.models.expressions import RawSQL

TABLE = "reservations_searched"
"""The table of FTS5 on SQLite. It holds no texts, only pieces of three letters without order."""

_ON_POSTGRES = (
    "CREATE INDEX %(concurrently)s%(name)s ON %(table)s USING gin (search_text gin_trgm_ops)"
)
_ON_SQLITE = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {TABLE} USING fts5(search_text, "
    "content='reservations_reservation', content_rowid='id', "
    "tokenize='trigram', detail=none, columnsize=0)"
)
_FORGET = (
    "INSERT INTO reservations_searched(reservations_searched, rowid, search_text) "
    "VALUES ('delete', OLD.id, OLD.search_text);"
)
_LEARN = "INSERT INTO reservations_searched(rowid, search_text) VALUES (NEW.id, NEW.search_text);"
_TRIGGERS = {
    "insert": f"AFTER INSERT ON %(table)s BEGIN {_LEARN} END",
    "delete": f"AFTER DELETE ON %(table)s BEGIN {_FORGET} END",
    "update": "AFTER UPDATE OF search_text ON %(table)s "
    f"WHEN OLD.search_text IS NOT NEW.search_text BEGIN {_FORGET} {_LEARN} END",
}


class SearchIndex(models.Index):
    """Finds rows by pieces of `search_text`."""

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **options: Any,
    ) -> Statement:
        """Returns the statement that makes it. On SQLite, the triggers are queued after it."""
        table = Table(model._meta.db_table, schema_editor.quote_name)
        if schema_editor.connection.vendor == "postgresql":
            concurrently = "CONCURRENTLY " if options.get("concurrently") else ""
            name = schema_editor.quote_name(self.name)
            return Statement(_ON_POSTGRES, table=table, name=name, concurrently=concurrently)
        # A trigger goes with its table when Django rebuilds that, and is queued again here.
        schema_editor.deferred_sql.extend(
            Statement(f"CREATE TRIGGER IF NOT EXISTS {TABLE}_{event} {text}", table=table)
            for event, text in _TRIGGERS.items()
        )
        return Statement(_ON_SQLITE, table=table)

    def remove_sql(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, **options: Any
    ) -> Any:
        """Returns the statement that removes it."""
        if schema_editor.connection.vendor == "postgresql":
            return super().remove_sql(model, schema_editor, **options)
        for event in _TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{event}")
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement(f"DROP TABLE IF EXISTS {TABLE}", table=table)


def candidates(pieces: Iterable[Iterable[str]]) -> Q:
    """Returns the rows that the index names for any of these lists of pieces, on SQLite.

    An empty Q on PostgreSQL, whose planner uses the index by itself, and where some list has no
    piece of three letters.
    """
    if connection.vendor == "postgresql":
        return Q()
    asked = [" AND ".join(f'"{each}"' for each in _trigrams(one)) for one in pieces]
    if not asked or not all(asked):
        return Q()
    match = " OR ".join(f"({each})" for each in asked)
    named = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s"  # noqa: S608 - our own name
    return Q(pk__in=RawSQL(named, [match]))  # noqa: S611 - words of letters and digits alone


def _trigrams(pieces: Iterable[str]) -> list[str]:
    found = (piece[at : at + 3] for piece in pieces for at in range(len(piece) - 2))
    return list(dict.fromkeys(found))
