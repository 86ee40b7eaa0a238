"""Constraints that keep wrong rows out of the database, on PostgreSQL and SQLite.

Both get a composite foreign key. Against overlaps PostgreSQL gets an exclusion constraint, and
SQLite triggers that abort. A trigger belongs to its table, and Django's SQLite schema editor
rebuilds tables, so the triggers are queued as deferred SQL whenever the table is made or rebuilt. A
trigger must not name another table: to rebuild that one would then fail.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint

_EXCLUDE = (
    "EXCLUDE USING gist (resource_id WITH =, "
    "tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (is_live)"
)

_TRIGGER = """CREATE TRIGGER "{name}_{event}" BEFORE {when} ON %(table)s
WHEN NEW.is_live
BEGIN
    SELECT RAISE(ABORT, '{name}') WHERE EXISTS (
        SELECT 1 FROM %(table)s AS other
        WHERE other.resource_id = NEW.resource_id AND other.is_live
        AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at{but_itself});
END"""


class NoOverlap(BaseConstraint):
    """Two live rows of one resource never share an instant of `[starts_at, ends_at)`.

    Everything that takes time relies on it: it holds even where a lock was forgotten. NOT
    DEFERRABLE, since ON CONFLICT DO NOTHING requires that.
    """

    def __eq__(self, other: object) -> bool:
        # Two of these can differ only in their names.
        return isinstance(other, NoOverlap) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        assert model is not None
        assert schema_editor is not None
        if schema_editor.connection.vendor == "postgresql":
            return f"CONSTRAINT {schema_editor.quote_name(self.name)} {_EXCLUDE}"
        schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
        # Django puts every text that is not empty into CREATE TABLE, where no trigger can stand.
        return ""

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        assert model is not None
        assert schema_editor is not None
        if schema_editor.connection.vendor == "postgresql":
            added = self.constraint_sql(model, schema_editor)
            return _statement(f"ALTER TABLE %(table)s ADD {added}", model, schema_editor)
        first, *others = self._triggers(model, schema_editor)
        schema_editor.deferred_sql.extend(others)
        return first

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        return _drop(self.name, model, schema_editor)

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: Any = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        taken: Any = instance
        if not taken.is_live:
            return
        others = model._default_manager.using(using).filter(
            resource_id=taken.resource_id,
            is_live=True,
            starts_at__lt=taken.ends_at,
            ends_at__gt=taken.starts_at,
        )
        if others.exclude(pk=instance.pk).exists():
            raise ValidationError("This unit is taken for some of this time.", code="taken")

    def is_in_place(self, connection: BaseDatabaseWrapper) -> bool:
        """True when the database at this connection has the constraint, and has validated it."""
        if connection.vendor == "postgresql":
            query = "SELECT count(*) FROM pg_constraint WHERE conname = %s AND convalidated"
            names = [self.name]
        else:
            query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name IN (%s, %s)"
            names = [f"{self.name}_insert", f"{self.name}_update"]
        with connection.cursor() as cursor:
            cursor.execute(query, names)
            return bool(cursor.fetchone()[0] == len(names))

    def _triggers(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        # Before an insert NEW.id is not known, so only the update trigger leaves its own row out.
        insert = {"event": "insert", "when": "INSERT", "but_itself": ""}
        update = {
            "event": "update",
            "when": "UPDATE OF resource_id, starts_at, ends_at, is_live",
            "but_itself": " AND other.id <> NEW.id",
        }
        return [
            _statement(_TRIGGER.format(name=self.name, **words), model, schema_editor)
            for words in (insert, update)
        ]


class ResourceOfVenue(BaseConstraint):
    """An allocation's venue is its resource's venue. Queries for a whole venue rely on it."""

    def __eq__(self, other: object) -> bool:
        # Two of these can differ only in their names.
        return isinstance(other, ResourceOfVenue) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def constraint_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> str:
        assert schema_editor is not None
        # Checked at commit, as Django's own keys are, since Django empties tables in any order.
        return (
            f"CONSTRAINT {schema_editor.quote_name(self.name)} FOREIGN KEY "
            '(resource_id, venue_id) REFERENCES "venues_resource" (id, venue_id) '
            "DEFERRABLE INITIALLY DEFERRED"
        )

    def create_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        assert model is not None
        assert schema_editor is not None
        added = self.constraint_sql(model, schema_editor)
        return _statement(f"ALTER TABLE %(table)s ADD {added}", model, schema_editor)

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        return _drop(self.name, model, schema_editor)

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: Any = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        taken: Any = instance
        if taken.resource.venue_id != taken.venue_id:
            raise ValidationError("This unit belongs to another venue.", code="other_venue")


def _drop(
    name: str,
    model: type[models.Model] | None,
    schema_editor: BaseDatabaseSchemaEditor | None,
) -> Statement:
    assert model is not None
    assert schema_editor is not None
    name = schema_editor.quote_name(name)
    return _statement(f"ALTER TABLE %(table)s DROP CONSTRAINT {name}", model, schema_editor)


def _statement(
    template: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
) -> Statement:
    # A Table part follows the table through the renames of a rebuild.
    return Statement(template, table=Table(model._meta.db_table, schema_editor.quote_name))
