"""A price that is promised for a while: honoured as it was told, and for nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from freezegun.api import FrozenDateTimeFactory

from reservations import clock
from reservations.errors import QuoteExpired, Taken
from reservations.models import Reservation
from reservations.pricing import quotes
from reservations.pricing.charges import Party
from reservations.pricing.quotes import GOOD_FOR, Quote, Wanted
from tests.factories import NOON, add_category, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, around
from venues import prices
from venues.hours import Window
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LUNCH = Window(NOON, NOON + 2 * HOUR)


@pytest.fixture
def venue() -> Venue:
    """A lot of three spots for ten euros an hour."""
    return make_venue("parking", units=3, unit_choice="guest")


def quote(venue: Venue, window: Window = LUNCH, party: int = 1, code: str = "standard") -> Quote:
    return quotes.quote(
        venue, Wanted(venue.categories.get(code=code), window, Party(party)), now=clock.now()
    )


def dearer() -> None:
    Rate.objects.update(amount_minor=9_900)


def test_the_lines_add_up_to_the_amount() -> None:
    hotel = make_venue("hotel")
    Rate.objects.create(
        venue=hotel,
        category=hotel.categories.get(),
        unit=Rate.Unit.NIGHT,
        amount_minor=2_500,
        first_date=NOON.date() + DAY,
        last_date=NOON.date() + DAY,
    )
    found = quote(hotel, Window(NOON + 3 * HOUR, NOON + 71 * HOUR))
    assert [(item.label, item.amount_minor) for item in found.items] == [
        ("2027-03-01", 1_000),
        ("2027-03-02", 2_500),
        ("2027-03-03", 1_000),
    ]
    assert found.amount_minor == prices.total(found.items) == 4_500


def test_a_booking_with_a_quote_costs_what_was_told(venue: Venue) -> None:
    found = quote(venue)
    dearer()
    assert hold(venue, quote=found.token).price_minor == found.amount_minor == 2_000
    assert hold(venue).price_minor == 2 * 9_900


def test_a_quote_lasts_a_quarter_of_an_hour_and_ends_at_that_instant(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    found = quote(venue)
    assert found.expires_at == NOON - DAY + 15 * MINUTE
    dearer()
    before, at, after = around(found.expires_at)
    frozen.move_to(before)
    assert hold(venue, quote=found.token).price_minor == 2_000
    for instant in (at, after):
        frozen.move_to(instant)
        with pytest.raises(QuoteExpired):
            hold(venue, quote=found.token)


def test_it_expires_when_it_says_also_within_a_second(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(NOON - DAY + timedelta(milliseconds=700))
    found = quote(venue)
    frozen.move_to(found.expires_at - timedelta(microseconds=1))
    assert hold(venue, quote=found.token).pk
    frozen.move_to(found.expires_at)
    with pytest.raises(QuoteExpired):
        hold(venue, quote=found.token)
    assert found.expires_at <= NOON - DAY + GOOD_FOR + SECOND


@pytest.mark.parametrize(
    "changes",
    [
        {"start": NOON + SECOND},
        {"hours": 2.5},
        {"hours": 2 + 0.5 / 3600},
        {"guest_count": 2},
        {"category": "wide"},
    ],
)
def test_a_quote_is_for_one_range_party_and_category(venue: Venue, changes: dict[str, Any]) -> None:
    add_category(venue, "wide")
    token = quote(venue).token
    with pytest.raises(QuoteExpired):
        hold(venue, **({"category": "standard"} | changes), quote=token)
    assert not Reservation.objects.exists()


def test_a_quote_is_for_one_venue() -> None:
    token = quote(make_venue("parking")).token
    with pytest.raises(QuoteExpired):
        hold(make_venue("parking"), quote=token)


@pytest.mark.parametrize("named", ["category", "unit", "nothing"])
def test_it_is_honoured_however_the_booking_names_what_it_is_for(venue: Venue, named: str) -> None:
    token = quote(venue).token
    dearer()
    wishes: dict[str, dict[str, Any]] = {
        "category": {"category": "standard"},
        "unit": {"resource": venue.resources.order_by("pk")[0].pk},
        "nothing": {},
    }
    assert hold(venue, **wishes[named], quote=token).price_minor == 2_000


def altered(token: str) -> list[str]:
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    return [
        token[:middle] + other + token[middle + 1 :],
        token + "A",
        token[:-1],
        token.upper(),
        ":".join(reversed(token.split(":"))),
        token.rpartition(":")[0],
    ]


GARBAGE = ["x", ":", "::", "a:b:c", ".:.:.", "\x00", "é" * 40, "\ud800", " ", "=" * 1000, "💶"]


def test_what_was_altered_or_is_no_token_at_all_is_refused(venue: Venue) -> None:
    for token in [*altered(quote(venue).token), *GARBAGE]:
        with pytest.raises(QuoteExpired):
            hold(venue, quote=token)
    assert not Reservation.objects.exists()


def test_a_token_signed_for_something_else_is_refused(venue: Venue) -> None:
    facts = [venue.pk, venue.categories.get().pk, LUNCH.start.timestamp(), LUNCH.end.timestamp(), 1]
    until = int((NOON + DAY).timestamp())
    for forged in (
        signing.dumps([*facts, 1, until], salt="another"),
        signing.dumps([*facts, 1, until], salt="holdfast.quote", key="another"),
        signing.dumps([], salt="holdfast.quote"),
        signing.dumps({"amount": 1}, salt="holdfast.quote"),
        signing.dumps("text", salt="holdfast.quote"),
        signing.dumps(7, salt="holdfast.quote"),
        signing.dumps([*facts, 1], salt="holdfast.quote"),
    ):
        with pytest.raises(QuoteExpired):
            hold(venue, quote=forged)


def test_a_refused_quote_comes_with_a_new_one_that_is_honoured(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    old = quote(venue)
    dearer()
    frozen.tick(GOOD_FOR)
    with pytest.raises(QuoteExpired) as refusal:
        hold(venue, quote=old.token)
    facts = refusal.value.facts
    assert facts["price"] == {"amount": "198.00", "currency": "EUR"}
    assert facts["expires_at"] == NOON - DAY + 2 * GOOD_FOR
    Rate.objects.update(amount_minor=1)
    assert hold(venue, quote=facts["quote"]).price_minor == 19_800


def test_a_new_quote_is_for_what_was_asked_and_not_for_what_was_quoted(venue: Venue) -> None:
    token = quote(venue).token
    with pytest.raises(QuoteExpired) as refusal:
        hold(venue, hours=3, quote=token)
    assert refusal.value.facts["price"]["amount"] == "30.00"
    assert hold(venue, hours=3, quote=refusal.value.facts["quote"]).price_minor == 3_000


def test_a_quote_does_not_keep_the_time(venue: Venue) -> None:
    token = quote(venue).token
    for _ in range(3):
        hold(venue)
    with pytest.raises(Taken):
        hold(venue, quote=token)


@pytest.mark.parametrize("code", ["standard", "twin"])
def test_a_booking_that_names_no_category_is_given_the_one_that_was_priced(code: str) -> None:
    venue = make_venue("parking", units=3)
    twin = add_category(venue, "twin", units=3)
    Rate.objects.create(venue=venue, category=twin, unit=Rate.Unit.HOUR, amount_minor=1_000)
    token = quote(venue, code=code).token
    Rate.objects.filter(category__code=code).update(amount_minor=9_900)
    for _ in range(3):
        row = hold(venue, quote=token)
        assert (row.category.code, row.price_minor) == (code, 2_000)
    with pytest.raises(Taken):
        hold(venue, quote=token)
