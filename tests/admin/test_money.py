"""At the desk payments are recorded, managers give money back, and each amount is a line."""

import re
from datetime import time
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from payments.models import Payment, Refund, TillCount
from reservations import actions
from reservations.models import Reservation
from tests.admin.browsing import address, browser_of, fault_beside, faults, said, text_of
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import DAY, HOUR
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot(frozen: FrozenDateTimeFactory) -> Venue:
    return make_venue(cancel_deadline=2 * DAY, cancel_fee_percent=50)


@pytest.fixture
def manager(lot: Venue) -> Client:
    return browser_of(StaffFactory.create(first_name="Mia", last_name="Boss", staff_venues=[lot]))


@pytest.fixture
def clerk(lot: Venue) -> Client:
    return browser_of(StaffFactory.create(first_name="Dana", last_name="Desk", clerk_at=[lot]))


def send(browser: Client, verb: str, row: Reservation, **values: str) -> Any:
    sent = {"once": str(uuid4()), "for_venue": str(row.venue_id), **values}
    return browser.post(address(verb, row), sent, follow=True)


def pay(browser: Client, row: Reservation, amount: str = "20.00", **values: str) -> Any:
    return send(browser, "pay", row, **{"amount": amount, "method": "cash", **values})


def paid(row: Reservation) -> int:
    return Reservation.objects.get(pk=row.pk).paid_minor


def lines(browser: Client, row: Reservation) -> list[list[str]]:
    """The cells of the folio's rows that hold something."""
    page = text_of(browser.get(address("change", row)))
    found = re.search(r'<table class="folio">.*?</table>', page, re.DOTALL)
    assert found is not None
    rows = re.findall(r"<tr>(.*?)</tr>", found[0], re.DOTALL)[1:]
    cells = [re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", one, re.DOTALL) for one in rows]
    return [[re.sub(r"<[^>]+>", " ", cell).strip() for cell in one if cell] for one in cells]


def test_the_form_suggests_what_is_due(clerk: Client, lot: Venue) -> None:
    row = hold(lot)
    assert 'value="20.00"' in text_of(clerk.get(address("pay", row)))
    pay(clerk, row, "5.00")
    assert 'value="15.00"' in text_of(clerk.get(address("pay", row)))
    pay(clerk, row, "15.00")
    form = text_of(clerk.get(address("pay", row)))
    assert re.search(r'<input[^>]*name="amount"[^>]*value=', form) is None


def test_the_folio_tells_who_paid_what_and_how(clerk: Client, manager: Client, lot: Venue) -> None:
    row = hold(lot)
    actions.confirm(reservation_id=row.pk, by=DESK)
    answer = pay(clerk, row, "12.00", method="terminal", till="bar", reference="R-17")
    assert said(text_of(answer)) == ["EUR 12.00 is recorded as paid."]
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=1_500, reason="A friend")
    send(manager, "give_back", row, amount="2.00", reason="Too noisy")
    at = "Sun 28 Feb 2027, 12:00 UTC"
    told = lines(manager, row)
    assert told[0] == ["Price", "EUR 20.00"]
    assert sorted(told[1:4]) == sorted([
        ["Paid, card terminal · bar R-17", at, "Dana Desk", "EUR 12.00"],
        ["Price or fee put right", at, DESK.name, "EUR -5.00"],
        ["Given back, card terminal · bar Too noisy", at, "Mia Boss", "EUR -2.00"],
    ])  # fmt: skip
    assert told[4:] == [["Together", "EUR 15.00", "EUR 10.00"], ["Still due", "EUR 5.00"]]


def test_a_fee_is_a_line_and_so_is_what_was_waived(
    clerk: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(lot)
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON - HOUR)
    actions.cancel(reservation_id=row.pk, by=DESK)
    told = lines(clerk, row)
    assert [told[0][0], told[1][0], told[1][-1]] == ["Price", "Fee", "EUR 10.00"]
    assert told[-2:] == [["Together", "EUR 10.00", "EUR 0.00"], ["Still due", "EUR 10.00"]]
    actions.waive_fee(reservation_id=row.pk, by=DESK, reason="A storm")
    told = lines(clerk, row)
    assert told[2][-1] == "EUR -10.00"
    assert told[-2:] == [["Together", "EUR 0.00", "EUR 0.00"], ["Still due", "EUR 0.00"]]


