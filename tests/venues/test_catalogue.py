"""What venues sell by is kept in memory exactly as long as nobody changed it, by whichever way."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.db import connection, models, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from reservations import records
from reservations.errors import NotFound
from tests.factories import add_category, add_hours, make_venue
from venues import catalogue
from venues.models import Category, Combination, Opening, Policy, Rate, Resource, Venue
from venues.revisions import Revises

pytestmark = pytest.mark.django_db


def found(venue: Venue) -> Venue:
    return records.find_venue(venue.slug)


def join_tables(venue: Venue) -> None:
    category = venue.categories.get()
    Combination.objects.create(venue=venue, category=category, name="1+2", capacity=8)


def raise_in_sql(venue: Venue) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE venues_rate SET amount_minor = amount_minor + 1")


CHANGES: dict[str, Callable[[Venue], object]] = {
    "the venue": lambda venue: venue.save(),
    "the venue, in bulk": lambda venue: Venue.objects.update(name="Another"),
    "its policy": lambda venue: Policy.objects.update(notice=timedelta(hours=2)),
    "a new category": lambda venue: add_category(venue, "more", units=0),
    "a category": lambda venue: Category.objects.update(is_on_request=True),
    "a new unit": lambda venue: add_category(venue, "more", units=1),
    "a unit": lambda venue: Resource.objects.update(capacity=9),
    "units that go": lambda venue: Resource.objects.filter(venue=venue).delete(),
    "new hours": lambda venue: add_hours(venue, time(9), time(17)),
    "hours that go": lambda venue: Opening.objects.all().delete(),
    "a rate": lambda venue: Rate.objects.update(amount_minor=5),
    "a rate, in SQL": raise_in_sql,
    "a rate that goes": lambda venue: Rate.objects.all().delete(),
    "a combination": join_tables,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_venue_is_seen_at_the_next_look(change: str) -> None:
    venue = make_venue(units=2)
    add_hours(venue, time(0), time(0))
    before = found(venue)
    assert found(venue) is before
    CHANGES[change](venue)
    after = found(venue)
    assert after is not before
    assert after.revision != before.revision
    assert found(venue) is after


def test_what_changes_at_another_venue_changes_nothing_here() -> None:
    venue, other = make_venue(), make_venue()
    before = found(venue)
    other.policy.save()
    assert found(venue) is before


def test_what_moves_from_one_venue_to_another_changes_both() -> None:
    venue, other = make_venue(), make_venue()
    revisions = {found(venue).revision, found(other).revision}
    Rate.objects.filter(venue=venue).update(venue=other)
    assert revisions.isdisjoint({found(venue).revision, found(other).revision})


def test_one_small_query_while_nothing_changes() -> None:
    venue = make_venue(units=3)
    found(venue)
    with CaptureQueriesContext(connection) as asked:
        again = found(venue)
        assert [unit.category.code for unit in again.resources.all()] == ["standard"] * 3
        assert [len(one.rates.all()) for one in again.categories.all()] == [1]
        assert (again.policy.notice, list(again.openings.all())) == (timedelta(0), [])
    assert len(asked) == 1


def test_what_is_rolled_back_is_not_kept() -> None:
    venue = make_venue()
    before = found(venue).policy.notice
    with transaction.atomic():
        Policy.objects.update(notice=timedelta(days=7))
        assert found(venue).policy.notice == timedelta(days=7)
        transaction.set_rollback(True)
    assert found(venue).policy.notice == before


def test_a_venue_that_closed_is_not_found_but_still_loaded() -> None:
    venue = make_venue()
    found(venue)
    Venue.objects.update(is_active=False)
    with pytest.raises(NotFound):
        found(venue)
    assert catalogue.load(venue.pk).is_active is False
    with pytest.raises(Venue.DoesNotExist):
        catalogue.load(venue.pk + 1)


def test_it_is_last_seen_without_a_query_as_it_was() -> None:
    venue = make_venue()
    assert catalogue.last_seen("nowhere") is None
    before = found(venue)
    Policy.objects.update(notice=timedelta(days=7))
    with CaptureQueriesContext(connection) as asked:
        assert catalogue.last_seen(venue.slug) is before
    assert len(asked) == 0
    assert found(venue) is catalogue.last_seen(venue.slug)


def test_no_more_venues_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "MOST", 2)
    venues = [make_venue() for _ in range(3)]
    first = [found(one) for one in venues]
    assert catalogue.last_seen(venues[0].slug) is None
    assert found(venues[2]) is first[2]
    assert found(venues[0]).pk == venues[0].pk


TOUCHED: dict[type[models.Model], str] = {
    Venue: "name",
    Policy: "state_change_rate",
    Category: "name",
    Resource: "name",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("model", "name"), TOUCHED.items())
def test_a_rebuild_of_a_table_keeps_its_triggers(model: type[models.Model], name: str) -> None:
    venue = make_venue()
    wider = models.CharField(max_length=300, blank=True)
    wider.set_attributes_from_name(name)
    wider.model = model
    old = model._meta.get_field(name)
    for before, after in ((old, wider), (wider, old)):
        with connection.schema_editor() as editor:
            editor.alter_field(model, before, after)  # type: ignore[arg-type]
        for touched, column in TOUCHED.items():
            seen = found(venue)
            touched._default_manager.update(**{column: F(column)})
            assert found(venue).revision != seen.revision


@pytest.mark.postgres  # SQLite makes the table anew, without what its state does not name
@pytest.mark.django_db(transaction=True)
def test_a_migration_can_take_the_triggers_off_and_put_them_on() -> None:
    venue = make_venue()
    revises = next(one for one in Rate._meta.constraints if isinstance(one, Revises))
    with connection.schema_editor() as editor:
        editor.remove_constraint(Rate, revises)
    before = found(venue)
    Rate.objects.update(amount_minor=7)
    assert found(venue) is before
    with connection.schema_editor() as editor:
        editor.add_constraint(Rate, revises)
    Rate.objects.update(amount_minor=8)
    assert found(venue) is not before
