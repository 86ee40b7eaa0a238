"""Refunds to pay out: the desk sees what a cancelling owes, and pays it out once."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from payments import posting
from payments.models import Entry, Kind, Refund
from payments.refunds import card_refunds
from reservations import actions
from reservations.models import Reservation
from tests.admin.browsing import address, browser_of, fault_beside, said, text_of
from tests.factories import DESK, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.payments import memory_cards as cards
from tests.reservations.facts import DAY
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

REFUNDS = "/admin/refunds/"


@pytest.fixture
def lot(frozen: FrozenDateTimeFactory) -> Venue:
    return make_venue(units=5, cancel_deadline=99 * DAY, cancel_fee_percent=50)


@pytest.fixture
def clerk(lot: Venue) -> Client:
    return browser_of(StaffFactory.create(first_name="Dana", last_name="Desk", clerk_at=[lot]))


@pytest.fixture
def refund(lot: Venue, clerk: Client) -> Refund:
    """Ten of twenty euros, paid in cash."""
    row = actions.confirm(reservation_id=hold(lot).pk, by=DESK)
    sent = {"once": str(uuid4()), "for_venue": str(lot.pk), "amount": "20.00", "method": "cash"}
    clerk.post(address("pay", row), sent)
    actions.cancel(reservation_id=row.pk, by=DESK)
    posting.post_waiting()
    return Refund.objects.get()


def out(browser: Client, refund: Refund, **values: str) -> Any:
    sent = {"once": str(uuid4()), "method": "cash", "till": "", **values}
    return browser.post(f"{REFUNDS}{refund.pk}/pay-out/", sent, follow=True)


def test_today_and_the_list_tell_of_it_and_a_press_pays_it_out(
    clerk: Client, refund: Refund
) -> None:
    row = refund.reservation
    assert "Refunds to pay out: 1" in text_of(clerk.get("/admin/today/"))
    page = text_of(clerk.get(REFUNDS))
    assert row.code in page and "EUR 10.00" in page and f"{REFUNDS}{refund.pk}/pay-out/" in page
    folio = text_of(clerk.get(address("change", row)))
    assert "To be given back: EUR 10.00" in folio and "Pay EUR 10.00 out" in folio
    form = text_of(clerk.get(f"{REFUNDS}{refund.pk}/pay-out/"))
    assert re.search(r'<option value="cash" selected', form)
    answer = out(clerk, refund)
    assert said(text_of(answer)) == ["EUR 10.00 is recorded as given back."]
    assert "Nothing is to be given back." in text_of(answer)
    assert Reservation.objects.get().paid_minor == 1_000
    assert "Refunds to pay out" not in text_of(clerk.get("/admin/today/"))


def test_a_second_press_counts_once(clerk: Client, refund: Refund) -> None:
    once = str(uuid4())
    for _press in range(2):
        assert out(clerk, refund, once=once).status_code == 200
    # Two windows have two keys.
    assert "gone back already" in text_of(out(clerk, refund))
    told = text_of(clerk.get(f"{REFUNDS}{refund.pk}/pay-out/", follow=True))
    assert "nothing left to pay out" in told
    assert Entry.objects.filter(kind=Kind.REFUND).count() == 1
    assert Reservation.objects.get().paid_minor == 1_000


def test_it_is_paid_out_by_another_method_of_a_till_that_can_be(
    clerk: Client, refund: Refund
) -> None:
    assert fault_beside(text_of(out(clerk, refund, method="card")), "method")
    assert fault_beside(text_of(out(clerk, refund, till="=1+1")), "till")
    out(clerk, refund, method="transfer", till="bar")
    assert Entry.objects.get(kind=Kind.REFUND).to_account == "bank"
    folio = text_of(clerk.get(address("change", refund.reservation)))
    assert "Given back, bank transfer" in folio


def test_staff_of_other_venues_pay_nothing_out(refund: Refund) -> None:
    other = browser_of(StaffFactory.create(staff_venues=[make_venue("hotel")]))
    for path in ("pay-out", "again"):
        assert other.post(f"{REFUNDS}{refund.pk}/{path}/", {"method": "cash"}).status_code == 404
    assert refund.reservation.code not in text_of(other.get(REFUNDS))
    assert not Entry.objects.filter(kind=Kind.REFUND).exists()


def test_a_card_that_refuses_is_shown_and_tried_again_or_paid_out(
    clerk: Client, lot: Venue, settings: Any
) -> None:
    settings.PAYMENTS = cards.PAYMENTS
    cards.forget()
    row = actions.confirm(reservation_id=hold(lot).pk, by=DESK)
    cards.pay(row, 2_000)
    actions.cancel(reservation_id=row.pk, by=DESK)
    posting.post_waiting()
    assert row.code not in text_of(clerk.get(REFUNDS))
    cards.troubles += ["declined"]
    card_refunds.send_waiting()
    page = text_of(clerk.get(REFUNDS))
    assert "The card was refused. expired_card" in re.sub(r"\s+", " ", page)
    refund = Refund.objects.get()
    answer = clerk.post(f"{REFUNDS}{refund.pk}/again/", follow=True)
    assert said(text_of(answer)) == ["The card is tried again within a minute."]
    card_refunds.send_waiting()
    assert Reservation.objects.get().paid_minor == 1_000
    assert Refund.objects.get().state == "refunded"


def test_refunds_are_told_in_dutch(clerk: Client, refund: Refund) -> None:
    clerk.cookies["django_language"] = "nl"
    page = text_of(clerk.get(REFUNDS))
    assert "Terug te betalen" in page and "Uitbetalen" in page
