"""The desk sees what was sent about a reservation, and sends it again."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from notices import suppressions
from notices.models import Attempt, Delivery
from notices.privacy import ERASED
from reservations.models import Reservation
from tests.admin.browsing import text_of
from tests.factories import NOON, hold, make_venue
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LATER = timedelta(minutes=1)


@pytest.fixture
def row(venue: Venue) -> Reservation:
    made = hold(venue, NOON)
    Reservation.objects.filter(pk=made.pk).update(email="ada@example.com")
    return Reservation.objects.get(pk=made.pk)


def sent_about(row: Reservation, **fields: Any) -> Delivery:
    values: dict[str, Any] = {
        "kind": "reservation.confirmed",
        "channel": "mail",
        "lane": "mail",
        "to": row.email,
        "dedupe": f"d{Delivery.objects.count()}",
        "reservation": row,
        "venue": row.venue,
        "created_at": NOON - timedelta(days=1),
        "next_try_at": NOON,
        "done_at": NOON - timedelta(days=1),
        "outcome": "sent",
        "version": 1,
    }
    return Delivery.objects.create(**(values | fields))


def again(browser: Client, delivery: Delivery) -> Any:
    return browser.post(f"/admin/sent/{delivery.pk}/again/", follow=True)


def test_the_pages_say_what_when_to_whom_and_what_came_of_it(
    desk: Client, row: Reservation
) -> None:
    failed = sent_about(row, outcome="failed")
    Attempt.objects.create(
        delivery=failed, at=NOON, took_ms=7, outcome="failed", status=550, detail="no such user"
    )
    for page in ("/admin/sent/", f"/admin/sent/of/{row.pk}/"):
        text = text_of(desk.get(page))
        for word in ("Confirmed", "letter", "a…@example.com", "did not arrive", "no such user"):
            assert word in text
        assert "ada@example.com" not in text


def test_what_did_not_arrive_is_shown_alone(desk: Client, row: Reservation) -> None:
    sent_about(row)
    assert "All letters arrived" in text_of(desk.get("/admin/sent/?only=failed"))
    sent_about(row, outcome="suppressed")
    assert "refuses letters" in text_of(desk.get("/admin/sent/?only=failed"))


def test_webhooks_and_letters_about_no_reservation_are_not_shown(
    desk: Client, row: Reservation, venue: Venue
) -> None:
    sent_about(row, channel="webhook")
    sent_about(row, reservation=None)
    assert "Nothing was sent yet" in text_of(desk.get("/admin/sent/"))


def test_long_lists_have_pages(desk: Client, row: Reservation) -> None:
    for _ in range(51):
        sent_about(row)
    first = desk.get("/admin/sent/").content.decode()
    assert first.count("Send again:") == 50
    oldest = Delivery.objects.order_by("pk")[1]
    assert f"before={oldest.pk}" in first
    assert desk.get(f"/admin/sent/?before={oldest.pk}").content.decode().count("Send again:") == 1


def test_it_is_sent_again_once_to_the_address_of_now(desk: Client, row: Reservation) -> None:
    first = sent_about(row, outcome="suppressed", to="wrong@example.com")
    suppressions.suppress("mail", row.email, reason="full")
    assert "It is sent again" in text_of(again(desk, first))
    assert "waits already" in text_of(again(desk, first))
    (second,) = first.replays.all()
    assert (second.to, second.version, second.outcome) == (row.email, row.version, "")
    assert suppressions.reason_of("mail", row.email) == ""
    Delivery.objects.filter(pk=second.pk).update(done_at=NOON, outcome="sent")
    again(desk, first)
    assert first.replays.count() == 2


def test_what_waits_or_has_no_receiver_is_not_sent_again(desk: Client, row: Reservation) -> None:
    waiting = sent_about(row, done_at=None, outcome="")
    erased = sent_about(row, to=ERASED)
    for each in (waiting, erased):
        assert "It is not sent again" in text_of(again(desk, each))
    assert Delivery.objects.count() == 2


def test_the_reservation_says_that_no_letter_arrives(desk: Client, row: Reservation) -> None:
    page = f"/admin/reservations/reservation/{row.pk}/change/"
    assert "No letter reaches" not in text_of(desk.get(page))
    suppressions.suppress("mail", row.email, reason="no such user")
    assert "No letter reaches this guest: no such user" in text_of(desk.get(page))


def test_letters_of_other_venues_do_not_exist(desk: Client, venue: Venue) -> None:
    row = hold(make_venue("restaurant"), NOON)
    theirs = sent_about(row, to="x@example.com")
    assert again(desk, theirs).status_code == 404
    assert desk.get(f"/admin/sent/of/{row.pk}/").status_code == 404
    assert desk.get(f"/admin/sent/?venue={row.venue_id}").status_code == 404
    assert Delivery.objects.count() == 1


def test_a_get_sends_nothing(desk: Client, row: Reservation) -> None:
    assert desk.get(f"/admin/sent/{sent_about(row).pk}/again/").status_code == 405
