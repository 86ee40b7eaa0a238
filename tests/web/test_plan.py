"""The picture of a lot: every spot and how it stands, how full it is, and a walk-in's answer."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from freezegun import freeze_time

from config.demonstration import venues
from reservations.inventory import closures
from tests.factories import DESK, NOON, add_category, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.reservations.facts import HOUR, MINUTE
from venues.hours import Window
from venues.models import Policy, Resource, Venue
from web.floor_plan import layout

pytestmark = pytest.mark.django_db

NOON_AMSTERDAM = {
    "from_date": "2027-03-01",
    "from_time": "13:00",
    "until_date": "2027-03-01",
    "until_time": "15:00",
}
"""The two hours from NOON, by the clocks of Amsterdam."""


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    with freeze_time(NOON - HOUR):
        yield


@pytest.fixture
def lot(db: None) -> Venue:
    """Four spots on two floors in Amsterdam, that are chosen."""
    venue = make_venue(units=3, unit_choice="guest")
    add_category(venue, "handicap", units=1, is_on_request=True)
    venue.resources.filter(name__in=("3", "4")).update(floor=2)
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Amsterdam")
    return Venue.objects.get(pk=venue.pk)


def page(venue: Venue, **query: Any) -> str:
    return page_for(Client(), venue, **query)


def page_for(client: Client, venue: Venue, **query: Any) -> str:
    answer = client.get(reverse("web:plan", args=[venue.slug]), query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def drawn(html: str) -> dict[str, str]:
    """Spot to its state, as the picture tells those who do not see it."""
    return dict(re.findall(r'aria-label="(\w+): (Free|Taken|On hold|Closed),', html))


def in_table(html: str) -> dict[str, str]:
    return dict(re.findall(r'<th scope="row">(\w+)</th><td>([^<]+)</td>', html))


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def spot(venue: Venue, name: str) -> int:
    return venue.resources.get(name=name).pk


def test_each_state_is_told_by_picture_and_table_alike(lot: Venue) -> None:
    add_category(lot, "extra", units=2)
    hold(lot, resource=spot(lot, "1"))
    window = Window(NOON, NOON + HOUR)
    closures.close(
        venue_id=lot.pk, resource_ids=[spot(lot, "2")], window=window, reason="paint", by=DESK
    )
    Policy.objects.filter(venue=lot).update(confirms_at_once=False)
    hold(lot, resource=spot(lot, "5"))
    html = page(lot, floor=1, **NOON_AMSTERDAM)
    found = {"1": "Taken", "2": "Closed", "5": "On hold", "6": "Free"}
    assert drawn(html) == found
    assert in_table(html) == found
    for state in ("taken", "closed", "held"):
        assert f"url(#hatch-{state})" in html
    assert drawn(page(lot, floor=2, **NOON_AMSTERDAM)) == {"3": "Free", "4": "Free"}


def test_a_free_spot_leads_to_its_booking_where_one_may_choose(lot: Venue) -> None:
    hold(lot, resource=spot(lot, "1"))
    html = page(lot, floor=1, **NOON_AMSTERDAM)
    links = re.findall(r'<a class="spot free"[^>]* href="([^"]+)"', html)
    book = reverse("web:book", args=[lot.slug])
    times = "starts_at=2027-03-01T12%3A00%3A00Z&ends_at=2027-03-01T14%3A00%3A00Z"
    assert links == [f"{book}?{times}&resource={spot(lot, '2')}&guests=1"]
    assert "€20.00" in html
    assert Client().get(links[0]).status_code == 200

    Policy.objects.filter(venue=lot).update(unit_choice="venue")
    html = page(lot, floor=1, **NOON_AMSTERDAM)
    assert 'class="spot free" id=' not in html
    assert f"{book}?{times}&category=standard&guests=1" in html


def test_a_range_that_cannot_be_booked_is_shown_with_the_reason_and_no_links(lot: Venue) -> None:
    past = NOON_AMSTERDAM | {"from_time": "09:00", "until_time": "10:00"}
    html = page(lot, **past)
    assert "too soon" in html
    assert drawn(html) == {"1": "Free", "2": "Free"}
    assert 'id="spot-' not in html and "/book/?starts_at=2027-03-01T08" not in html


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until_time": "13:00"}, "The end must be after the start."),
        ({"until_date": "2030-03-01"}, "at most 800 days"),
        ({"from_date": "yesterday"}, "Write a date such as"),
        ({"from_time": ""}, "required"),
        ({"from_date": "2027-03-28", "from_time": "02:30"}, "The clocks skip this time"),
    ],
)
def test_a_range_that_is_none_is_told_and_the_usual_one_is_shown(
    lot: Venue, change: dict[str, str], said: str
) -> None:
    html = page(lot, **NOON_AMSTERDAM | change)
    assert said in html
    assert "error-summary" in html
    assert "1 March 2027, 12:05 – 14:05" in html


def test_without_a_range_it_is_now_and_as_long_as_is_usual_by_the_venues_clocks(lot: Venue) -> None:
    html = page(lot)
    assert "Monday 1 March 2027, 12:05 – 14:05" in html
    assert "All times are Amsterdam time." in html


def test_only_staff_of_the_lot_see_whose_vehicle_it_is(lot: Venue, client: Client) -> None:
    hold(lot, resource=spot(lot, "1"), vehicle_plate="AB-12-CD")
    for user in (None, UserFactory.create(), StaffFactory.create(staff_venues=[make_venue()])):
        if user:
            client.force_login(user)
        html = page_for(client, lot, **NOON_AMSTERDAM)
        assert "AB-12-CD" not in html and "Lovelace" not in html.replace("Ada Lovelace</", "")
    client.force_login(StaffFactory.create(staff_venues=[lot]))
    html = page_for(client, lot, **NOON_AMSTERDAM)
    assert "<td>AB-12-CD</td><td>Ada Lovelace</td>" in html


def test_it_costs_the_same_however_many_spots_and_reservations(lot: Venue) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            page(lot, **NOON_AMSTERDAM)
        return len(found)

    page(lot)
    hold(lot, resource=spot(lot, "1"))
    before = cost()
    add_category(lot, "more", units=30)
    page(lot)
    for number in range(10, 25):
        hold(lot, resource=spot(lot, str(number)))
    assert cost() == before


def test_a_large_floor_is_drawn_in_parts(lot: Venue) -> None:
    category = lot.categories.get(code="standard")
    Resource.objects.bulk_create(
        Resource(venue=lot, category=category, name=f"S{n}", floor=3, plan_x=n % 10, plan_y=n // 10)
        for n in range(500)
    )
    html = page(lot, floor=3, part=3)
    assert set(drawn(html)) == {f"S{n}" for n in range(2 * layout.MOST, 500)}
    assert len(html) < 300_000
    assert "of 500 spots" in html
    assert drawn(page(lot, floor=3, part="x")).keys() == {f"S{n}" for n in range(200)}


def test_units_stand_in_their_place_and_those_without_one_in_rows_below() -> None:
    units = [Resource(pk=n, plan_x=x, plan_y=y) for n, x, y in ((1, 5.0, 2.0), (2, 5.5, 2.0))]
    units += [Resource(pk=n) for n in range(3, 15)]
    found = layout.layout(units)
    expected = {1: (0.0, 0.0), 2: (76.0, 0.0), 3: (0.0, 76.0), 13: (0.0, 152.0)}
    assert {pk: found.places[pk] for pk in expected} == expected
    assert len(set(found.places.values())) == 14
    twins = layout.layout([Resource(pk=n, plan_x=1, plan_y=1) for n in (1, 2)])
    assert twins.places == {1: (0.0, 0.0), 2: (76.0, 0.0)}


def test_shares_are_told_now_and_in_the_range_in_total_and_by_floor(lot: Venue) -> None:
    hold(lot, resource=spot(lot, "1"))
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>\s*<td><meter[^>]*>(\d+)%.*?<td><meter[^>]*>(\d+)%',
        page(lot, **NOON_AMSTERDAM),
    )
    assert rows == [("Whole lot", "0", "25"), ("Floor 1", "0", "50"), ("Floor 2", "0", "0")]
    with freeze_time(NOON + 30 * MINUTE):
        assert '<meter min="0" max="100" value="25" aria-label="Whole lot">' in page(lot)


def test_the_day_and_the_usual_hours_are_plots_with_words_and_a_table(lot: Venue) -> None:
    hold(lot, resource=spot(lot, "1"))
    html = page(lot, **NOON_AMSTERDAM)
    assert 'role="img" aria-label="Taken hour by hour: 00 0%, 01 0%' in html
    assert ", 12 0%, 13 25%, 14 25%, 15 0%" in html
    assert '<tr><th scope="row">13:00</th><td class="number">25%</td>' in html
    assert "Nothing has been parked in the last 90 days." in html
    with freeze_time(NOON + 5 * HOUR):
        # Nobody came, and the spot was given free after an hour of grace.
        assert "Fullest: 13:00–14:00 " in text(page(lot))


def test_a_day_of_twenty_three_hours_has_as_many_columns(lot: Venue) -> None:
    day = {"from_date": "2027-03-28", "until_date": "2027-03-28"}
    html = page(lot, **NOON_AMSTERDAM | day)
    assert "01 0%, 03 0%" in html


def test_a_walk_in_is_told_yes_with_the_price_and_a_way_to_book(lot: Venue) -> None:
    html = page(lot, hours=3)
    assert "Yes. A spot is free for 3 hours, from 12:05 until 15:05." in text(html)
    link = re.search(r'walk-in-answer.*?href="([^"]+)"', html, re.DOTALL)
    assert link and "starts_at=2027-03-01T11%3A05%3A00Z&ends_at=2027-03-01T14%3A05%3A00Z" in link[1]
    assert "€30.00" in html
    with freeze_time(NOON - HOUR + 4 * MINUTE):
        assert Client().get(link[1]).status_code == 200


def test_a_walk_in_never_collides_with_a_later_reservation(lot: Venue) -> None:
    for name in ("1", "2", "3"):
        hold(lot, NOON + HOUR, resource=spot(lot, name))
    assert "Yes." in page(lot, hours=1)
    said = text(page(lot, hours=2))
    # The accessible spot is free, and is for those who ask for it.
    assert "No. No spot is free for all of that time." in said
    assert "Standard, Mon 1 Mar, 16:00 – 18:00 , €20.00" in said


def test_hours_that_are_none_are_told(lot: Venue) -> None:
    for hours in ("0", "x", "99999"):
        html = page(lot, hours=hours)
        assert 'id="id_hours_error"' in html and "walk-in-answer" not in html


def test_a_lot_of_slots_answers_for_the_next_one_and_then_for_another_day() -> None:
    lot = venues.smart_parking()
    with freeze_time(NOON - MINUTE):
        assert "Yes. A spot is free for the next slot, 12:00–16:00." in text(page(lot))
    with freeze_time(NOON + 5 * HOUR):
        said = text(page(lot))
    assert "No. No slot is left today." in said
    assert "Regular, Tue 2 Mar, 08:00 – 12:00 , €10.00" in said
    assert "Tuesday 2 March 2027, 08:00 – 12:00" in said


def test_a_hotel_has_a_plan_of_its_rooms_and_no_walk_in() -> None:
    html = page(make_venue("hotel", units=2))
    assert drawn(html) == {"1": "Free", "2": "Free"}
    assert "walk-in" not in re.sub(r"<link[^>]*>", "", html)
    assert "Monday 1 March 2027, 15:00" in html


def test_a_venue_that_is_not_there_has_none(client: Client) -> None:
    assert client.get("/venues/nowhere/plan/").status_code == 404


def test_looking_is_reading(lot: Venue, client: Client) -> None:
    assert client.post(reverse("web:plan", args=[lot.slug])).status_code in (403, 405)
