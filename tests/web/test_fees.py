"""On the pages a fee is told beside the buttons that cost, before anything is done."""

from datetime import timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations.models import Reservation
from tests.factories import NOON, make_venue
from tests.web.browsing import book, buttons, form_of, text

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def row(client: Client, freezer: FrozenDateTimeFactory) -> Reservation:
    """Two hours for twenty; from two hours before, cancelling costs half."""
    return book(client, make_venue(cancel_deadline=2 * HOUR, cancel_fee_percent=50))


def test_the_booking_page_says_what_cancelling_costs(client: Client, row: Reservation) -> None:
    times = "starts_at=2027-03-02T12:00:00Z&ends_at=2027-03-02T14:00:00Z"
    page = text(client.get(f"/venues/{row.venue.slug}/book/?{times}"))
    assert "after that it costs €10.00" in page


def test_a_reservation_says_what_cancelling_costs_now(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    assert "after that €10.00" in text(client.get(f"/reservations/{row.code}/"))
    freezer.move_to(NOON - HOUR)
    assert "Cancel for €10.00" in text(client.get(f"/reservations/{row.code}/"))
    page = text(client.post(f"/reservations/{row.code}/cancel/", follow=True))
    assert "You owe a fee of €10.00" in page


def test_a_late_change_tells_its_fee_before_it_is_saved(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOON - HOUR)
    path = f"/reservations/{row.code}/change/"
    form = form_of(client.get(path), "version") | {"until_time": "13:00"}
    answer = client.post(path, form)
    assert "costs <strong>€5.00</strong> besides the price" in text(answer)
    (save,) = buttons(answer, "save")
    sent = form_of(answer, "version") | {"save": save}
    unseen = client.post(path, sent | {"fee_shown": "0"})
    assert unseen.status_code == 409 and "this change costs a fee" in text(unseen)
    assert Reservation.objects.get().fee_due_minor == 0
    assert "Your reservation is changed." in text(client.post(path, sent, follow=True))
    assert Reservation.objects.get().fee_due_minor == 500
