"""Gives every reservation its search text, and the index of its pieces."""

import logging
from typing import Any

from django.db import DatabaseError, migrations, transaction

import spelling.search_index
import spelling.fields
from spelling.search_text import of_person

log = logging.getLogger(__name__)

BATCH = 2_000


def fill(apps: Any, editor: Any) -> None:
    rows = apps.get_model("reservations", "Reservation").objects.filter(search_text="")
    names = ("pk", "first_name", "last_name", "phone", "email", "vehicle_plate", "code")
    last = 0
    while found := list(rows.filter(pk__gt=last).order_by("pk").values_list(*names)[:BATCH]):
        texts = [
            (of_person(first, second, phone=phone, email=email, marks=(plate, code)), pk)
            for pk, first, second, phone, email, plate, code in found
        ]
        with transaction.atomic(), editor.connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE reservations_reservation SET search_text = %s WHERE id = %s", texts
            )
        last = found[-1][0]


def add_trigrams(apps: Any, editor: Any) -> None:
    if editor.connection.vendor != "postgresql" or has_trigrams(editor.connection):
        return
    try:
        with transaction.atomic(), editor.connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as fault:
        log.warning("PostgreSQL adds no pg_trgm, so searches read every reservation: %s", fault)


def has_trigrams(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')")
        return bool(cursor.fetchone()[0])


def read_all(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "sqlite":
        table = spelling.search_index.TABLE
        editor.execute(f"INSERT INTO {table}({table}) VALUES ('rebuild')")


class AddSearchIndex(migrations.AddIndex):
    """Builds the index beside running bookings; without pg_trgm it is left out."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        if not has_trigrams(schema_editor.connection):
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        # A build that was broken off leaves an index that is not used; a large one takes minutes.
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self.index.name}")
        schema_editor.execute("SET statement_timeout = 0")
        schema_editor.execute("SET lock_timeout = 0")
        try:
            schema_editor.add_index(model, self.index, concurrently=True)
        finally:
            schema_editor.execute("RESET statement_timeout")
            schema_editor.execute("RESET lock_timeout")

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP INDEX IF EXISTS {self.index.name}")
        else:
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    # PostgreSQL builds no index concurrently inside a transaction.
    atomic = False

    dependencies = [
        ("reservations", "0010_reservation_of_email"),
    ]

    operations = [
        migrations.AddField(
            model_name="reservation",
            name="search_text",
            field=spelling.fields.SearchTextField(),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(add_trigrams, migrations.RunPython.noop),
        AddSearchIndex(
            model_name="reservation",
            index=spelling.search_index.SearchIndex(
                fields=["search_text"], name="reservation_searched"
            ),
        ),
        migrations.RunPython(read_all, migrations.RunPython.noop),
    ]
