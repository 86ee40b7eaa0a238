"""The home page: venues as they are looked for, with times that can be booked."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from guests.models import Favourite, Review
from tests.factories import NOON, add_hours, hold, make_venue
from tests.guests.factories import UserFactory
from tests.web.browsing import form_of, text
from venues.models import Venue
from web.venues.views import PER_PAGE

pytestmark = pytest.mark.django_db


def rename(venue: Venue, **fields: object) -> Venue:
    Venue.objects.filter(pk=venue.pk).update(**fields)
    return Venue.objects.get(pk=venue.pk)


@pytest.fixture
def bistro(freezer: FrozenDateTimeFactory) -> Venue:
    venue = make_venue("restaurant", units=2, step=timedelta(hours=1))
    add_hours(venue, time(12), time(22))
    return rename(venue, name="Bistro Zuid", city="Utrecht", stars=4)


def test_a_card_tells_name_stars_rating_reviews_and_bookings_of_today(
    client: Client, bistro: Venue
) -> None:
    for stars in (4, 5):
        Review.objects.create(user=UserFactory.create(), venue=bistro, stars=stars)
    hold(bistro)
    page = text(client.get("/"))
    assert "Bistro Zuid" in page and "Restaurant" in page and "Utrecht" in page
    assert 'aria-label="4 stars">★★★★☆' in page
    assert "<strong>4.5</strong>" in page and "(2 reviews)" in page
    assert "Booked 1 time today" in page


def test_its_next_times_are_links_to_the_form_with_that_time_filled_in(
    client: Client, bistro: Venue, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOON - timedelta(days=1, hours=2))
    page = text(client.get("/?guests=3"))
    link = page.partition('class="chip" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert link.startswith(f"/venues/{bistro.slug}/book/?starts_at=2027-02-28T12%3A00%3A00Z")
    form = form_of(client.get(link), "once")
    assert (form["starts_at"], form["guests"]) == ("2027-02-28T12:00:00Z", "3")


def test_words_kind_city_and_date_narrow_it(client: Client, bistro: Venue) -> None:
    rename(make_venue("parking"), name="City Lot", city="Rotterdam", address="Coolsingel 40")
    for query, found in (
        ("q=zuid", "Bistro"),
        ("q=coolsingel+lot", "City Lot"),
        ("kind=parking", "City Lot"),
        ("city=utrecht", "Bistro"),
    ):
        page = text(client.get(f"/?{query}"))
        assert "1 place found" in page and found in page
    assert "No place matches that." in text(client.get("/?q=nowhere"))
    page = text(client.get("/?date=2027-03-05&q=bistro"))
    assert "Fri 5 Mar" in page and "12:00" in page
    assert "That day is past." in text(client.get("/?date=2027-02-01&q=bistro"))


@pytest.mark.parametrize(
    "query",
    [
        "date=yesterday",
        "date=0001-01-01",
        "date=9999-12-31",
        "date=2027-02-30",
        "guests=0",
        "guests=-1",
        "guests=99999999999999999999",
        "guests=many",
        "kind=castle",
        "city=" + "x" * 81,
        "q=" + "x" * 121,
        "q=%00",
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_searched(
    client: Client, bistro: Venue, query: str
) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 200
    assert "There is a problem" in text(answer)


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30, "1.5", ""])
def test_any_page_number_shows_a_page(client: Client, bistro: Venue, page: str) -> None:
    assert "Bistro Zuid" in text(client.get("/", {"page": page}))


def test_what_is_not_listed_is_not_shown(client: Client, bistro: Venue) -> None:
    rename(bistro, is_listed=False)
    assert "Bistro" not in text(client.get("/"))


def test_pages_keep_what_was_asked(client: Client, freezer: FrozenDateTimeFactory) -> None:
    for number in range(PER_PAGE + 1):
        rename(make_venue("parking"), name=f"Lot {number:02}")
    first = text(client.get("/?kind=parking"))
    assert 'href="?kind=parking&amp;page=2"' in first and "Lot 12" not in first
    assert "Lot 12" in text(client.get("/?kind=parking&page=2"))


def test_a_favourite_is_marked_for_who_is_logged_in(client: Client, bistro: Venue) -> None:
    user = UserFactory.create()
    Favourite.objects.create(user=user, venue=bistro)
    assert "♥" not in text(client.get("/"))
    client.force_login(user)
    assert "♥" in text(client.get("/"))


def _queries(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as made:
        ask()
    return len(made)


@pytest.mark.parametrize("is_logged_in", [False, True])
def test_as_many_queries_for_a_page_of_venues_as_for_two(
    client: Client, freezer: FrozenDateTimeFactory, is_logged_in: bool
) -> None:
    if is_logged_in:
        client.force_login(UserFactory.create())
    kinds = ("hotel", "restaurant", "parking", "practice")

    def ask() -> None:
        assert client.get("/").status_code == 200

    for kind in kinds:
        make_venue(kind)
    ask()
    few = _queries(ask)
    for kind in kinds * 2:
        make_venue(kind, units=3)
    ask()
    assert _queries(ask) == few <= 12
