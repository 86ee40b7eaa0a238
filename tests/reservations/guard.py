"""Takes the database's guard against overlaps away for a while, and puts it back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from reservations.constraints import NoOverlap
from reservations.models import Allocation

(GUARD,) = (one for one in Allocation._meta.constraints if isinstance(one, NoOverlap))


@contextmanager
def no_guard() -> Iterator[None]:
    """Without the guard; whatever was written meanwhile is deleted before it is put back."""
    undo = _drop()
    try:
        yield
    finally:
        Allocation.objects.all().delete()
        with connection.cursor() as cursor:
            for statement in undo:
                cursor.execute(statement)


def _drop() -> list[str]:
    """Drop it; returns the statements that make it again."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"
            cursor.execute(query, [GUARD.name])
            (definition,) = cursor.fetchone()
            table = f'ALTER TABLE "{Allocation._meta.db_table}"'
            cursor.execute(f'{table} DROP CONSTRAINT "{GUARD.name}"')
            return [f'{table} ADD CONSTRAINT "{GUARD.name}" {definition}']
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s",
            [f"{GUARD.name}%"],
        )
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        return [statement for _, statement in triggers]
