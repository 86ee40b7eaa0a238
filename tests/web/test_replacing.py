"""A held second appointment of a day: the pages of both say what will be cancelled."""

from datetime import timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations.models import Reservation
from reservations.status import Status
from tests.admin.browsing import address, browser_of, press, said, text_of
from tests.factories import NOON, make_venue
from tests.guests.factories import StaffFactory
from tests.web.browsing import book, booking_form, picked, send, text
from venues.models import Policy, Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue(freezer: FrozenDateTimeFactory) -> Venue:
    """One reservation a day with its only table, which is held first."""
    made = make_venue("restaurant", per_day=Policy.PerDay.REPLACE, confirms_at_once=False)
    Venue.objects.filter(pk=made.pk).update(time_zone="Europe/Amsterdam")
    return Venue.objects.get(pk=made.pk)


def later() -> str:
    return picked(NOON + timedelta(hours=4))


@pytest.fixture
def first(client: Client, venue: Venue) -> Reservation:
    row = book(client, venue)
    client.post(f"/reservations/{row.code}/confirm/")
    row.refresh_from_db()
    assert row.confirmed_at
    return row


def page(client: Client, row: Reservation) -> str:
    return text(client.get(f"/reservations/{row.code}/"))


def test_both_pages_and_the_button_say_so_and_so_does_the_answer(
    client: Client, venue: Venue, first: Reservation
) -> None:
    second = book(client, venue, later())
    assert second.replaces == first.pk
    told = page(client, second)
    assert f"You have {first.code} that day already" in told and "at 13:00" in told
    assert "Confirm, instead of 13:00" in told
    assert "Another one is held for you that day" in page(client, first)
    done = text(client.post(f"/reservations/{second.code}/confirm/", follow=True))
    assert f"It takes the place of {first.code} at 13:00, which is cancelled." in done
    assert "that day already" not in done
    first.refresh_from_db()
    assert first.status_at(NOON) is Status.CANCELLED


def test_another_browser_with_that_phone_is_refused_and_told_nothing_of_it(
    client: Client, venue: Venue, first: Reservation
) -> None:
    stranger = Client()
    answer = send(stranger, venue, booking_form(stranger, venue, later()))
    assert answer.status_code == 409
    assert first.code not in text(answer)
    assert Reservation.objects.count() == 1
    assert "It is yours" in page(client, first)


def test_the_desk_says_so_before_and_after(
    client: Client, venue: Venue, first: Reservation
) -> None:
    second = book(client, venue, later())
    desk = browser_of(StaffFactory.create(staff_venues=[venue]))
    told = text_of(desk.get(address("change", second)))
    assert f"Confirming it cancels {first.code} of the same client" in told
    assert f"{second.code} is held for the same client" in text_of(
        desk.get(address("change", first))
    )
    done = said(press(desk, "confirm", second))
    assert f"{first.code} is cancelled: this one took its place." in done[0]