def test_a_second_click_pays_and_gives_back_once(manager: Client, lot: Venue) -> None:
    row = hold(lot)
    once = str(uuid4())
    for _click in range(2):
        assert pay(manager, row, once=once).redirect_chain
    assert paid(row) == 2_000 and Payment.objects.count() == 1
    # Who goes back and alters the form is asked to send it again.
    altered = text_of(pay(manager, row, "1.00", once=once))
    assert "was recorded already" in faults(altered)[0] and once not in altered
    again = str(uuid4())
    for _click in range(2):
        send(manager, "give_back", row, amount="5.00", reason="x", once=again)
    assert paid(row) == 1_500 and Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-3"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"amount": "9999999999999"}, "amount"),
        ({"method": "card"}, "method"),
        ({"till": "=1+1"}, "till"),
        ({"method": "voucher", "till": "bar"}, "till"),
        ({"reference": "x" * 65}, "reference"),
    ],
)
def test_what_makes_no_payment_is_refused_beside_its_field(
    clerk: Client, lot: Venue, wrong: dict[str, str], field: str
) -> None:
    row = hold(lot)
    answer = pay(clerk, row, **{"amount": "5.00", **wrong})
    assert fault_beside(text_of(answer), field)
    assert paid(row) == 0


def test_managers_give_back_at_most_what_was_paid(
    clerk: Client, manager: Client, lot: Venue
) -> None:
    row = hold(lot)
    assert address("give_back", row) not in text_of(manager.get(address("change", row)))
    pay(clerk, row, "5.00")
    assert address("give_back", row) not in text_of(clerk.get(address("change", row)))
    assert address("give_back", row) in text_of(manager.get(address("change", row)))
    more = text_of(send(manager, "give_back", row, amount="5.01", reason="x"))
    assert "At most 5.00 EUR" in fault_beside(more, "amount")
    assert fault_beside(text_of(send(manager, "give_back", row, amount="1.00")), "reason")
    assert send(clerk, "give_back", row, amount="1.00", reason="x").status_code == 403
    assert paid(row) == 500


TAKINGS = "/admin/takings/"


def count(browser: Client, lot: Venue, counted: str, **values: str) -> Any:
    sent = {"once": str(uuid4()), "for_venue": str(lot.pk), "till": "EUR main", "counted": counted}
    return browser.post(TAKINGS, {**sent, **values}, follow=True)


