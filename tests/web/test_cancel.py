"""Cancelling on the pages: the fee is told before, and a click too many changes nothing."""

from datetime import timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Event, Reservation
from tests.factories import DESK, NOON, make_venue
from tests.web.browsing import book, text

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def row(client: Client, freezer: FrozenDateTimeFactory) -> Reservation:
    """At a place that charges half when less than a day is left."""
    freezer.move_to(NOON - 3 * DAY)
    venue = make_venue("restaurant", cancel_deadline=2 * DAY, cancel_fee_percent=50)
    made = book(client, venue)
    return actions.confirm(reservation_id=made.pk, by=DESK)


def test_it_is_free_until_the_deadline_and_the_page_says_so(
    client: Client, row: Reservation
) -> None:
    page = text(client.get(f"/reservations/{row.code}/cancel/"))
    assert "Cancelling now is free." in page
    row.refresh_from_db()
    assert not row.cancelled_at


def test_after_the_deadline_the_fee_is_told_before_the_button(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    # Two days before the start it is free for the last time; a browser is believed for a day.
    freezer.tick(DAY)
    client.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    assert "is free" in text(client.get(f"/reservations/{row.code}/cancel/"))
    freezer.tick(1)
    page = text(client.get(f"/reservations/{row.code}/cancel/"))
    assert page.index("Cancelling now costs €5.00") < page.index("Cancel the reservation</button>")
    client.post(f"/reservations/{row.code}/cancel/")
    assert Event.objects.get(name="reservation.cancelled").data == {"fee_minor": 500}


def test_cancelling_twice_is_cancelling_once(client: Client, row: Reservation) -> None:
    for _ in range(2):
        answer = client.post(f"/reservations/{row.code}/cancel/", follow=True)
        assert "This reservation is cancelled" in text(answer)
    assert Event.objects.filter(name="reservation.cancelled").count() == 1


def test_a_change_too_soon_after_another_says_when_to_try_again(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    made = book(client, make_venue("restaurant"))
    client.post(f"/reservations/{made.code}/confirm/")
    freezer.tick(20)
    answer = client.post(f"/reservations/{made.code}/cancel/")
    assert answer.status_code == 409
    assert "changed a moment ago. Try again after 12:01:00." in text(answer)
    freezer.tick(40)
    answer = client.post(f"/reservations/{made.code}/cancel/", follow=True)
    assert "This reservation is cancelled" in text(answer)


def test_what_cannot_be_cancelled_any_more_has_no_button(client: Client, row: Reservation) -> None:
    Reservation.objects.filter(pk=row.pk).update(checked_in_at=NOON - 3 * DAY)
    answer = client.get(f"/reservations/{row.code}/cancel/")
    assert answer.status_code == 302
    assert client.post(f"/reservations/{row.code}/cancel/").status_code == 409
    assert "cancel/" not in text(client.get(f"/reservations/{row.code}/"))
