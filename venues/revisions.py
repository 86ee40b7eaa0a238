"""Keeps a revision on each venue, which the database changes when the venue or its parts change.

`venues.catalogue` compares it with the revision that a cached venue was read with. Triggers change
it, so that no shell, migration or bulk update can forget to. Revisions are random: after a rollback
or a restored backup, a counter would return to old numbers for new contents.
"""

import secrets
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement

from venues.triggers import TriggerConstraint, statement

POSTGRES_FUNCTIONS = """
CREATE FUNCTION venue_new_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := (random() * 9007199254740991)::bigint;
    RETURN NEW;
END $$;
CREATE FUNCTION venue_revise_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE venues_venue SET revision = 0 WHERE id IN (SELECT venue_id FROM touched);
    RETURN NULL;
END $$;
CREATE FUNCTION venue_revise_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE venues_venue SET revision = 0
    WHERE id IN (SELECT venue_id FROM touched UNION SELECT venue_id FROM before);
    RETURN NULL;
END $$;
"""
"""The functions that PostgreSQL's triggers call.

A migration creates them before the first trigger.
"""

_OWN = {
    "postgresql": {
        "update": "BEFORE UPDATE ON %(table)s FOR EACH ROW EXECUTE FUNCTION venue_new_revision()"
    },
    # On SQLite a trigger does not fire itself.
    "sqlite": {
        "update": "AFTER UPDATE ON %(table)s BEGIN "
        "UPDATE %(table)s SET revision = random() WHERE id = NEW.id; END"
    },
}
# FOR EACH STATEMENT, since one statement may write thousands of units.
_POSTGRES = (
    "AFTER {event} ON %(table)s REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {do}()"
)
_SQLITE = (
    "AFTER {event} ON %(table)s BEGIN "
    "UPDATE venues_venue SET revision = random() WHERE id IN ({ids}); END"
)
_OF_VENUE = {
    "postgresql": {
        "insert": _POSTGRES.format(
            event="INSERT", rows="NEW TABLE AS touched", do="venue_revise_one"
        ),
        "update": _POSTGRES.format(
            event="UPDATE",
            rows="NEW TABLE AS touched OLD TABLE AS before",
            do="venue_revise_both",
        ),
        "delete": _POSTGRES.format(
            event="DELETE", rows="OLD TABLE AS touched", do="venue_revise_one"
        ),
    },
    "sqlite": {
        "insert": _SQLITE.format(event="INSERT", ids="NEW.venue_id"),
        "update": _SQLITE.format(event="UPDATE", ids="OLD.venue_id, NEW.venue_id"),
        "delete": _SQLITE.format(event="DELETE", ids="OLD.venue_id"),
    },
}


def new_revision() -> int:
    """A random revision of 62 bits, which no venue had before."""
    return secrets.randbits(62)


class Revises(TriggerConstraint):
    """Any change of a row of this table gives its venue a new revision.

    On the table of venues, any change of the venue itself. `venues.catalogue` relies on it, and so
    does every booking that is judged on a cached venue.
    """

    def remove_sql(
        self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None
    ) -> Any:
        assert model is not None
        assert schema_editor is not None
        # One text, since deferred statements would run after the functions are dropped. SQLite
        # rebuilds the table instead.
        names = [f'"{self.name}_{event}"' for event in _bodies(model, schema_editor)]
        drops = "; ".join(f"DROP TRIGGER {name} ON %(table)s" for name in names)
        return statement(drops, model, schema_editor)

    def _triggers(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        bodies = _bodies(model, schema_editor)
        return [
            statement(f'CREATE TRIGGER "{self.name}_{event}" {body}', model, schema_editor)
            for event, body in bodies.items()
        ]


def _bodies(model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> dict[str, str]:
    # Decided by its fields, since a table that is being rebuilt has another name.
    is_of_venue = any(field.name == "venue" for field in model._meta.get_fields())
    bodies = _OF_VENUE if is_of_venue else _OWN
    return bodies[schema_editor.connection.vendor]
