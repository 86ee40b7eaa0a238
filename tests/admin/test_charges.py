"""The admin of payment terms, taxes and extras: amounts as people write them, and clear faults."""

from typing import Any

import pytest
from django.test import Client

from tests.admin.browsing import browser_of, text_of
from tests.factories import add_category, make_charges, make_venue
from tests.guests.factories import StaffFactory
from venues.models import Extra, PaymentTerm, TaxRule, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def venue() -> Venue:
    return make_venue("hotel")


@pytest.fixture
def manager(venue: Venue) -> Client:
    return browser_of(StaffFactory.create(staff_venues=[venue]))


def add(browser: Client, model: str, venue: Venue, **fields: Any) -> Any:
    return browser.post(f"/admin/venues/{model}/add/", {"venue": venue.pk, **fields})


def test_a_deposit_with_steps_is_saved_as_it_is_written(manager: Client, venue: Venue) -> None:
    answer = add(
        manager, "paymentterm", venue, kind="deposit", percent="30", fee_steps="14: 50\n3h: 100 %"
    )
    assert answer.status_code == 302, text_of(answer)
    row = PaymentTerm.objects.get()
    assert row.steps == [
        {"days_before": 14, "percent": 50},
        {"days_before": 0.125, "percent": 100},
    ]
    page = text_of(manager.get(f"/admin/venues/paymentterm/{row.pk}/change/"))
    assert "14: 50" in page and "3h: 100" in page


def test_terms_that_cannot_be_are_refused_at_their_field(manager: Client, venue: Venue) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"kind": "deposit", "percent": "101"}, "less than or equal to 100"),
        ({"kind": "deposit"}, "Give a deposit a percentage or an amount"),
        ({"kind": "none", "fee_steps": "soon"}, "Write a step as 14: 50"),
        ({"kind": "none", "fee_steps": "1: 50\n2: 60"}, "the start is nearer"),
        ({"kind": "none", "fee_steps": "1: 50", "is_non_refundable": "on"}, "has no steps"),
        ({"kind": "deposit", "amount": "1.001"}, "EUR has 2 decimals"),
    ]
    for fields, told in wrong:
        answer = add(manager, "paymentterm", venue, **fields)
        assert answer.status_code == 200 and told in text_of(answer), (fields, text_of(answer))
    assert not PaymentTerm.objects.exists()


def test_terms_name_no_category_of_another_venue(venue: Venue) -> None:
    other = make_venue("hotel")
    suite = add_category(other, "suite")
    browser = browser_of(StaffFactory.create(staff_venues=[venue, other]))
    answer = add(browser, "paymentterm", venue, kind="none", category=suite.pk)
    assert "This category is of another venue." in text_of(answer)
    assert not PaymentTerm.objects.exists()


def test_taxes_and_extras_are_written_in_the_currency(manager: Client, venue: Venue) -> None:
    collected = {"collected_by": "venue", "from_age": "0"}
    vat = {"name": "VAT", "code": "vat", "basis": "room", "rate": "5.5", "included": "on"}
    assert add(manager, "taxrule", venue, **vat, **collected).status_code == 302
    city = {"name": "City", "code": "city", "basis": "person_night", "amount": "3.25"}
    assert add(manager, "taxrule", venue, **city, **collected).status_code == 302
    found = TaxRule.objects.order_by("pk").values_list("rate_bp", "amount_minor")
    assert list(found) == [(550, None), (None, 325)]
    extra = {"name": "Parking", "code": "p", "basis": "night", "amount": "12", "from_age": "0"}
    answer = add(manager, "extra", venue, **extra, position="0", tax_code="city")
    assert "no tax of this code" in text_of(answer)
    assert add(manager, "extra", venue, **extra, position="0", tax_code="vat").status_code == 302
    assert Extra.objects.get().amount_minor == 1_200
    both = add(manager, "taxrule", venue, **{**vat, "code": "x", "amount": "1"}, **collected)
    assert "A share has a rate and no amount." in text_of(both)


def test_the_venue_of_a_row_never_changes(manager: Client, venue: Venue) -> None:
    _, _, extra = make_charges(venue)
    other = make_venue("hotel")
    page = f"/admin/venues/extra/{extra.pk}/change/"
    fields = {"name": "B", "code": "b", "basis": "stay", "amount": "1", "from_age": "0"}
    assert manager.post(page, {**fields, "position": "0", "venue": other.pk}).status_code == 302
    extra.refresh_from_db()
    assert (extra.venue_id, extra.amount_minor) == (venue.pk, 100)


def test_clerks_do_not_see_them(venue: Venue) -> None:
    clerk = browser_of(StaffFactory.create(clerk_at=[venue]))
    for model in ("paymentterm", "taxrule", "extra"):
        assert clerk.get(f"/admin/venues/{model}/").status_code == 403
