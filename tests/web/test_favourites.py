"""Marking venues on the pages."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from guests.models import Favourite, User
from tests.factories import make_venue
from tests.guests.factories import UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def inside(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def mark(client: Client, venue: Venue, what: str, **headers: Any) -> Any:
    form = {"mark": what, "next": "/?kind=parking"}
    return client.post(f"/venues/{venue.slug}/favourite/", form, headers=headers)


def test_a_mark_is_set_and_taken_off_and_repeating_changes_nothing(
    inside: Client, user: User
) -> None:
    venue = make_venue()
    for what, count in (("yes", 1), ("yes", 1), ("no", 0), ("no", 0)):
        assert mark(inside, venue, what)["Location"] == "/?kind=parking"
        assert user.favourites.count() == count


def test_without_a_script_one_is_led_back_and_with_one_the_button_alone_comes(
    inside: Client,
) -> None:
    answer = mark(inside, make_venue(), "yes", HX_Request="true")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'aria-pressed="true"' in page and "<html" not in page


def test_a_stranger_is_asked_to_log_in_and_a_link_marks_nothing(client: Client) -> None:
    venue = make_venue()
    assert mark(client, venue, "yes")["Location"] == (
        f"/accounts/login/?next=/venues/{venue.slug}/"
    )
    client.force_login(UserFactory.create())
    assert client.get(f"/venues/{venue.slug}/favourite/?mark=yes").status_code == 405
    assert not Favourite.objects.exists()


def test_a_venue_that_is_closed_cannot_be_marked_and_is_not_listed(
    inside: Client, user: User
) -> None:
    venue = make_venue()
    mark(inside, venue, "yes")
    Venue.objects.update(is_active=False)
    assert mark(inside, venue, "yes").status_code == 404
    assert "Test venue" not in inside.get("/me/favourites/").content.decode()


def test_the_list_is_ones_own_and_costs_the_same_however_long(
    inside: Client, user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Favourite.objects.create(user=UserFactory.create(), venue=make_venue())
    assert "<article" not in inside.get("/me/favourites/").content.decode()
    Favourite.objects.bulk_create(Favourite(user=user, venue=make_venue()) for _ in range(12))
    with django_assert_max_num_queries(5):
        page = inside.get("/me/favourites/").content.decode()
    assert page.count("<article") == 12
    assert page.count('aria-pressed="true"') == 12
