"""Terms, lines, taxes and extras over the API: on the quote, the reservation and the folio."""

from typing import Any

import pytest

from reservations.models import Reservation
from tests.api.calling import Api, faults, problem, stay
from tests.factories import make_charges
from venues.models import PaymentTerm, TaxRule, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def taxed(hotel: Venue) -> Venue:
    """VAT of 9 % within, breakfast at 12.00, a city tax of 3.00, and a deposit of 30 %."""
    terms, _, _ = make_charges(hotel)
    terms.delete()
    PaymentTerm.objects.create(venue=hotel, kind="deposit", percent=30)
    TaxRule.objects.create(
        venue=hotel, code="city", name="City tax", basis="person_night", amount_minor=300,
        from_age=12,
    )  # fmt: skip
    return hotel


def wish(venue: Venue, **more: Any) -> dict[str, Any]:
    return stay(venue, guest_count=3, children=[4], extras=["breakfast"], **more)


def test_a_quote_says_what_it_is_made_of_and_the_reservation_keeps_it(
    guest: Api, taxed: Venue
) -> None:
    asked = {name: wish(taxed)[name] for name in ("check_in", "check_out", "guest_count")}
    quote = guest.post(
        f"/venues/{taxed.slug}/quote", {**asked, "children": [4], "extras": ["breakfast"]}
    ).json()
    assert quote["price"] == euros("104.00")
    assert quote["due_now"] == euros("31.20")
    assert quote["terms"] == {"kind": "deposit", "percent": 30, "amount": None}
    shown = [(one["kind"], one["text"], one["amount"], one["included"]) for one in quote["lines"]]
    assert shown == [
        ("stay", "Standard, 2 nights", euros("20.00"), False),
        ("extra", "Breakfast", euros("72.00"), False),
        ("tax", "City tax", euros("12.00"), False),
        ("tax", "VAT 9 %", euros("7.59"), True),
    ]
    made = guest.post("/reservations", wish(taxed, quote=quote["quote"])).json()
    same = ("price", "due_now", "terms", "lines")
    assert {name: made[name] for name in same} == {name: quote[name] for name in same}
    assert made["extras"] == ["breakfast"]
    sent = [one["price"]["amount"] for one in quote["items"]]
    assert sum(map(float, sent)) == 104
    money = guest.get(f"/reservations/{made['id']}/payments").json()
    assert (money["total"], money["due_now"]) == (euros("104.00"), euros("31.20"))


def test_prices_of_categories_have_what_every_guest_pays(guest: Api, taxed: Venue) -> None:
    asked = "check_in=2027-03-01&check_out=2027-03-03&guests=2"
    found = guest.get(f"/venues/{taxed.slug}/availability?{asked}").json()
    assert found["categories"][0]["price"] == euros("32.00")


def test_an_extra_that_is_not_sold_here_is_named(guest: Api, hotel: Venue) -> None:
    answer = guest.post("/reservations", stay(hotel, extras=["sauna"]))
    assert set(faults(answer)) == {"extras"}
    assert not Reservation.objects.exists()


def test_confirming_what_asks_for_a_deposit_is_refused_until_it_is_paid(
    guest: Api, taxed: Venue
) -> None:
    made = guest.post("/reservations", stay(taxed)).json()
    answer = guest.post(f"/reservations/{made['id']}/confirm")
    assert problem(answer, 409, "payment_required")["due_now"] == made["due_now"]
    Reservation.objects.update(paid_minor=Reservation.objects.get().due_now_minor)
    assert guest.post(f"/reservations/{made['id']}/confirm").json()["due_now"] == euros("0.00")
