"""Guests say how old the children among them are, where the kind of venue asks."""

import pytest
from django.test import Client

from reservations.models import Reservation
from tests.factories import make_venue
from tests.web.browsing import booking_form, form_of, send, text
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freezer")]

WISH = "check_in=2027-03-03&check_out=2027-03-05&category=standard&guests=3"


@pytest.fixture
def hotel() -> Venue:
    return make_venue("hotel", units=2)


def test_ages_are_given_with_the_booking_and_put_right_later(client: Client, hotel: Venue) -> None:
    form = booking_form(client, hotel, WISH)
    assert form["children"] == ""
    send(client, hotel, form, children="4,  9", guests="3")
    row = Reservation.objects.get()
    assert (row.guest_count, row.children) == (3, [4, 9])
    assert "3 (children: 4, 9)" in text(client.get(f"/reservations/{row.code}/"))
    address = f"/reservations/{row.code}/change/"
    form = form_of(client.get(address), "version")
    assert form["children"] == "4, 9"
    client.post(address, form | {"children": "4; 10"})
    row.refresh_from_db()
    assert (row.guest_count, row.children) == (3, [4, 10])
    # Written otherwise, it is the same.
    form = form_of(client.get(address), "version")
    client.post(address, form | {"children": "4 10", "phone": "+31207654321"})
    changed = row.events.order_by("-pk")[0].data["changed"]
    assert set(changed) == {"phone"}
    form = form_of(client.get(address), "version")
    client.post(address, form | {"children": "", "save": "yes"})
    row.refresh_from_db()
    assert (row.guest_count, row.children) == (3, None)


def test_a_larger_family_is_seen_before_it_is_saved(client: Client, hotel: Venue) -> None:
    send(client, hotel, booking_form(client, hotel, WISH), children="4", guests="2")
    row = Reservation.objects.get()
    address = f"/reservations/{row.code}/change/"
    form = form_of(client.get(address), "version") | {"guests": "3", "children": "4, 9"}
    assert client.post(address, form).status_code == 200
    row.refresh_from_db()
    assert row.guest_count == 2
    client.post(address, form | {"save": "yes"})
    row.refresh_from_db()
    assert (row.guest_count, row.children) == (3, [4, 9])


@pytest.mark.parametrize("typed", ["4, 18", "four", "-1", "4.5", "²", "9" * 5000, "1, 2, 3, 4"])
def test_what_is_no_age_books_nothing(client: Client, hotel: Venue, typed: str) -> None:
    answer = send(client, hotel, booking_form(client, hotel, WISH), children=typed, guests="3")
    assert answer.status_code == 422
    assert 'id="id_children_error"' in text(answer)
    assert not Reservation.objects.exists()


def test_a_driver_is_not_asked(client: Client) -> None:
    assert "children" not in booking_form(client, make_venue("parking"))
