"""The page of a venue: what it is, what it sells by, and what of it can be chosen."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import NOON, add_category, add_hours, hold, make_venue
from tests.web.browsing import text
from venues.models import Category, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freezer")]

DAY = timedelta(days=1)


def page_of(client: Client, venue: Venue, query: str = "") -> str:
    answer = client.get(f"/venues/{venue.slug}/?{query}")
    assert answer.status_code == 200
    return text(answer)


def links(page: str, kind: str) -> list[str]:
    """Where the links of a class lead."""
    parts = page.split(f'class="{kind}" href="')[1:]
    return [part.partition('"')[0].replace("&amp;", "&") for part in parts]


def bistro(**policy: Any) -> Venue:
    venue = make_venue("restaurant", step=timedelta(hours=1), **policy)
    add_hours(venue, time(12), time(22))
    return venue


def test_its_policy_is_told_in_words_and_whose_clocks_it_goes_by(client: Client) -> None:
    venue = bistro()
    Venue.objects.filter(pk=venue.pk).update(time_zone="America/New_York", description="Small.")
    page = page_of(client, venue)
    assert "Small." in page
    assert "We hold your reservation for 10 minutes; confirm it in that time." in page
    assert "All times are New York time." in page


def test_a_venue_that_is_not_there_is_a_page_that_says_so(client: Client) -> None:
    answer = client.get("/venues/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing here" in text(answer)


def test_times_of_a_day_are_those_that_can_be_booked(client: Client) -> None:
    venue = bistro(buffer_after=timedelta())
    page = page_of(client, venue, "date=2027-03-01&guests=2")
    assert "Monday 1 March 2027" in page
    assert len(links(page, "time")) == 9
    hold(venue, NOON + timedelta(hours=2))
    times = links(page_of(client, venue, "date=2027-03-01&guests=2"), "time")
    starts = [link.partition("starts_at=")[2][11:13] for link in times]
    assert starts == ["12", "16", "17", "18", "19", "20"]
    assert "No time is open on this day." in page_of(client, venue, "date=2027-03-01&guests=5")


def test_the_first_day_that_has_anything_is_shown_unless_one_is_asked_for(client: Client) -> None:
    venue = bistro(notice=2 * DAY)
    assert "Tuesday 2 March 2027" in page_of(client, venue)


def test_days_that_are_past_closed_or_too_far_cannot_be_chosen(client: Client) -> None:
    venue = bistro(horizon=10 * DAY)
    venue.openings.filter(weekday=2).delete()
    days = [link[-19:-9] for link in links(page_of(client, venue, "month=2027-03"), "day")]
    assert "2027-03-01" in days and "2027-03-03" not in days
    assert max(days) == "2027-03-09"


def test_nights_show_free_counts_and_prices_and_are_chosen_in_two_clicks(client: Client) -> None:
    venue = make_venue("hotel", units=2)
    add_category(venue, "suite", units=1)
    Rate.objects.create(
        venue=venue, category=Category.objects.get(code="suite"), unit="night", amount_minor=9_000
    )
    page = page_of(client, venue, "month=2027-03")
    assert "€10" in page and ", 3 free" in page
    first = next(link for link in links(page, "day") if "check_in=2027-03-02" in link)
    page = text(client.get(f"/venues/{venue.slug}/{first}"))
    assert "You arrive on Tuesday 2 March 2027." in page
    second = next(link for link in links(page, "day") if "check_out=2027-03-04" in link)
    page = text(client.get(f"/venues/{venue.slug}/{second}"))
    assert "€20.00" in page and "€180.00" in page and "2 nights" in page
    offers = links(page, "button")
    assert any("category=suite" in link for link in offers)


def test_full_nights_are_told_with_what_is_free_instead(client: Client) -> None:
    venue = make_venue("hotel")
    hold(venue, NOON + 2 * DAY + timedelta(hours=3), 20)
    page = page_of(client, venue, "check_in=2027-03-03&check_out=2027-03-04")
    assert "Nothing free" in page and "Free instead" in page
    assert links(page, "chip")


def test_slots_are_a_grid_of_units_and_times(client: Client) -> None:
    venue = make_venue("practice", units=2, unit_schedules=False, notice=timedelta())
    add_hours(venue, time(9), time(10))
    hold(venue, NOON.replace(hour=9), 0.25, resource=venue.resources.all()[0].pk)
    page = page_of(client, venue, "date=2027-03-01")
    assert len(links(page, "slot free")) == 7
    assert '<span class="slot taken">Taken</span>' in page
    assert all("resource=" in link for link in links(page, "slot free"))


def test_any_range_is_answered_with_its_price(client: Client) -> None:
    venue = make_venue("parking", units=2)
    asked = "from_date=2027-03-01&from_time=12:00&until_date=2027-03-01&until_time=15:00"
    page = page_of(client, venue, asked)
    assert "€30.00" in page and "Only 2 left" in page
    hold(venue)
    hold(venue)
    assert "Free instead" in page_of(client, venue, asked)
    backwards = asked.replace("until_time=15:00", "until_time=11:00")
    assert "Give an end that is after the start." in page_of(client, venue, backwards)


def test_a_range_in_an_hour_that_happens_twice_is_offered_once_per_instant(
    client: Client,
) -> None:
    venue = make_venue("parking")
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Amsterdam")
    asked = "from_date=2027-10-31&from_time=02:30&until_date=2027-10-31&until_time=05:00"
    page = page_of(client, venue, asked)
    assert "€35.00" in page and "€25.00" in page
    skipped = asked.replace("2027-10-31", "2027-03-28")
    assert "The clocks skip this time on that day." in page_of(client, venue, skipped)


@pytest.mark.parametrize("kind", ["hotel", "restaurant", "parking", "practice"])
@pytest.mark.parametrize(
    "query",
    [
        "month=2027-13",
        "month=9999-99",
        "month=nonsense",
        "month=1900-01&date=2027-02-30",
        "date=0001-01-01&guests=0",
        "check_in=2027-03-05&check_out=2027-03-01",
        "check_in=1066-10-14&check_out=2199-12-31",
        "check_in=2027-03-01&check_out=2028-03-01&guests=32768",
        "date=2027-03-01&guests=999999999999999999999",
        "from_date=x&from_time=99:99",
        "from_date=2199-12-31&from_time=23:59&until_date=2199-12-31&until_time=23:59",
        "from_date=1971-01-01&from_time=00:00&until_date=2199-12-31&until_time=23:59",
        "date=%00&month=%00",
    ],
)
def test_absurd_questions_are_answered_with_a_page(client: Client, kind: str, query: str) -> None:
    page_of(client, make_venue(kind), query)


def test_as_many_queries_for_a_venue_of_many_units_as_of_one(client: Client) -> None:
    counts = []
    for units in (1, 30):
        for venue in (
            bistro(),
            make_venue("hotel", units=units),
            make_venue("parking", units=units),
        ):
            page_of(client, venue)
            with CaptureQueriesContext(connection) as made:
                page_of(client, venue)
            counts.append(len(made))
    assert counts[:3] == counts[3:]
    assert max(counts) <= 14
