"""A guest sees what cancelling costs and gives back before the button, and what came of it."""

import re
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from payments import posting, recording
from payments.methods import Method
from payments.recording import Taken
from payments.refunds import payouts
from payments.refunds.payouts import Payout
from reservations import actions
from reservations.models import Reservation
from tests.factories import DESK, NOON, make_venue
from tests.reservations.facts import DAY
from tests.web.browsing import book, form_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(client: Client, freezer: FrozenDateTimeFactory) -> Reservation:
    """Ten euros; cancelling costs half from two days before on."""
    freezer.move_to(NOON - 3 * DAY)
    made = book(client, make_venue("restaurant", cancel_deadline=2 * DAY, cancel_fee_percent=50))
    return actions.confirm(reservation_id=made.pk, by=DESK)


def pay(row: Reservation, amount: int, method: Method = Method.CASH) -> None:
    recording.record(row.pk, Taken(method=method, amount_minor=amount), by=DESK)


def told(answer: Any) -> str:
    """What a page's own part says, without tags."""
    page = text(answer).partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def path(row: Reservation, what: str = "") -> str:
    return f"/reservations/{row.code}/{what}"


def late(client: Client, row: Reservation, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(NOON - DAY)
    client.post("/reservations/find/", {"code": row.code, "phone": row.phone})


@pytest.mark.parametrize(
    ("paid", "is_late", "said"),
    [
        (0, True, ["Cancelling now costs €5.00", "Still to pay €5.00"]),
        (300, True, ["You have paid €3.00", "You get back nothing", "Still to pay €2.00"]),
        (500, True, ["You have paid €5.00", "You get back nothing"]),
        (1_000, True, ["You get back €5.00", "The place gives you €5.00 back."]),
        (1_000, False, ["Cancelling now is free.", "You get back €10.00"]),
    ],
)
def test_fee_and_refund_stand_before_the_button(
    client: Client,
    row: Reservation,
    freezer: FrozenDateTimeFactory,
    paid: int,
    is_late: bool,
    said: list[str],
) -> None:
    if paid:
        pay(row, paid)
    if is_late:
        late(client, row, freezer)
    page = told(client.get(path(row, "cancel/")))
    for one in said:
        assert page.index(one) < page.index("Cancel the reservation")
    assert ("Still to pay" in page[: page.index("Keep it")]) is any("Still" in one for one in said)


def test_what_changed_since_the_page_was_made_is_asked_again(
    client: Client, row: Reservation, freezer: FrozenDateTimeFactory
) -> None:
    form = form_of(client.get(path(row, "cancel/")), "shown")
    late(client, row, freezer)
    answer = client.post(path(row, "cancel/"), form)
    assert answer.status_code == 409
    page = told(answer)
    assert "has changed since you looked" in page and "Cancelling now costs €5.00" in page
    pay(row, 800)
    answer = client.post(path(row, "cancel/"), form_of(answer, "shown"))
    assert answer.status_code == 409 and "You get back €3.00" in told(answer)
    row.refresh_from_db()
    assert row.cancelled_at is None
    done = client.post(path(row, "cancel/"), form_of(answer, "shown"), follow=True)
    assert "This reservation is cancelled" in told(done)
    # A second press, from the other tab.
    again = client.post(path(row, "cancel/"), form_of(answer, "shown"), follow=True)
    assert "This reservation is cancelled" in told(again)


def test_the_page_says_what_comes_back_until_it_has(client: Client, row: Reservation) -> None:
    pay(row, 1_000)
    assert "Paid €10.00" in told(client.get(path(row)))
    client.post(path(row, "cancel/"))
    posting.post_waiting()
    page = told(client.get(path(row)))
    assert "The place gives you €10.00 back." in page and "Paid €" not in page
    (refund,) = payouts.waiting(row.venue_id)
    payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
    assert "back." not in told(client.get(path(row)))


def test_a_deposit_leaves_the_rest_to_pay(client: Client, row: Reservation) -> None:
    pay(row, 300)
    page = told(client.get(path(row)))
    assert "Paid €3.00" in page and "Still to pay €7.00" in page


def test_it_is_told_in_dutch(client: Client, row: Reservation) -> None:
    pay(row, 1_000)
    client.cookies["django_language"] = "nl"
    page = told(client.get(path(row, "cancel/")))
    assert "Je krijgt terug €" in page
