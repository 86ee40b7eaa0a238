"""Indexes that a migration builds beside running bookings."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from tests.factories import make_venue
from venues.models import Venue
from venues.online_indexes import AddIndexWhileServing, AddUniqueWhileServing

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "venue_of_a_test"
IN_ROME = Q(city="Rome")
INDEX = AddIndexWhileServing(
    model_name="venue", index=models.Index(fields=["city"], name=NAME, condition=IN_ROME)
)
UNIQUE = AddUniqueWhileServing(
    model_name="venue",
    constraint=models.UniqueConstraint(fields=["city"], name=NAME, condition=IN_ROME),
)


@pytest.fixture(autouse=True)
def no_index_is_left() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {NAME}")


def migrate(operation: Operation, *, is_back: bool = False) -> list[str]:
    """Runs one operation on the tables as they are. Returns the statements."""
    before = ProjectState.from_apps(apps)
    after = before.clone()
    operation.state_forwards("venues", after)
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        connection.schema_editor(atomic=False) as editor,
    ):
        if is_back:
            operation.database_backwards("venues", editor, after, before)
        else:
            operation.database_forwards("venues", editor, before, after)
    return [query["sql"] for query in queries]


def found() -> Any:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, Venue._meta.db_table).get(NAME)


@pytest.mark.parametrize(("operation", "is_unique"), [(INDEX, False), (UNIQUE, True)])
def test_it_is_built_and_taken_down(operation: Operation, is_unique: bool) -> None:
    migrate(operation)
    built = found()
    assert built is not None
    assert (built["columns"], built["unique"]) == (["city"], is_unique)
    migrate(operation, is_back=True)
    assert found() is None


def test_a_unique_one_binds_the_rows_of_its_condition_alone() -> None:
    migrate(UNIQUE)
    first, second = make_venue(), make_venue()
    Venue.objects.update(city="Paris")
    Venue.objects.filter(pk=first.pk).update(city="Rome")
    with pytest.raises(IntegrityError):
        Venue.objects.filter(pk=second.pk).update(city="Rome")


@pytest.mark.postgres
@pytest.mark.parametrize("operation", [INDEX, UNIQUE])
def test_no_writer_waits_and_no_timeout_ends_it(operation: Operation) -> None:
    with connection.cursor() as cursor:
        # What a build that was broken off leaves: an index of this name that is of no use.
        cursor.execute(f"CREATE INDEX {NAME} ON venues_venue (name)")
        cursor.execute("SHOW statement_timeout")
        timeout = cursor.fetchone()
    statements = migrate(operation)
    building = next(number for number, sql in enumerate(statements) if "CREATE" in sql)
    assert "INDEX CONCURRENTLY" in statements[building]
    assert "SET statement_timeout = 0" in statements[:building]
    built = found()
    assert built is not None
    assert built["columns"] == ["city"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == timeout