def test_a_manager_sees_a_days_takings_and_closes_the_till(
    clerk: Client, manager: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(lot)
    assert "Nothing was paid" in text_of(manager.get(TAKINGS))
    assert "No till has held cash yet" in text_of(manager.get(TAKINGS))
    pay(clerk, row, "12.00")
    pay(clerk, row, "3.00", method="terminal", till="bar")
    page = text_of(manager.get(TAKINGS))
    assert "EUR 12.00" in page and "EUR 3.00" in page and "Card terminal" in page
    told = text_of(count(manager, lot, "10.50"))
    assert said(told) == ["Till main is closed: EUR 10.50 counted. EUR 1.50 too little."]
    assert "Mia Boss" in told and "main: EUR 10.50" in re.sub(r"</?strong>", "", told)
    assert "It is right." in said(text_of(count(manager, lot, "10.50")))[0]
    assert "EUR 0.50 too much." in said(text_of(count(manager, lot, "11")))[0]
    frozen.move_to(NOON + 2 * DAY)
    assert "Nothing was paid" in text_of(manager.get(TAKINGS))
    assert "EUR 12.00" in text_of(manager.get(f"{TAKINGS}?day=2027-02-28"))


def test_a_day_ends_when_the_desks_day_does(
    clerk: Client, manager: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    lot.policy.day_ends = time(5)
    lot.policy.save()
    row = hold(lot)
    for at, amount in ((4, "4.44"), (6, "6.66")):
        frozen.move_to(NOON.replace(hour=at))
        pay(clerk, row, amount)
    assert "EUR 4.44" in text_of(manager.get(f"{TAKINGS}?day=2027-02-28"))
    page = text_of(manager.get(f"{TAKINGS}?day=2027-03-01"))
    assert "EUR 6.66" in page and "EUR 4.44" not in page


def test_a_count_that_is_sent_twice_counts_once(manager: Client, lot: Venue) -> None:
    pay(manager, hold(lot), "12.00")
    once = str(uuid4())
    for counted in ("12.00", "12.00", "9.00"):
        count(manager, lot, counted, once=once)
    assert [one.counted_minor for one in TillCount.objects.all()] == [1_200]


@pytest.mark.parametrize(
    "wrong",
    [{"counted": "-1"}, {"counted": "1.005"}, {"counted": ""}, {"till": "EUR kitchen"},
     {"till": "USD main"}, {"once": ""}],
)  # fmt: skip
def test_what_is_no_count_is_refused(manager: Client, lot: Venue, wrong: dict[str, str]) -> None:
    pay(manager, hold(lot), "12.00")
    count(manager, lot, **{"counted": "12.00", **wrong})
    assert not TillCount.objects.exists()


def test_tills_are_for_managers_of_the_venue(clerk: Client, manager: Client, lot: Venue) -> None:
    pay(clerk, hold(lot), "12.00")
    assert TAKINGS in text_of(manager.get("/admin/today/"))
    assert TAKINGS not in text_of(clerk.get("/admin/today/"))
    assert count(clerk, lot, "12.00").status_code == 403
    both = StaffFactory.create(clerk_at=[lot], staff_venues=[make_venue("hotel")])
    for path in (TAKINGS, f"{TAKINGS}journal.csv"):
        assert browser_of(both).get(f"{path}?venue={lot.pk}").status_code == 403
    assert not TillCount.objects.exists()


def test_a_count_stays_at_the_venue_that_its_form_was_made_for(lot: Venue) -> None:
    other = make_venue("hotel")
    browser = browser_of(StaffFactory.create(staff_venues=[lot, other]))
    pay(browser, hold(lot), "12.00")
    browser.post("/admin/venue/", {"venue": other.pk})
    refused = count(browser, lot, "12.00")
    assert refused.status_code == 409 and "This form is for" in text_of(refused)
    assert not TillCount.objects.exists()
    assert count(browser, lot, "12.00", for_venue_again=str(lot.pk)).status_code == 200
    assert TillCount.objects.get().venue_id == lot.pk


def test_the_journal_is_a_file_of_the_days_that_are_asked_for(
    clerk: Client, manager: Client, lot: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(lot)
    pay(clerk, row, "12.00", reference="=1+1")
    frozen.move_to(NOON)
    pay(clerk, row, "3.00")
    day = "2027-02-28"
    answer = manager.get(f"{TAKINGS}journal.csv?from={day}&to={day}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f"-{day}-{day}.csv" in answer["Content-Disposition"]
    lines = text_of(answer).splitlines()
    assert [line.split(",")[5] for line in lines[1:] if ",payment," in line] == ["12.00"]
    assert row.last_name not in text_of(answer)
    both = text_of(manager.get(f"{TAKINGS}journal.csv?from=2027-03-01&to={day}"))
    assert len([line for line in both.splitlines() if ",payment," in line]) == 2
    assert clerk.get(f"{TAKINGS}journal.csv").status_code == 403


def test_money_is_told_in_dutch(manager: Client, lot: Venue) -> None:
    row = hold(lot)
    pay(manager, row, "12.00", method="voucher")
    send(manager, "give_back", row, amount="2.00", reason="x")
    manager.cookies["django_language"] = "nl"
    told = lines(manager, row)
    assert [line[0] for line in told] == [
        "Prijs", "Betaald, tegoedbon", "Teruggegeven, tegoedbon x", "Samen", "Nog te betalen",
    ]  # fmt: skip
    refused = text_of(send(manager, "give_back", row, amount="11", reason="x"))
    assert "hoogstens 10.00 EUR worden teruggegeven" in fault_beside(refused, "amount")
