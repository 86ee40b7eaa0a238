"""A person's own list: what stands where, nobody else's, and the same cost however long."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from guests import callers
from guests.models import Review, User
from reservations import actions
from reservations.models import Reservation
from tests.factories import hold, make_venue
from tests.guests.factories import UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

PAGE = "/me/reservations/"
HOUR = timedelta(hours=1)


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def inside(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def venue() -> Venue:
    return make_venue(
        units=40, confirms_at_once=True, records_arrival=False, records_departure=False
    )


def book(user: User, venue: Venue, **facts: Any) -> Reservation:
    row = hold(venue, timezone.now() + HOUR, by=callers.for_user(user))
    Reservation.objects.filter(pk=row.pk).update(**facts) if facts else None
    return row


def codes(client: Client, shown: str) -> set[str]:
    return {row.code for row, _ in client.get(PAGE, {"show": shown}).context["rows"]}


def test_each_stands_in_one_list_by_its_status_at_this_moment(
    inside: Client, user: User, venue: Venue
) -> None:
    now = timezone.now()
    coming = book(user, venue)
    here = book(user, venue, starts_at=now - HOUR)
    over = book(user, venue, starts_at=now - 3 * HOUR, ends_at=now - HOUR)
    given_up = book(user, venue)
    actions.cancel(reservation_id=given_up.pk, by=callers.system("test"))
    book(UserFactory.create(), venue)
    assert codes(inside, "upcoming") == {coming.code, here.code}
    assert codes(inside, "past") == {over.code}
    assert codes(inside, "cancelled") == {given_up.code}
    # What the address makes up is the first list.
    assert codes(inside, "nonsense") == {coming.code, here.code}


def test_a_status_is_told_in_words_beside_its_colour(
    inside: Client, user: User, venue: Venue
) -> None:
    book(user, venue)
    page = inside.get(PAGE).content.decode()
    assert '<span class="badge upcoming">Upcoming</span>' in page


def test_past_stays_lead_to_a_review(inside: Client, user: User, venue: Venue) -> None:
    now = timezone.now()
    book(user, venue, starts_at=now - 3 * HOUR, ends_at=now - HOUR)
    link = f'href="/venues/{venue.slug}/review/"'
    assert link in inside.get(PAGE, {"show": "past"}).content.decode()
    assert link in inside.get("/me/").content.decode()
    Review.objects.create(user=user, venue=venue, stars=5)
    assert link not in inside.get("/me/").content.decode()


def test_pages_are_twenty_long_and_cost_the_same_however_many(
    inside: Client, user: User, venue: Venue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    book(user, venue)
    inside.get(PAGE)
    rows = [book(user, venue) for _ in range(24)]
    with django_assert_max_num_queries(6):
        first = inside.get(PAGE, {"show": "upcoming"})
    assert len(first.context["rows"]) == 20
    assert "?show=upcoming&amp;page=2" in first.content.decode()
    second = inside.get(PAGE, {"show": "upcoming", "page": "2"})
    assert len(second.context["rows"]) == len(rows) + 1 - 20


@pytest.mark.parametrize("path", ["", "reservations/", "favourites/", "parking/", "data/"])
def test_each_of_ones_own_pages_is_for_who_is_logged_in(client: Client, path: str) -> None:
    assert client.get(f"/me/{path}")["Location"] == f"/accounts/login/?next=/me/{path}"


def test_with_nothing_reserved_there_is_a_way_on(inside: Client) -> None:
    for path in ("/me/", PAGE, "/me/favourites/", "/me/parking/"):
        assert "Find a" in inside.get(path).content.decode()
