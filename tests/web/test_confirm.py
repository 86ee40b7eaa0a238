"""The hold on the pages: how long it lasts, its button, and what is said when it has lapsed."""

from datetime import timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations.models import Event, Reservation
from tests.factories import NOON, hold, make_venue
from tests.web.browsing import book, text
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(client: Client, freezer: FrozenDateTimeFactory) -> Reservation:
    venue = make_venue("restaurant")
    Venue.objects.filter(pk=venue.pk).update(time_zone="Europe/Amsterdam")
    return book(client, venue)


def test_a_link_to_confirm_changes_nothing_and_shows_the_button(
    client: Client, row: Reservation
) -> None:
    answer = client.get(f"/reservations/{row.code}/confirm/", follow=True)
    row.refresh_from_db()
    assert not row.confirmed_at
    assert "Confirm the reservation" in text(answer)
    assert "Held until <strong>13:10</strong> (Amsterdam time)" in text(answer)


def test_the_button_confirms_and_a_second_click_is_no_fault(
    client: Client, row: Reservation
) -> None:
    for _ in range(2):
        answer = client.post(f"/reservations/{row.code}/confirm/", follow=True)
        assert answer.status_code == 200
        assert "It is yours" in text(answer) and row.code in text(answer)
    assert Event.objects.filter(name="reservation.confirmed").count() == 1


def test_a_lapsed_hold_is_told_kindly_with_the_same_time_to_try_again(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    freezer.tick(timedelta(minutes=10))
    answer = client.post(f"/reservations/{row.code}/confirm/")
    assert answer.status_code == 409
    page = text(answer)
    assert "The hold has lapsed" in page
    link = page.split("Try the same time again")[0].rpartition('href="')[2].partition('"')[0]
    again = client.get(link.replace("&amp;", "&"))
    assert "starts_at" in link and again.status_code == 200


def test_the_page_of_each_status_says_what_it_is(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    def page() -> str:
        return text(client.get(f"/reservations/{row.code}/"))

    Reservation.objects.filter(pk=row.pk).update(confirmed_at=NOON - timedelta(days=1))
    assert "It is yours" in page()
    # A browser is believed for a day: the last of it.
    freezer.move_to(NOON - timedelta(minutes=1))
    Reservation.objects.filter(pk=row.pk).update(checked_in_at=NOON)
    assert "You are here" in page()
    Reservation.objects.filter(pk=row.pk).update(checked_out_at=NOON)
    assert "This reservation is over" in page()
    Reservation.objects.filter(pk=row.pk).update(checked_in_at=None, checked_out_at=None)
    Reservation.objects.filter(pk=row.pk).update(no_show_at=NOON - timedelta(minutes=5))
    assert "We missed you" in page()


def test_pages_of_a_reservation_are_kept_by_no_cache(client: Client, row: Reservation) -> None:
    for address in ("", "change/", "cancel/", "calendar.ics"):
        answer = client.get(f"/reservations/{row.code}/{address}")
        assert "no-store" in answer["Cache-Control"]


def test_a_reservation_of_another_venue_does_not_show(client: Client, row: Reservation) -> None:
    other = hold(make_venue("restaurant"))
    assert client.get(f"/reservations/{other.code}/").status_code == 302
