"""One's own parking as a page: both instants, spot and cost, and plots with words and a table."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from guests import callers
from guests.models import User
from reservations.models import Reservation
from tests.factories import hold, make_venue
from tests.guests.factories import UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def inside(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def lot() -> Venue:
    return make_venue(units=20, confirms_at_once=True)


def parked(user: User, lot: Venue) -> Reservation:
    """Arrived three hours ago, left one hour ago."""
    # Of whole hours: late in the evening each day's part is rounded.
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + 2 * HOUR
    row = hold(lot, start, by=callers.for_user(user))
    now = timezone.now().replace(microsecond=0)
    row.starts_at, row.ends_at = now - 3 * HOUR, now - HOUR
    row.checked_in_at, row.checked_out_at = now - 3 * HOUR, now - HOUR
    row.save()
    return row


def test_a_row_has_both_instants_the_spot_and_the_cost(
    inside: Client, user: User, lot: Venue
) -> None:
    row = parked(user, lot)
    page = inside.get("/me/parking/").content.decode()
    for at in (row.checked_in_at, row.checked_out_at):
        assert at is not None and f"{at:%H:%M}" in page
    assert row.allocations.get().resource.name in page
    assert "€20.00" in page
    assert "UTC" in page


def test_the_plots_say_in_words_what_they_show_and_a_table_has_the_numbers(
    inside: Client, user: User, lot: Venue
) -> None:
    parked(user, lot)
    answer = inside.get("/me/parking/")
    titles = [title for title, _ in answer.context["plots"]]
    assert titles == ["Visits", "Amount spent in EUR", "Hours parked"]
    page = answer.content.decode()
    assert page.count('role="img" aria-label="') == 3
    assert sum(month["visits"] for month in answer.context["months"]) == 1
    assert sum(float(month["hours"]) for month in answer.context["months"]) == 2
    assert " style=" not in page


def test_whoever_never_parked_sees_no_empty_plots(inside: Client) -> None:
    assert "<svg class" not in inside.get("/me/parking/").content.decode()


def test_nobody_elses_parking_shows_and_many_rows_cost_the_same(
    inside: Client, user: User, lot: Venue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    parked(UserFactory.create(), lot)
    assert inside.get("/me/parking/").context["rows"] == []
    for _ in range(10):
        parked(user, lot)
    with django_assert_max_num_queries(8):
        assert len(inside.get("/me/parking/").context["rows"]) == 10
