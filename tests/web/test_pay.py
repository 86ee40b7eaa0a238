"""A guest pays by card on the pages, and sees what came of it: paid, declined or too late."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from payments import sweeps
from payments.models import Checkout, FakeCharge
from reservations import actions
from reservations import sweeps as reservation_sweeps
from reservations.models import Reservation
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY
from tests.web.browsing import book, text

pytestmark = pytest.mark.django_db(transaction=True)

FAKE = {"fake": {"class": "payments.providers.fake.Fake"}}


@pytest.fixture(autouse=True)
def _fake(settings: Any) -> None:
    settings.PAYMENTS = FAKE


@pytest.fixture
def row(client: Client, freezer: FrozenDateTimeFactory) -> Reservation:
    """A held table for ten euros, all of which is due before it is confirmed."""
    freezer.move_to(NOON - 3 * DAY)
    made = book(client, make_venue("restaurant", units=3, confirms_at_once=False))
    Reservation.objects.filter(pk=made.pk).update(due_now_minor=1_000)
    made.refresh_from_db()
    return made


def path(row: Reservation, what: str = "") -> str:
    return f"/reservations/{row.code}/{what}"


def told(answer: Any) -> str:
    page = text(answer).partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def start(client: Client, row: Reservation, **fields: str) -> str:
    """Presses Pay. Returns the address of the provider's page."""
    answer = client.post(path(row, "pay/"), fields)
    assert answer.status_code == 303, answer.content
    return str(answer["Location"]).partition("//")[2].partition("/")[2]


def press(client: Client, page: str, outcome: str) -> Any:
    """Chooses what happens at the provider. Returns the page that it leads back to."""
    answer = client.post(f"/{page}", {"outcome": outcome})
    assert answer.status_code == 303
    for _redirect in range(3):
        if answer.status_code not in (302, 303):
            break
        address = answer["Location"]
        answer = client.get(address[address.index("/", 8) :] if "//" in address else address)
    return answer


def test_paying_confirms_the_hold(client: Client, row: Reservation) -> None:
    page = told(client.get(path(row)))
    assert "Pay to make it yours" in page and "Pay €10.00" in page
    assert "Confirm the reservation" not in page
    answer = press(client, start(client, row), "pay")
    page = told(answer)
    assert "It is yours" in page and "We have received your payment of €10.00." in page
    assert "Paid €10.00" in page and "Pay €" not in page
    row.refresh_from_db()
    assert row.confirmed_at is not None and row.paid_minor == 1_000


def test_confirming_before_paying_says_what_to_do(client: Client, row: Reservation) -> None:
    answer = client.post(path(row, "confirm/"))
    assert answer.status_code == 409
    assert "confirmed once you have paid" in told(answer) and "Pay €10.00" in told(answer)


def test_a_declined_card_can_be_followed_by_another(client: Client, row: Reservation) -> None:
    answer = press(client, start(client, row), "decline")
    page = told(answer)
    assert "did not go through. Nothing was charged. You can pay again." in page
    assert "Pay €10.00" in page
    assert "It is yours" in told(press(client, start(client, row), "pay"))
    assert Reservation.objects.get().paid_minor == 1_000


