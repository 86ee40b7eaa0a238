"""The database itself refuses to sell a time twice, whoever asks, and says so when it cannot."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import NonInteractiveMigrationQuestioner
from django.db.migrations.state import ProjectState

from config.monitoring import readiness
from reservations.constraints import NoOverlap, ResourceOfVenue
from reservations.models import Allocation, Reservation
from reservations.ranges import MAX_SPAN
from tests.factories import NOON, make_venue
from tests.reservations.facts import DAY, HOUR, SECOND, facts
from tests.reservations.guard import GUARD, no_guard
from venues.models import Resource, Venue

CLOSURE = "7d1b3a52-9f43-4a9e-9c0a-3a3f6f0f7a01"


def row(unit: Resource, start: timedelta, end: timedelta, **given: Any) -> Allocation:
    """An allocation from and to so long after NOON, unsaved, by no verb of the engine."""
    values = {"venue_id": unit.venue_id, "closure_id": CLOSURE} | given
    return Allocation(resource=unit, starts_at=NOON + start, ends_at=NOON + end, **values)


@pytest.fixture
def venue() -> Venue:
    return make_venue(units=2)


@pytest.fixture
def unit(venue: Venue) -> Resource:
    return venue.resources.order_by("pk")[0]


@pytest.fixture
def other(venue: Venue) -> Resource:
    return venue.resources.order_by("pk")[1]


def refused(write: Callable[[], object]) -> bool:
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        return True
    return False


OVERLAPS = [
    ("the same", 0 * HOUR, 2 * HOUR),
    ("within", HOUR / 2, HOUR),
    ("around", -HOUR, 3 * HOUR),
    ("its first second", -HOUR, SECOND),
    ("its last second", 2 * HOUR - SECOND, 3 * HOUR),
    ("its first microsecond", -HOUR, timedelta(microseconds=1)),
    ("its last microsecond", 2 * HOUR - timedelta(microseconds=1), 3 * HOUR),
]
NEIGHBOURS = [
    ("before", -HOUR, 0 * HOUR),
    ("after", 2 * HOUR, 3 * HOUR),
    ("the microsecond before", -timedelta(microseconds=1), 0 * HOUR),
    ("far", 2 * DAY, 3 * DAY),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "start", "end"), OVERLAPS)
def test_an_insert_into_taken_time_is_refused(
    unit: Resource, name: str, start: timedelta, end: timedelta
) -> None:
    row(unit, 0 * HOUR, 2 * HOUR).save()
    assert refused(row(unit, start, end).save)
    assert Allocation.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "start", "end"), NEIGHBOURS)
def test_what_only_touches_is_let_in(
    unit: Resource, name: str, start: timedelta, end: timedelta
) -> None:
    row(unit, 0 * HOUR, 2 * HOUR).save()
    assert not refused(row(unit, start, end).save)


@pytest.mark.django_db
def test_the_same_time_on_another_unit_is_let_in(unit: Resource, other: Resource) -> None:
    row(unit, 0 * HOUR, 2 * HOUR).save()
    assert not refused(row(other, 0 * HOUR, 2 * HOUR).save)


@pytest.mark.django_db
@pytest.mark.parametrize("changed", ["resource_id", "starts_at", "ends_at", "is_live"])
def test_an_update_into_taken_time_is_refused(
    unit: Resource, other: Resource, changed: str
) -> None:
    row(unit, 0 * HOUR, 2 * HOUR).save()
    one = {
        "resource_id": row(other, 0 * HOUR, 2 * HOUR),
        "starts_at": row(unit, 3 * HOUR, 4 * HOUR),
        "ends_at": row(unit, -2 * HOUR, -HOUR),
        "is_live": row(unit, 0 * HOUR, 2 * HOUR, is_live=False),
    }[changed]
    one.save()
    values = {
        "resource_id": unit.pk,
        "starts_at": NOON + HOUR,
        "ends_at": NOON + HOUR,
        "is_live": True,
    }
    mine = Allocation.objects.filter(pk=one.pk)
    assert refused(lambda: mine.update(**{changed: values[changed]}))
    assert mine.get().is_live is (changed != "is_live")


@pytest.mark.django_db
def test_an_update_may_overlap_the_row_itself(unit: Resource) -> None:
    one = row(unit, 0 * HOUR, 2 * HOUR)
    one.save()
    mine = Allocation.objects.filter(pk=one.pk)
    assert not refused(lambda: mine.update(starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR))


@pytest.mark.django_db
def test_two_rows_of_one_statement_guard_each_other(unit: Resource) -> None:
    both = [row(unit, 0 * HOUR, 2 * HOUR), row(unit, HOUR, 3 * HOUR)]
    assert refused(lambda: Allocation.objects.bulk_create(both))
    assert not Allocation.objects.exists()


@pytest.mark.django_db
def test_ignoring_conflicts_does_not_get_past_it(unit: Resource) -> None:
    row(unit, 0 * HOUR, 2 * HOUR).save()
    late = [row(unit, HOUR, 3 * HOUR)]
    refused(lambda: Allocation.objects.bulk_create(late, ignore_conflicts=True))
    assert Allocation.objects.count() == 1


@pytest.mark.django_db
def test_dead_rows_take_no_time(unit: Resource) -> None:
    row(unit, 0 * HOUR, 2 * HOUR, is_live=False).save()
    assert not refused(row(unit, 0 * HOUR, 2 * HOUR).save)
    assert not refused(row(unit, 0 * HOUR, 2 * HOUR, is_live=False).save)


@pytest.mark.django_db
@pytest.mark.parametrize("length", [0 * HOUR, -HOUR])
def test_an_empty_range_is_refused_even_within_a_taken_one(
    unit: Resource, length: timedelta
) -> None:
    assert refused(row(unit, HOUR, HOUR + length).save)
    row(unit, 0 * HOUR, 2 * HOUR).save()
    assert refused(row(unit, HOUR, HOUR + length).save)
    assert refused(lambda: Allocation.objects.update(ends_at=NOON + length))


@pytest.mark.django_db
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_span_is_at_most_a_hundred_days(venue: Venue, unit: Resource, offset: int) -> None:
    assert timedelta(days=100) == MAX_SPAN
    end = MAX_SPAN + offset * SECOND
    sold = facts(venue, ends_at=NOON + end)
    assert refused(row(unit, 0 * HOUR, end).save) is (offset > 0)
    assert refused(sold.save) is (offset > 0)


@pytest.mark.django_db(transaction=True)
def test_a_unit_of_another_venue_is_refused(unit: Resource) -> None:
    elsewhere = make_venue()
    # PostgreSQL looks at the statement's end, SQLite too: neither waits for the commit.
    assert refused(row(unit, 0 * HOUR, 2 * HOUR, venue_id=elsewhere.pk).save)
    row(unit, 0 * HOUR, 2 * HOUR).save()
    assert refused(lambda: Allocation.objects.update(venue_id=elsewhere.pk))
    assert Allocation.objects.get().venue_id == unit.venue_id


@pytest.mark.django_db
@pytest.mark.parametrize("has_both", [True, False])
def test_time_is_a_reservations_or_a_closures(venue: Venue, unit: Resource, has_both: bool) -> None:
    sold = facts(venue)
    sold.save()
    given = {"reservation": sold} if has_both else {"closure_id": None}
    assert refused(row(unit, 0 * HOUR, HOUR, **given).save)


@pytest.mark.django_db
def test_a_hold_that_would_never_lapse_is_refused(venue: Venue) -> None:
    assert refused(facts(venue, hold_expires_at=None).save)
    assert not refused(facts(venue, hold_expires_at=None, confirmed_at=NOON).save)
    assert Reservation.objects.count() == 1


@pytest.mark.django_db
def test_forms_are_told_before_the_database_refuses(unit: Resource, other: Resource) -> None:
    row(unit, 0 * HOUR, 2 * HOUR).save()
    with pytest.raises(ValidationError, match="taken for some of this time"):
        row(unit, HOUR, 3 * HOUR).validate_constraints()
    row(other, HOUR, 3 * HOUR).validate_constraints()
    row(unit, HOUR, 3 * HOUR, is_live=False).validate_constraints()
    elsewhere = make_venue()
    with pytest.raises(ValidationError, match="another venue"):
        row(unit, 3 * HOUR, 4 * HOUR, venue=elsewhere, venue_id=elsewhere.pk).validate_constraints()


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("model", "name", "wider"),
    [
        (Allocation, "reason", models.CharField(max_length=300, blank=True)),
        (Resource, "name", models.CharField(max_length=300)),
        (Venue, "name", models.CharField(max_length=300)),
    ],
)
def test_a_rebuild_of_a_table_keeps_the_guard(
    model: type[models.Model], name: str, wider: models.Field
) -> None:
    unit = make_venue().resources.get()
    row(unit, 0 * HOUR, 2 * HOUR).save()
    wider.set_attributes_from_name(name)
    wider.model = model
    old = model._meta.get_field(name)
    for before, after in ((old, wider), (wider, old)):
        with connection.schema_editor() as editor:
            editor.alter_field(model, before, after)  # type: ignore[arg-type]
        assert readiness.is_guarded()
        assert refused(row(unit, HOUR, 3 * HOUR).save)
        row(unit, 5 * HOUR, 6 * HOUR, reason="late").save()
        late = Allocation.objects.filter(reason="late")
        assert refused(partial(late.update, starts_at=NOON))
        assert refused(row(unit, 8 * HOUR, 9 * HOUR, venue_id=unit.venue_id + 1).save)
        late.delete()


@pytest.mark.django_db(transaction=True)
def test_the_guard_can_be_taken_off_and_put_on_by_a_migration() -> None:
    with connection.schema_editor() as editor:
        if connection.vendor == "postgresql":
            editor.remove_constraint(Allocation, GUARD)
            editor.add_constraint(Allocation, GUARD)
        else:
            editor.add_constraint(Allocation, GUARD)
    assert readiness.is_guarded()


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_constraint_is_checked_at_once() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT condeferrable, condeferred, contype FROM pg_constraint WHERE conname = %s",
            [GUARD.name],
        )
        assert cursor.fetchone() == (False, False, "x")


@pytest.mark.django_db(transaction=True)
def test_a_database_without_its_guard_is_not_ready() -> None:
    assert readiness.is_guarded()
    with no_guard():
        assert not readiness.is_guarded()
        fault = "The guard against double booking is missing from the database."
        assert readiness.faults()["database"] == fault
    assert readiness.is_guarded()


@pytest.mark.sqlite
@pytest.mark.django_db
@pytest.mark.parametrize("event", ["insert", "update"])
def test_half_a_guard_is_none(event: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TRIGGER "{GUARD.name}_{event}"')
    assert not readiness.is_guarded()


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    loader = MigrationLoader(connection)
    found = MigrationAutodetector(
        loader.project_state(),
        ProjectState.from_apps(apps),
        NonInteractiveMigrationQuestioner(specified_apps={"reservations", "venues"}),
    ).changes(graph=loader.graph)
    assert not {"reservations", "venues"} & set(found)


def test_constraints_are_equal_by_their_names() -> None:
    for kind in (NoOverlap, ResourceOfVenue):
        assert kind(name="a") == kind(name="a") and hash(kind(name="a")) == hash(kind(name="a"))
        assert kind(name="a") != kind(name="b")
    assert NoOverlap(name="a") != ResourceOfVenue(name="a")
