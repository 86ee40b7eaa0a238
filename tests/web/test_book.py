"""Booking on the pages: the same verb as the API's, with a form around it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoAssertNumQueries, Settings

from reservations.models import Event, Reservation
from tests.factories import NOON, add_category, hold, make_venue
from tests.guests.factories import UserFactory
from tests.web.browsing import ADA, Forms, book, booking_form, buttons, form_of, picked, send, text
from venues.models import Rate, Venue

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def venue(freezer: FrozenDateTimeFactory) -> Venue:
    """One table, held before it is confirmed; the day before NOON."""
    freezer.move_to(NOON - DAY)
    made = make_venue("restaurant", buffer_after=timedelta())
    Venue.objects.filter(pk=made.pk).update(name="Bistro", phone_region="NL")
    return Venue.objects.get(pk=made.pk)


def test_a_guest_who_is_not_logged_in_books_and_goes_on_to_the_hold(
    client: Client, venue: Venue
) -> None:
    row = book(client, venue, remarks="by the window", email="ada@example.com")
    assert (row.first_name, row.phone, row.guest_count) == ("Ada", "+31201234567", 1)
    assert (row.starts_at, row.guest_id, row.remarks) == (NOON, None, "by the window")
    assert not row.confirmed_at
    page = text(client.get(f"/reservations/{row.code}/"))
    assert "Held until <strong>12:10</strong> (UTC)" in page
    assert 'data-until="2027-02-28T12:10:00Z"' in page


def test_the_price_is_shown_line_by_line_before_it_is_agreed_to(
    client: Client, venue: Venue
) -> None:
    page = text(client.get(f"/venues/{venue.slug}/book/?{picked()}"))
    assert 'Total</dt><dd class="total">€10.00' in page
    assert "Hold this for me · €10.00" in page


def test_a_stay_past_midnight_shows_what_each_day_costs(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOON)
    lot = make_venue()
    page = text(client.get(f"/venues/{lot.slug}/book/?{picked(NOON + 11 * HOUR, 3)}"))
    assert "<dt>Mon 1 Mar, 1:00 at Hour rate</dt><dd>€10.00</dd>" in page
    assert "<dt>Tue 2 Mar, 2:00 at Hour rate</dt><dd>€20.00</dd>" in page
    assert 'Total</dt><dd class="total">€30.00' in page


def test_signed_out_a_notice_leads_to_signing_up(client: Client, venue: Venue) -> None:
    page = text(client.get(f"/venues/{venue.slug}/book/?{picked()}"))
    assert "New to this site? Login and it'll autofill" in page
    # With all that was chosen, so that nothing has to be chosen again.
    assert f'href="/accounts/signup/?next=/venues/{venue.slug}/book/%3Fstarts_at%3D' in page


def test_logged_in_the_form_is_filled_in_from_the_profile(client: Client, venue: Venue) -> None:
    user = UserFactory.create(first_name="Grace", receive_phone_call=False)
    client.force_login(user)
    page = client.get(f"/venues/{venue.slug}/book/?{picked()}")
    form = form_of(page, "once")
    assert (form["first_name"], form["phone"], form["email"]) == (
        "Grace",
        "+12025550123",
        user.email,
    )
    assert "receive_phone_call" not in form and form["receive_email_updates"] == "on"
    assert "New to this site" not in text(page)
    assert send(client, venue, form).status_code == 302
    assert Reservation.objects.get().guest == user


def test_a_national_number_is_read_as_the_venues_country_writes_it(
    client: Client, venue: Venue
) -> None:
    assert book(client, venue, phone="020 123 4567").phone == "+31201234567"


def test_what_misses_or_is_wrong_is_told_above_with_links_to_the_fields(
    client: Client, venue: Venue
) -> None:
    form = booking_form(client, venue)
    answer = send(client, venue, form, first_name="", phone="12", email="nobody", remarks="hello")
    assert answer.status_code == 422
    page = text(answer)
    assert '<a href="#id_first_name">First name: Fill this in. If you have' in page
    kept = form_of(answer, "once")
    assert (kept["last_name"], kept["phone"], kept["remarks"]) == ("Lovelace", "12", "hello")
    # With the rest filled in the engine judges numbers and addresses, all of them at once.
    page = text(send(client, venue, form, phone="12", email="nobody"))
    assert 'href="#id_phone">Phone number: This phone number is too short.' in page
    assert 'href="#id_email"' in page
    assert not Reservation.objects.exists()


def test_the_same_form_sent_twice_makes_one_reservation(client: Client, venue: Venue) -> None:
    form = booking_form(client, venue)
    first, second = send(client, venue, form), send(client, venue, form)
    assert first["Location"] == second["Location"]
    assert Reservation.objects.count() == 1
    assert Event.objects.filter(name="reservation.created").count() == 1


def test_the_same_form_sent_again_after_a_rotation_of_the_key_makes_one_reservation(
    client: Client, venue: Venue, settings: Settings
) -> None:
    form = booking_form(client, venue)
    first = send(client, venue, form)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 9
    assert send(client, venue, form)["Location"] == first["Location"]
    assert Reservation.objects.count() == 1


def test_the_same_form_with_other_words_asks_before_it_books_again(
    client: Client, venue: Venue
) -> None:
    add_category(venue, "more", units=1)
    form = booking_form(client, venue)
    send(client, venue, form)
    answer = send(client, venue, form, first_name="Grace", category="more", quote="")
    assert answer.status_code == 409
    assert "You have booked with this form already" in text(answer)
    assert Reservation.objects.count() == 1
    assert send(client, venue, form_of(answer, "once")).status_code == 302
    assert Reservation.objects.count() == 2


def test_a_time_that_has_gone_is_told_kindly_with_others_and_what_was_typed_stays(
    client: Client, venue: Venue
) -> None:
    form = booking_form(client, venue)
    hold(venue)
    answer = send(client, venue, form, remarks="by the window")
    assert answer.status_code == 409
    assert "Somebody else is holding this time just now" in text(answer)
    others = buttons(answer, "instead")
    assert others
    again = send(client, venue, form_of(answer, "once"), instead=others[0])
    assert again.status_code == 200
    kept = form_of(again, "once")
    assert kept["remarks"] == "by the window" and kept["starts_at"] != form["starts_at"]
    assert send(client, venue, kept).status_code == 302
    assert Reservation.objects.filter(remarks="by the window").exists()


def test_what_was_unticked_stays_so_when_another_time_is_chosen(
    client: Client, venue: Venue
) -> None:
    form = booking_form(client, venue)
    del form["receive_phone_call"]
    hold(venue)
    other = buttons(send(client, venue, form), "instead")[0]
    kept = form_of(send(client, venue, form, instead=other), "once")
    assert "receive_phone_call" not in kept and "receive_email_updates" in kept


def test_a_price_that_changed_is_shown_before_it_is_charged(
    client: Client, venue: Venue, freezer: FrozenDateTimeFactory
) -> None:
    form = booking_form(client, venue)
    Rate.objects.update(amount_minor=2_000)
    freezer.tick(20 * 60)
    answer = send(client, venue, form)
    assert answer.status_code == 409
    assert "The price has changed" in text(answer) and "€20.00" in text(answer)
    assert send(client, venue, form_of(answer, "once")).status_code == 302
    assert Reservation.objects.get().price_minor == 2_000


def test_a_price_that_is_old_but_the_same_is_no_reason_to_ask_again(
    client: Client, venue: Venue, freezer: FrozenDateTimeFactory
) -> None:
    form = booking_form(client, venue)
    freezer.tick(20 * 60)
    assert send(client, venue, form, guests="2").status_code == 302


def test_a_promised_price_is_kept_while_the_promise_lasts(client: Client, venue: Venue) -> None:
    form = booking_form(client, venue)
    Rate.objects.update(amount_minor=2_000)
    assert send(client, venue, form).status_code == 302
    assert Reservation.objects.get().price_minor == 1_000


def test_a_party_that_fits_nowhere_is_refused_without_a_fault(client: Client, venue: Venue) -> None:
    answer = send(client, venue, booking_form(client, venue), guests="9")
    assert answer.status_code == 409
    assert "No place here seats so many" in text(answer)


def test_holds_from_one_address_are_limited_on_the_pages_too(
    client: Client, venue: Venue, settings: Settings
) -> None:
    settings.HOLDS_PER_ADDRESS = 1
    add_category(venue, "more", units=3)
    book(client, venue)
    form = booking_form(Client(), venue, picked(category="more"))
    answer = send(Client(), venue, form)
    assert answer.status_code == 409
    assert "You are holding as many places as you may" in text(answer)


def test_where_it_is_confirmed_at_once_there_is_nothing_left_to_confirm(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOON - DAY)
    lot = make_venue("parking")
    row = book(client, lot, vehicle_plate="AB-12-CD")
    assert row.confirmed_at and row.vehicle_plate == "AB-12-CD"
    assert "It is yours" in text(client.get(f"/reservations/{row.code}/"))


def test_nights_are_booked_by_their_dates(client: Client, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(NOON - 3 * DAY)
    hotel = make_venue("hotel")
    query = "check_in=2027-03-01&check_out=2027-03-03&category=standard&guests=2"
    row = book(client, hotel, query)
    assert row.price_minor == 2_000
    assert (f"{row.starts_at:%d %H}", f"{row.ends_at:%d %H}") == ("01 15", "03 11")


def test_an_hour_that_happens_twice_is_told_apart(client: Client) -> None:
    # No frozen clock: its instants forget which of the two they are.
    venue = make_venue("parking", horizon=None)
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Amsterdam")
    second = datetime(2040, 10, 28, 1, 30, tzinfo=UTC)
    page = text(client.get(f"/venues/{venue.slug}/book/?{picked(second, hours=2)}"))
    assert "02:30 (UTC+1) – 04:30" in page
    page = text(client.get(f"/venues/{venue.slug}/book/?{picked(second - HOUR, hours=1)}"))
    assert "02:30 (UTC+2) – 02:30 (UTC+1)" in page


@pytest.mark.parametrize(
    "query",
    [
        "",
        "starts_at=yesterday",
        "starts_at=2027-03-01T12:00:00",
        "starts_at=9999-12-31T23:59:59Z",
        "starts_at=2027-03-01T12:00:00Z&ends_at=2027-03-01T11:00:00Z",
        "starts_at=2027-03-01T12:00:00Z&category=none",
        "starts_at=2027-03-01T12:00:00Z&resource=99999999999999999999999",
        "starts_at=2027-03-01T12:00:00Z&resource=12345678",
        "starts_at=2027-03-01T12:00:00Z&guests=0",
        "check_in=2027-02-30&check_out=%00",
        "starts_at=2027-03-01T12:00:00Z&ends_at=2199-03-01T11:00:00Z",
    ],
)
def test_an_absurd_pick_leads_back_to_the_venue_with_a_word(
    client: Client, venue: Venue, query: str
) -> None:
    answer = client.get(f"/venues/{venue.slug}/book/?{query}", follow=True)
    assert answer.redirect_chain == [(f"/venues/{venue.slug}/", 302)]
    assert 'class="notice warning"' in text(answer)


def test_a_form_without_its_token_from_this_site_books_nothing(venue: Venue) -> None:
    strict = Client(enforce_csrf_checks=True)
    form = booking_form(strict, venue)
    assert send(strict, venue, {**form, "csrfmiddlewaretoken": "x" * 64}).status_code == 403
    assert not Reservation.objects.exists()
    assert send(strict, venue, form).status_code == 302


def test_nothing_is_held_by_looking(client: Client, venue: Venue) -> None:
    client.get(f"/venues/{venue.slug}/book/?{picked()}")
    client.get(f"/venues/{venue.slug}/")
    assert not Reservation.objects.exists()


def test_looking_at_the_form_takes_few_queries(
    client: Client, venue: Venue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(f"/venues/{venue.slug}/book/?{picked()}")
    with django_assert_max_num_queries(4):
        client.get(f"/venues/{venue.slug}/book/?{picked()}")


def test_every_field_has_its_label(client: Client, venue: Venue) -> None:
    page = text(client.get(f"/venues/{venue.slug}/book/?{picked()}"))
    shown = [name for name in Forms(page).found[0] if f'id="id_{name}"' in page]
    assert set(ADA) <= set(shown)
    assert all(f'for="id_{name}"' in page for name in shown)