def test_a_late_payment_is_checked_until_it_is_there(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    answer = press(client, start(client, row), "late")
    assert "There is no word of your payment of €10.00 yet" in told(answer)
    assert '<meta http-equiv="refresh" content="4;url=?paid=2">' in text(answer)
    assert '<a href="?paid=2">Look again</a>' in text(answer)
    freezer.tick(61)
    answer = client.get(path(row), {"paid": "2"})
    assert "It is yours" in told(answer) and "http-equiv" not in text(answer)


def test_a_page_stops_looking_by_itself(client: Client, row: Reservation) -> None:
    press(client, start(client, row), "late")
    for looks in ("40", "999999999999", "x", "-1"):
        answer = client.get(path(row), {"paid": looks})
        assert answer.status_code == 200
        assert ("http-equiv" in text(answer)) is (looks != "40")


def test_who_pays_after_the_hold_is_not_charged_and_sees_what_is_free(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    page = start(client, row)
    client.post(f"/{page}", {"outcome": "late"})
    freezer.tick(timedelta(hours=2))
    client.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    # All three tables have gone.
    for _table in range(3):
        actions.confirm(reservation_id=hold(row.venue).pk, by=DESK)
    reservation_sweeps.expire_holds()
    sweeps.settle_open()
    answer = client.get(path(row))
    page = told(answer)
    assert "too late. You were not charged." in page and "This is free instead:" in page
    assert Checkout.objects.get().state == "voided"
    assert FakeCharge.objects.get().captured_minor == 0


def test_two_presses_and_another_tab_lead_to_one_payment(client: Client, row: Reservation) -> None:
    assert start(client, row) == start(client, row)
    assert Checkout.objects.count() == 1
    page = start(client, row)
    press(client, page, "pay")
    # Back, and once more: it is paid.
    answer = client.post(path(row, "pay/"), follow=True)
    assert "It is yours" in told(answer)
    assert Checkout.objects.count() == 1 and FakeCharge.objects.count() == 1


def test_a_lost_answer_is_found_by_opening_the_page_again(client: Client, row: Reservation) -> None:
    page = start(client, row)
    client.post(f"/{page}", {"outcome": "pay"})
    sweeps.settle_open()
    assert "It is yours" in told(client.get(path(row)))


def test_the_link_of_a_letter_changes_nothing(client: Client, row: Reservation) -> None:
    page = told(client.get(path(row, "pay/")))
    assert "Pay €10.00" in page and "by card, on the page of our payment provider" in page
    assert not Checkout.objects.exists()
    assert "/reservations/find/" in Client().get(path(row, "pay/"))["Location"]
    assert Client().post(path(row, "pay/")).status_code == 302
    assert not Checkout.objects.exists()


def test_what_is_due_later_is_paid_after_confirming(client: Client, row: Reservation) -> None:
    Reservation.objects.update(due_now_minor=300)
    page = told(client.get(path(row)))
    assert "Pay €3.00" in page
    answer = press(client, start(client, row), "pay")
    assert "Still to pay €7.00" in told(answer) and "Pay €7.00" in told(answer)
    answer = press(client, start(client, row), "pay")
    assert "Pay €" not in told(answer)
    assert Reservation.objects.get().paid_minor == 1_000


def test_a_lapsed_hold_cannot_be_paid(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    freezer.tick(timedelta(hours=2))
    answer = client.post(path(row, "pay/"), follow=True)
    assert "The hold has lapsed" in told(answer) and "Pay €" not in told(answer)
    assert client.get(path(row, "pay/")).status_code == 302
    assert not Checkout.objects.exists()


def test_a_card_is_stored_where_the_policy_asks_for_one(client: Client, row: Reservation) -> None:
    Reservation.objects.update(due_now_minor=0, asks_guarantee=True)
    page = told(client.get(path(row)))
    assert "Store a card to make it yours" in page
    assert "charges this card up to 10.00 EUR if I do not come, or cancel late." in page
    answer = press(client, start(client, row, purpose="guarantee"), "pay")
    row.refresh_from_db()
    assert row.guaranteed_at is not None and row.paid_minor == 0
    assert "Your card is stored. Nothing was taken." in told(answer)
    checkout = Checkout.objects.get()
    assert checkout.consent_text in page


def test_no_button_where_no_card_is_taken(client: Client, row: Reservation, settings: Any) -> None:
    settings.PAYMENTS = {}
    page = told(client.get(path(row)))
    assert "Pay €" not in page
    assert client.get(path(row, "pay/")).status_code == 302


def test_paying_is_told_in_dutch(client: Client, row: Reservation) -> None:
    client.cookies["django_language"] = "nl"
    assert "Betaal om het vast te leggen" in told(client.get(path(row)))
    answer = press(client, start(client, row), "decline")
    assert "niet gelukt" in told(answer)
