"""What a guest is told before they fill anything in: it cannot be had, they hold it already."""

from datetime import time, timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations.models import Reservation
from tests.factories import NOON, add_hours, hold, make_venue
from tests.guests.factories import UserFactory
from tests.web.browsing import ADA, book, booking_form, form_of, picked, send, text
from venues.models import Policy, Venue

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def venue(freezer: FrozenDateTimeFactory) -> Venue:
    """Two tables, held before they are confirmed; the day before NOON."""
    freezer.move_to(NOON - DAY)
    made = make_venue("restaurant", units=2, buffer_after=timedelta())
    Venue.objects.filter(pk=made.pk).update(name="Bistro", phone_region="NL")
    return Venue.objects.get(pk=made.pk)


def test_a_time_that_is_taken_is_refused_before_the_form_with_others_instead(
    client: Client, venue: Venue
) -> None:
    hold(venue), hold(venue)
    answer = client.get(f"/venues/{venue.slug}/book/?{picked()}")
    page = text(answer)
    assert answer.status_code == 409
    assert 'data-code="taken"' in page and "Somebody was quicker" in page
    assert 'name="first_name"' not in page
    assert f'href="/venues/{venue.slug}/book/?starts_at=' in page


def test_a_time_within_the_notice_is_refused_before_the_form(client: Client, venue: Venue) -> None:
    Policy.objects.update(notice=2 * DAY)
    answer = client.get(f"/venues/{venue.slug}/book/?{picked()}")
    assert answer.status_code == 409
    assert 'data-code="too_soon"' in text(answer) and "The earliest is" in text(answer)


def test_what_is_held_already_is_said_with_a_way_to_it(client: Client, venue: Venue) -> None:
    row = book(client, venue)
    answer = client.get(f"/venues/{venue.slug}/book/?{picked()}")
    page = text(answer)
    assert "You hold this already until 12:10" in page
    assert f'href="/reservations/{row.code}/">go to it</a>' in page
    assert "Hold one more" in page
    assert "You hold this already" not in text(
        Client().get(f"/venues/{venue.slug}/book/?{picked()}")
    )


def test_who_holds_it_already_need_not_say_again_who_they_are(client: Client, venue: Venue) -> None:
    book(client, venue)
    again = form_of(client.get(f"/venues/{venue.slug}/book/?{picked()}"), "once")
    assert again.items() >= (ADA | {"more": "1"}).items()
    fresh = form_of(Client().get(f"/venues/{venue.slug}/book/?{picked()}"), "once")
    assert (fresh["first_name"], fresh["phone"]) == ("", "")


def test_a_second_hold_is_made_only_after_the_question(client: Client, venue: Venue) -> None:
    form = booking_form(client, venue)
    other = booking_form(client, venue)
    assert send(client, venue, form).status_code == 302
    # The same form again is the same reservation.
    assert send(client, venue, form).status_code == 302
    asked = send(client, venue, other)
    assert asked.status_code == 409
    assert "You hold this already" in text(asked)
    assert Reservation.objects.count() == 1
    again = form_of(asked, "once") | ADA
    assert again["more"] == "1"
    assert send(client, venue, again).status_code == 302
    assert Reservation.objects.count() == 2


def test_the_last_one_that_is_held_already_has_no_form_for_another(
    client: Client, venue: Venue
) -> None:
    hold(venue)
    book(client, venue)
    page = text(client.get(f"/venues/{venue.slug}/book/?{picked()}"))
    assert "You hold this already" in page and 'name="first_name"' not in page


@pytest.mark.parametrize(
    "path", ["/me/", "/me/reservations/", "/me/parking/", "/me/data/", "/", "/venues/{slug}/"]
)
def test_pages_of_somebody_are_kept_in_no_store(client: Client, venue: Venue, path: str) -> None:
    path = path.format(slug=venue.slug)
    client.force_login(UserFactory.create())
    answer = client.get(path)
    assert "no-store" in answer["Cache-Control"], path


