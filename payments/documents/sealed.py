"""Keeps documents and their prefixes as they were issued, by triggers on both databases."""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement

from payments.append_only import AppendOnly
from venues.triggers import TriggerConstraint, statement

BLANKED = ("recipient_name", "recipient_address")
"""The columns that may be emptied, both at once, when the law no longer asks for the name."""

_FUNCTION = """CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF TG_OP = 'UPDATE' THEN
    IF {is_blanked} AND to_jsonb(NEW) - ARRAY[{blanked}] = to_jsonb(OLD) - ARRAY[{blanked}] THEN
        RETURN NEW;
    END IF;
END IF;
RAISE EXCEPTION '{name}' USING ERRCODE = 'restrict_violation';
END $$"""
_ON_POSTGRESQL = """CREATE TRIGGER "{name}_{event}" BEFORE {event} ON %(table)s
FOR EACH ROW EXECUTE FUNCTION "{name}"()"""
_ON_SQLITE = """CREATE TRIGGER "{name}_{event}" BEFORE {event} ON %(table)s {when}
BEGIN SELECT RAISE(ABORT, '{name}'); END"""


class Sealed(AppendOnly):
    """A document is never changed or deleted; its recipient can be blanked, and nothing else.

    Whoever holds the paper relies on it. On SQLite the trigger names every column: a migration that
    adds one makes this constraint anew.
    """

    def _triggers(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        is_blanked = " AND ".join(f"NEW.{name} = ''" for name in BLANKED)
        if schema_editor.connection.vendor == "sqlite":
            columns = [field.column for field in model._meta.local_concrete_fields]
            same = [f'NEW."{name}" IS OLD."{name}"' for name in columns if name not in BLANKED]
            when = f"WHEN NOT ({' AND '.join([is_blanked, *same])})"
            texts = [
                _ON_SQLITE.format(name=self.name, event="update", when=when),
                _ON_SQLITE.format(name=self.name, event="delete", when=""),
            ]
        else:
            blanked = ", ".join(f"'{name}'" for name in BLANKED)
            texts = [
                _FUNCTION.format(name=self.name, is_blanked=is_blanked, blanked=blanked),
                _ON_POSTGRESQL.format(name=self.name, event="update"),
                _ON_POSTGRESQL.format(name=self.name, event="delete"),
            ]
        return [statement(text, model, schema_editor) for text in texts]


_KEPT = ("prefix", "kind", "venue_id", "first_issued_at")

_PREFIX_FUNCTION = """CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF OLD.first_issued_at IS NOT NULL AND ({differs}) THEN
    RAISE EXCEPTION '{name}' USING ERRCODE = 'restrict_violation';
END IF;
RETURN NEW;
END $$"""


class PrefixKept(TriggerConstraint):
    """A series keeps its prefix once it has issued a document. Numbers that were printed rely on
    it.
    """

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        assert model is not None
        assert schema_editor is not None
        return statement(f'DROP FUNCTION "{self.name}" CASCADE', model, schema_editor)

    def _triggers(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        if schema_editor.connection.vendor == "sqlite":
            differs = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)
            when = f"WHEN OLD.first_issued_at IS NOT NULL AND ({differs})"
            texts = [_ON_SQLITE.format(name=self.name, event="update", when=when)]
        else:
            differs = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _KEPT)
            texts = [
                _PREFIX_FUNCTION.format(name=self.name, differs=differs),
                _ON_POSTGRESQL.format(name=self.name, event="update"),
            ]
        return [statement(text, model, schema_editor) for text in texts]
