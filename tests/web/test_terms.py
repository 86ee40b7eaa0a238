"""Pages say before the button what is paid, when, what is within it, and what cancelling costs."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from reservations.models import Reservation
from tests.factories import NOON, make_charges, make_venue
from venues.models import PaymentTerm, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freezer")]

FIRST = NOON.date() + timedelta(days=30)
WHEN = {"check_in": FIRST.isoformat(), "check_out": (FIRST + timedelta(days=2)).isoformat()}
WHO = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+31201234567", "guests": "2"}


@pytest.fixture
def hotel() -> Venue:
    """20.00 for two nights with 9 % VAT in it, breakfast at 12.00, a deposit of 30 %."""
    venue = make_venue("hotel", units=3, notice=timedelta(0))
    terms, _, _ = make_charges(venue)
    terms.delete()
    steps = [{"days_before": 14, "percent": 50}, {"days_before": 2, "percent": 100}]
    PaymentTerm.objects.create(venue=venue, kind="deposit", percent=30, steps=steps)
    return venue


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def hidden(answer: Any) -> dict[str, str]:
    page = answer.content.decode()
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_the_form_tells_all_of_the_price_before_its_button(client: Client, hotel: Venue) -> None:
    told = words(client.get(f"/venues/{hotel.slug}/book/", {**WHEN, "guests": "2"}))
    assert "To confirm it you pay €6.00 now, and €14.00 at the place." in told
    assert "VAT 9 %, included €1.65" in told
    assert "after that it costs €10.00. From " in told and "it costs €20.00." in told
    assert "Breakfast, €12.00 a person and night" in told


def test_in_dutch_too(client: Client, hotel: Venue) -> None:
    found = client.get(
        f"/venues/{hotel.slug}/book/", {**WHEN, "guests": "2"}, headers={"accept-language": "nl"}
    )
    told = words(found)
    assert "Om te bevestigen betaal je nu" in told and "inbegrepen" in told


def test_extras_are_chosen_counted_and_sold(client: Client, hotel: Venue) -> None:
    address = f"/venues/{hotel.slug}/book/"
    page = client.get(address, {**WHEN, "guests": "2"})
    sent = {**hidden(page), **WHO, "chosen": ["breakfast"], "receive_email_updates": "on"}
    counted = client.post(address, sent | {"recount": "1"})
    assert counted.status_code == 200 and not Reservation.objects.exists()
    assert "€68.00" in words(counted) and 'value="Ada"' in counted.content.decode()
    assert client.post(address, sent | hidden(counted)).status_code == 302
    row = Reservation.objects.get()
    assert (row.price_minor, row.due_now_minor) == (6_800, 2_040)
    held = words(client.get(f"/reservations/{row.code}/"))
    assert "Breakfast" in held and "€48.00" in held and "To be paid now" in held


def test_a_price_that_was_not_shown_is_not_sold(client: Client, hotel: Venue) -> None:
    address = f"/venues/{hotel.slug}/book/"
    page = client.get(address, {**WHEN, "guests": "2"})
    answer = client.post(address, {**hidden(page), **WHO, "chosen": ["breakfast"]})
    assert answer.status_code == 409 and "€68.00" in words(answer)
    assert not Reservation.objects.exists()


def test_a_venue_that_asks_for_nothing_says_what_it_said(client: Client) -> None:
    plain = make_venue("hotel", notice=timedelta(0))
    told = words(client.get(f"/venues/{plain.slug}/book/", {**WHEN, "guests": "2"}))
    assert "You pay at the place." in told and "Extras" not in told
