"""A rule that triggers keep, on PostgreSQL and SQLite, made and rebuilt with its table.

A trigger belongs to its table, and Django's SQLite schema editor rebuilds tables, so the triggers
are queued as deferred SQL whenever the table is made or rebuilt.
"""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint


class TriggerConstraint(BaseConstraint):
    """Says by `_triggers` which statements make the triggers, in their order."""

    def __eq__(self, other: object) -> bool:
        # Two of one class can differ only in their names.
        return type(self) is type(other) and self.name == getattr(other, "name", None)

    def __hash__(self) -> int:
        return hash(self.name)

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        assert model is not None
        assert schema_editor is not None
        # Django puts every text that is not empty into CREATE TABLE, where no trigger can stand.
        schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
        return ""

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        assert model is not None
        assert schema_editor is not None
        first, *others = self._triggers(model, schema_editor)
        schema_editor.deferred_sql.extend(others)
        return first

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Accepts every new row: what the triggers refuse or do comes with the write."""

    def _triggers(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        raise NotImplementedError


def statement(
    template: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
) -> Statement:
    """Returns SQL whose `%(table)s` follows the table through the renames of a rebuild."""
    return Statement(template, table=Table(model._meta.db_table, schema_editor.quote_name))
