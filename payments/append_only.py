"""Keeps rows as they were written: triggers refuse to change or delete them, on both databases."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement

from venues.triggers import TriggerConstraint, statement

_FUNCTION = """CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{name}' USING ERRCODE = 'restrict_violation'; END $$"""
_ON_POSTGRESQL = """CREATE TRIGGER "{name}_{event}" BEFORE {event} ON %(table)s
FOR EACH ROW EXECUTE FUNCTION "{name}"()"""
_ON_SQLITE = """CREATE TRIGGER "{name}_{event}" BEFORE {event} ON %(table)s
BEGIN SELECT RAISE(ABORT, '{name}'); END"""

_EVENTS = ("update", "delete")


class AppendOnly(TriggerConstraint):
    """A row is never changed or deleted. Whoever reads the ledger relies on it."""

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        assert model is not None
        assert schema_editor is not None
        # Its triggers go with it. SQLite rebuilds the table without them, and never asks.
        return statement(f'DROP FUNCTION "{self.name}" CASCADE', model, schema_editor)

    def is_in_place(self, connection: BaseDatabaseWrapper) -> bool:
        """True when the database at this connection refuses both."""
        is_sqlite = connection.vendor == "sqlite"
        query = (
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name IN (%s, %s)"
            if is_sqlite
            else "SELECT count(*) FROM pg_trigger WHERE tgname IN (%s, %s) AND tgenabled <> 'D'"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [f"{self.name}_{event}" for event in _EVENTS])
            return bool(cursor.fetchone()[0] == len(_EVENTS))

    def _triggers(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        is_sqlite = schema_editor.connection.vendor == "sqlite"
        template = _ON_SQLITE if is_sqlite else _ON_POSTGRESQL
        texts = [template.format(name=self.name, event=event) for event in _EVENTS]
        if not is_sqlite:
            texts.insert(0, _FUNCTION.format(name=self.name))
        return [statement(text, model, schema_editor) for text in texts]