def test_pages_of_a_browser_that_made_a_reservation_are_kept_in_no_store(
    client: Client, venue: Venue
) -> None:
    assert "no-store" not in client.get("/").headers.get("Cache-Control", "")
    row = book(client, venue)
    for path in (f"/reservations/{row.code}/", "/", f"/venues/{venue.slug}/"):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_the_search_carries_date_departure_and_party_to_the_venue(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    hotel, bistro = make_venue("hotel", units=2), make_venue("restaurant")
    page = text(client.get("/?date=2027-03-10&until=2027-03-12&guests=2"))
    assert (
        f"/venues/{hotel.slug}/?check_in=2027-03-10&amp;check_out=2027-03-12&amp;guests=2" in page
    )
    assert f"/venues/{bistro.slug}/?from_date=2027-03-10&amp;guests=2" in page
    assert "check_in=2027-03-10&amp;check_out=2027-03-12&amp;category=" in page


@pytest.mark.parametrize("query", ["until=2027-03-12", "date=2027-03-10&until=2027-03-10"])
def test_a_departure_needs_an_arrival_before_it(client: Client, query: str) -> None:
    page = text(client.get(f"/?{query}"))
    assert "Give a departure after the arrival." in page


def test_nothing_open_says_why_and_which_day_is_next(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    bistro = make_venue("restaurant", step=HOUR, horizon=30 * DAY)
    add_hours(bistro, time(12), time(22))
    bistro.openings.filter(weekday=6).delete()
    sunday = "2027-03-07"
    page = text(client.get(f"/?date={sunday}"))
    assert "It is closed on that day" in page
    assert f'/venues/{bistro.slug}/?date=2027-03-01"' in page and "Next: Monday 1 March" in page
    assert "No place here seats so many." in text(client.get(f"/?date={sunday}&guests=90"))
    assert "That day is past." in text(client.get("/?date=2026-01-05"))


@pytest.mark.parametrize("words", ["hotels", "kamers", "HÔTEL", "hotel test"])
def test_words_for_the_kind_find_it(client: Client, words: str) -> None:
    make_venue("parking"), make_venue("hotel")
    page = text(client.get("/", {"q": words}))
    assert "1 place found" in page


def test_a_driver_arrives_and_leaves_by_buttons(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    lot, user = make_venue("parking", units=2), UserFactory.create()
    freezer.move_to(NOON)
    row = hold(lot)
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    client.force_login(user)
    for path in (f"/reservations/{row.code}/", "/me/parking/"):
        shown = text(client.get(path))
        assert "I have arrived" in shown and "I am leaving" not in shown
    assert client.get(f"/reservations/{row.code}/arrive/").status_code == 302
    assert Reservation.objects.get().checked_in_at is None
    client.post(f"/reservations/{row.code}/arrive/")
    assert Reservation.objects.get().checked_in_at == NOON
    freezer.tick(HOUR)
    assert "I am leaving" in text(client.get("/me/parking/"))
    client.post(f"/reservations/{row.code}/leave/")
    assert Reservation.objects.get().checked_out_at == NOON + HOUR
    page = text(client.get(f"/reservations/{row.code}/"))
    assert "The price is" in page and "I have arrived" not in page


def test_only_a_driver_has_these_buttons(client: Client, venue: Venue) -> None:
    row = book(client, venue)
    client.post(f"/reservations/{row.code}/confirm/")
    assert "I have arrived" not in text(client.get(f"/reservations/{row.code}/"))
    stranger = Client().post(f"/reservations/{row.code}/arrive/")
    assert stranger.status_code == 302 and "/find/" in stranger["Location"]


@pytest.mark.parametrize("path", ["/", "/?q=hotel"])
def test_the_index_and_the_search_tell_newcomers_of_autofill(client: Client, path: str) -> None:
    page = text(client.get(path))
    assert "New to this site? Login and it'll autofill" in page
    assert 'href="/accounts/signup/?next=%2F' in page or 'href="/accounts/signup/?next=/' in page
    client.force_login(UserFactory.create())
    assert "New to this site?" not in text(client.get(path))


def test_booked_today_counts_no_hold_that_lapsed(
    client: Client, venue: Venue, freezer: FrozenDateTimeFactory
) -> None:
    book(client, venue)
    assert "Booked 1 time today" in text(client.get("/"))
    freezer.tick(11 * timedelta(minutes=1))
    assert "Booked 0 times today" in text(client.get("/"))


def test_venues_are_in_the_order_of_a_readers_alphabet(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    for name in ("Zon", "école", "Eden", "Ember", "aan Zee"):
        Venue.objects.filter(pk=make_venue("restaurant").pk).update(name=name)
    page = text(client.get("/"))
    order = ["aan Zee", "école", "Eden", "Ember", "Zon"]
    assert sorted(order, key=page.index) == order


@pytest.mark.parametrize(
    ("query", "language", "region"), [("", "en", "US"), ("", "nl", "NL"), ("venue", "en", "DE")]
)
def test_a_phone_number_is_read_in_the_country_that_is_shown(
    client: Client, venue: Venue, query: str, language: str, region: str
) -> None:
    Venue.objects.update(phone_region="DE")
    following = f"/venues/{venue.slug}/book/?guests=2" if query else ""
    headers = {"Accept-Language": language}
    page = text(client.get("/accounts/signup/", {"next": following}, headers=headers))
    assert f"({region})" in page
