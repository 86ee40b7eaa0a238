"""The day's page: who is in which list, by whom it may be seen, and in how many queries."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock
from reservations.models import Reservation
from reservations.requests import Times
from reservations.status import Status
from tests.admin.browsing import address, browser_of, said, text_of
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import PASSWORD, AdministratorFactory, StaffFactory, UserFactory
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

TODAY = "/admin/today/"
HOUR = timedelta(hours=1)
PAGES = ("today", "timeline", "walk_in", "charts", "lots", "choose_venue")


def confirmed(venue: Venue, start: timedelta = timedelta(0), **wish: Any) -> Reservation:
    row = hold(venue, NOON + start, override_reason="as it is", **wish)
    return actions.confirm(reservation_id=row.pk, by=DESK)


def lists(page: str) -> dict[str, list[str]]:
    """The last names in each list of the page."""
    parts = re.split(r'<section class="day-part[^"]*"(?: id="part-(\w+)")?', page)
    return {
        name or "found": re.findall(r">(\w+), Ada</a>", body)
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def named(row: Reservation, name: str) -> Reservation:
    Reservation.objects.filter(pk=row.pk).update(last_name=name)
    return row


def seen(browser: Client, query: str = "") -> dict[str, list[str]]:
    return lists(text_of(browser.get(TODAY + query)))


def test_a_no_show_of_an_earlier_day_is_listed_while_it_holds_time(
    boss: Client, frozen: FrozenDateTimeFactory
) -> None:
    hotel = make_venue("hotel", notice=timedelta(0), grace=HOUR)
    nights = Times(check_in=NOON.date(), check_out=NOON.date() + timedelta(days=3))
    row = hold(hotel, times=nights)
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + timedelta(days=1))
    boss.get(f"/admin/today/?venue={hotel.pk}")
    page = text_of(boss.get(f"{TODAY}?venue={hotel.pk}"))
    assert lists(page)["no_shows"] == ["Lovelace"]
    assert address("release_rest", row) in page
    form = {"reason": "They called", "charge": "nothing", "since": "2027-03-01"}
    answer = text_of(boss.post(address("release_rest", row), form, follow=True))
    assert said(answer) == [f"The rest of {row.code} is free."]
    page = text_of(boss.get(f"{TODAY}?venue={hotel.pk}"))
    assert lists(page)["no_shows"] == []


def test_until_the_day_ends_today_is_the_evening_before(
    boss: Client, frozen: FrozenDateTimeFactory
) -> None:
    hotel = make_venue("hotel", notice=timedelta(0), grace=12 * HOUR)
    nights = Times(check_in=NOON.date(), check_out=NOON.date() + timedelta(days=1))
    row = hold(hotel, times=nights)
    actions.confirm(reservation_id=row.pk, by=DESK)
    half_past_midnight = NOON + timedelta(hours=12, minutes=30)
    frozen.move_to(half_past_midnight)
    page = text_of(boss.get(f"{TODAY}?venue={hotel.pk}"))
    assert lists(page)["arrivals"] == ["Lovelace"]
    assert "Monday 1 March 2027" in page and "Today at" in page
    frozen.move_to(NOON + 16 * HOUR)
    page = text_of(boss.get(f"{TODAY}?venue={hotel.pk}"))
    assert "Tuesday 2 March 2027" in page


@pytest.mark.parametrize("verb", ["check_in", "check_out", "cancel"])
def test_a_press_can_be_undone_for_a_minute(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory, verb: str
) -> None:
    row = confirmed(venue)
    frozen.move_to(NOON)
    if verb == "check_out":
        actions.check_in(reservation_id=row.pk, by=DESK)
    before = row.status_at(NOON) if verb != "check_out" else Status.PRESENT
    assert "Undo" not in text_of(desk.get(TODAY))
    desk.post(address(verb, row))
    frozen.tick(timedelta(seconds=59))
    page = text_of(desk.get(TODAY))
    found = re.search(
        r'<form method="post" action="(/admin/[^"]+)">(?:(?!</form>).)*Undo', page, re.DOTALL
    )
    assert found and "Ada Lovelace" in found[0]
    reason = re.search(r'name="reason" value="([^"]+)"', found[0])
    assert reason
    answer = desk.post(found[1], {"reason": reason[1], "next": TODAY}, follow=True)
    assert answer.redirect_chain[-1][0] == TODAY
    row.refresh_from_db()
    assert row.status_at(clock.now()) is before
    assert "Undo" not in text_of(desk.get(TODAY))


def test_after_a_minute_the_undo_is_gone(
    desk: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = confirmed(venue)
    frozen.move_to(NOON)
    desk.post(address("check_in", row))
    frozen.tick(timedelta(seconds=60))
    assert "Undo" not in text_of(desk.get(TODAY))
    # The page of the reservation still has it.
    assert "Undo check-in" in text_of(desk.get(address("change", row)))


@pytest.fixture
def house(venue: Venue, frozen: FrozenDateTimeFactory) -> Venue:
    """A dozen tables at noon: one guest in each list, one who left, one who stayed too long."""
    category = venue.categories.get()
    for number in range(10):
        venue.resources.create(category=category, name=f"T{number}", capacity=4)
    Policy.objects.filter(venue=venue).update(releases_no_shows=True, early_check_in=2 * HOUR)
    frozen.move_to(NOON - 4 * HOUR)
    rows = {
        name: named(confirmed(venue, start), name)
        for name, start in (
            ("Coming", 2 * HOUR), ("Here", -HOUR / 2), ("Leaving", -1.5 * HOUR),
            ("Gone", -2 * HOUR), ("Missing", -HOUR), ("Tomorrow", 24 * HOUR),
        )
    }  # fmt: skip
    cancelled = named(confirmed(venue, 3 * HOUR), "Cancelled")
    actions.cancel(reservation_id=cancelled.pk, by=DESK)
    late = named(confirmed(venue, -3 * HOUR, hours=1), "Overdue")
    Reservation.objects.filter(pk=late.pk).update(is_departure_assumed=False)
    frozen.move_to(NOON - 3 * HOUR)
    actions.check_in(reservation_id=late.pk, by=DESK)
    frozen.move_to(NOON - 0.4 * HOUR)
    for name in ("Here", "Leaving", "Gone"):
        start = NOON - {"Here": 0.5, "Leaving": 1.5, "Gone": 2}[name] * HOUR
        # A guest who is late may still come where the time was not given away.
        Reservation.objects.filter(pk=rows[name].pk).update(checked_in_at=start)
    actions.check_out(reservation_id=rows["Gone"].pk, by=DESK)
    frozen.move_to(NOON)
    named(hold(venue, NOON + 5 * HOUR), "Undecided")
    return venue


def test_everybody_is_in_the_list_they_belong_to(desk: Client, house: Venue) -> None:
    page = text_of(desk.get(TODAY))
    assert lists(page) == {
        "arrivals": ["Coming"],
        "departures": ["Overdue", "Leaving"],
        "in_house": ["Here"],
        "no_shows": ["Missing"],
        "holds": ["Undecided"],
    }
    assert "should have left" in page and "10 min left" in page
    assert "1 has left." in page
    assert "of 12 units" in page


def test_another_day_tells_who_comes_and_stays_then(desk: Client, house: Venue) -> None:
    page = text_of(desk.get(TODAY + "?day=2027-03-02"))
    assert lists(page)["arrivals"] == ["Tomorrow"] and "Tuesday 2 March 2027" in page
    yesterday = seen(desk, "?day=2027-02-28")
    assert yesterday["arrivals"] == yesterday["in_house"] == []
    for nonsense in ("soon", "0001-01-01", "9999-12-31"):
        assert seen(desk, f"?day={nonsense}") == seen(desk)


def test_a_night_stay_arrives_stays_and_departs(
    boss: Client, elsewhere: Venue, frozen: FrozenDateTimeFactory
) -> None:
    start = NOON + 24 * HOUR
    row = named(confirmed(elsewhere, 24 * HOUR, hours=48), "Nights")
    query = f"?venue={elsewhere.pk}"
    assert seen(boss, query)["arrivals"] == []
    frozen.move_to(start + 4 * HOUR)
    assert seen(boss, query)["arrivals"] == ["Nights"]
    actions.check_in(reservation_id=row.pk, by=DESK)
    assert seen(boss, query)["in_house"] == ["Nights"]
    frozen.move_to(start + 40 * HOUR)
    assert seen(boss, query)["departures"] == ["Nights"]
    assert seen(boss, query + "&day=2027-03-03")["in_house"] == ["Nights"]
    frozen.move_to(start + 96 * HOUR)
    assert seen(boss, query)["departures"] == ["Nights"]


def test_a_row_has_its_main_button_and_a_press_leads_back(desk: Client, house: Venue) -> None:
    row = Reservation.objects.get(last_name="Coming")
    # Nobody is on the table until then.
    free = house.resources.create(category=house.categories.get(), name="T99", capacity=4)
    row.allocations.update(resource=free)
    assert f'action="{address("check_in", row)}"' in text_of(desk.get(TODAY))
    answer = desk.post(address("check_in", row), {"next": TODAY + "?q=x"}, follow=True)
    assert answer.redirect_chain == [(TODAY + "?q=x", 302)]
    assert said(text_of(answer)) == [f"{row.code} is checked in."]
    again = desk.post(address("check_in", row), {"next": TODAY})
    assert again["Location"] == TODAY
    assert Reservation.objects.get(pk=row.pk).status_at(clock.now()) is Status.PRESENT
    assert row.events.filter(name="reservation.checked_in").count() == 1


@pytest.mark.parametrize(
    "elsewhere_to", ["https://evil.example/", "//evil.example", "javascript:x"]
)
def test_a_press_leads_to_no_page_but_ours(desk: Client, venue: Venue, elsewhere_to: str) -> None:
    row = hold(venue)
    answer = desk.post(address("confirm", row), {"next": elsewhere_to})
    assert answer["Location"] == address("change", row)


@pytest.mark.parametrize("asked", ["coming", "020 123 4567", "CODE", "ab-12"])
def test_a_guest_is_found_by_what_they_say(desk: Client, house: Venue, asked: str) -> None:
    row = Reservation.objects.get(last_name="Coming")
    Reservation.objects.exclude(pk=row.pk).update(phone="+12025550123")
    Reservation.objects.filter(pk=row.pk).update(vehicle_plate="AB-12-CD")
    answer = desk.get(TODAY, {"q": row.code.lower() if asked == "CODE" else asked})
    assert lists(text_of(answer))["found"] == ["Coming"]
    assert lists(text_of(desk.get(TODAY, {"q": "no\0body"})))["found"] == []


def test_a_venue_is_chosen_once_and_remembered(
    boss: Client, venue: Venue, elsewhere: Venue
) -> None:
    page = text_of(boss.get(TODAY))
    assert "Which venue" in page and "Elsewhere" in page
    choose = reverse("admin:choose_venue")
    answer = boss.post(choose, {"venue": venue.pk, "next": "/admin/timeline/"})
    assert answer["Location"] == "/admin/timeline/"
    assert "Today at Bistro" in text_of(boss.get(TODAY))
    # Named in the address, another is looked at and not remembered.
    assert "Today at Elsewhere" in text_of(boss.get(TODAY, {"venue": elsewhere.pk}))
    assert "Today at Bistro" in text_of(boss.get(TODAY))
    for nonsense in ("", "x", str(10**25), "-1"):
        assert boss.post(choose, {"venue": nonsense}).status_code == 404


def test_staff_choose_among_their_own_venues_only(
    desk: Client, clerk: object, venue: Venue, elsewhere: Venue
) -> None:
    assert "Elsewhere" not in text_of(desk.get(reverse("admin:choose_venue")))
    assert desk.post(reverse("admin:choose_venue"), {"venue": elsewhere.pk}).status_code == 404
    for name in PAGES:
        assert desk.get(reverse(f"admin:{name}"), {"venue": elsewhere.pk}).status_code in (200, 404)
        assert "Elsewhere" not in text_of(desk.get(reverse(f"admin:{name}")))
    assert desk.get(TODAY, {"venue": elsewhere.pk}).status_code == 404
    # One that was taken from them is not theirs because it was chosen before.
    session = desk.session
    session["desk_venue"] = elsewhere.pk
    session.save()
    assert "Today at Bistro" in text_of(desk.get(TODAY))


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_of_the_day_are_for_staff(name: str, venue: Venue) -> None:
    page = reverse(f"admin:{name}")
    for browser in (Client(), browser_of(UserFactory.create())):
        answer = browser.get(page)
        assert answer.status_code == 302 and "/admin/login/" in answer["Location"]
    idle = browser_of(StaffFactory.create(email="idle@example.com"))
    assert idle.get(page).status_code == 200


def test_a_log_in_leads_to_today(venue: Venue) -> None:
    AdministratorFactory.create(email="boss@example.com")
    browser = Client()
    form = browser.get("/admin/", follow=True)
    assert f'name="next" value="{TODAY}"' in text_of(form)
    sent = {"username": "boss@example.com", "password": PASSWORD, "next": TODAY}
    assert browser.post("/admin/login/", sent)["Location"] == TODAY
    assert browser.get("/admin/login/")["Location"] == TODAY


@pytest.mark.parametrize("page", ["today", "timeline", "charts"])
def test_more_guests_ask_no_more_queries(desk: Client, house: Venue, page: str) -> None:
    def queries() -> int:
        desk.get(reverse(f"admin:{page}"), {"q": "ada"})
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(reverse(f"admin:{page}"), {"q": "ada"}).status_code == 200
        return len(asked)

    before = queries()
    for number in range(3):
        confirmed(house, (number + 6) * HOUR / 2)
        hold(house, NOON + (number + 12) * HOUR / 2)
    assert queries() == before
    assert before <= 18
