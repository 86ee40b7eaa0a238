"""Taxes, fees and extras: what they add, what is within, and that the lines make up the price."""

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from reservations import actions, clock
from reservations.errors import Invalid, QuoteExpired
from reservations.models import Reservation
from reservations.pricing import price_lines, quotes
from reservations.pricing.charges import Charges, Party, PriceLine, SoldExtra, Tax
from reservations.pricing.quotes import Wanted
from reservations.pricing.terms import terms_of
from reservations.records import look
from reservations.requests import Change, Reprice, Times
from tests.effort import examples
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.plain.charges import PlainBill, PlainExtra, PlainTax, nearest
from venues import catalogue
from venues.hours import Window
from venues.models import Extra, TaxRule, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = NOON.date() + timedelta(days=10)
ZONE = ZoneInfo("UTC")


def nights(count: int, first: date = FIRST) -> Times:
    return Times(check_in=first, check_out=first + timedelta(days=count))


def lines_of(row: Reservation) -> list[PriceLine]:
    row = look(row.pk, by=DESK)
    return price_lines.of(row, row.venue, row.category)


def told(row: Reservation) -> dict[str, int]:
    return {f"{line.kind}:{line.code}": line.amount_minor for line in lines_of(row)}


def tax(venue: Venue, code: str, basis: str, **fields: Any) -> TaxRule:
    return TaxRule.objects.create(venue=venue, code=code, name=code.upper(), basis=basis, **fields)


@pytest.fixture
def hotel() -> Venue:
    """A night is 10.00; VAT of 9 % is in it, city tax of 3.00 for those of 12 and older is not."""
    venue = make_venue("hotel", units=5, notice=timedelta(0))
    tax(venue, "vat", "room", rate_bp=900, included=True)
    tax(venue, "city", "person_night", amount_minor=300, from_age=12, max_nights=4)
    Extra.objects.create(
        venue=venue, code="breakfast", name="Breakfast", basis="person_night", amount_minor=1_000,
        from_age=4, tax_code="vat",
    )  # fmt: skip
    Extra.objects.create(
        venue=venue, code="cleaning", name="Cleaning", basis="stay", amount_minor=2_500,
        is_obligatory=True,
    )  # fmt: skip
    return venue


def test_the_price_is_all_that_the_guest_pays_and_its_lines_make_it_up(hotel: Venue) -> None:
    row = hold(hotel, times=nights(2), guest_count=4, children=(3, 11), extras=("breakfast",))
    # Three have breakfast, two are old enough for the city tax.
    assert told(row) == {
        "stay:": 2_000,
        "extra:breakfast": 6_000,
        "fee:cleaning": 2_500,
        "tax:city": 1_200,
        "tax:vat": 165 + 495,
    }
    assert row.price_minor == 2_000 + 6_000 + 2_500 + 1_200
    added = [line for line in lines_of(row) if line.is_added]
    assert sum(line.amount_minor for line in added) == row.price_minor


def test_a_long_stay_is_taxed_for_its_first_nights_alone(hotel: Venue) -> None:
    assert told(hold(hotel, times=nights(7), guest_count=1))["tax:city"] == 4 * 300


def test_what_is_sold_keeps_its_taxes_and_extras(hotel: Venue) -> None:
    row = hold(hotel, times=nights(2), guest_count=2, extras=("breakfast",))
    before = told(row)
    hotel.tax_rules.update(amount_minor=None, rate_bp=2_100, basis="room")
    hotel.extras.all().delete()
    assert told(row) == before
    longer = actions.modify(reservation_id=row.pk, change=Change(times=nights(3)), by=DESK)
    assert told(longer)["extra:breakfast"] == 6_000
    assert longer.price_minor == 3_000 + 6_000 + 2_500 + 1_800
    anew = Change(reprice=Reprice.ALL, reason="new prices")
    after = actions.modify(reservation_id=row.pk, change=anew, by=DESK)
    assert set(told(after)) == {"stay:", "tax:vat", "tax:city"}


def test_another_party_changes_what_goes_by_it(hotel: Venue) -> None:
    row = hold(hotel, times=nights(2), guest_count=2)
    assert row.price_minor == 2_000 + 2_500 + 1_200
    more = actions.modify(reservation_id=row.pk, change=Change(guest_count=3), by=DESK)
    assert more.price_minor == 2_000 + 2_500 + 1_800
    child = Change(guest_count=3, children=(5,))
    younger = actions.modify(reservation_id=row.pk, change=child, by=DESK)
    assert younger.price_minor == 2_000 + 2_500 + 1_200


def test_a_channel_collects_its_own_tax(hotel: Venue) -> None:
    hotel.tax_rules.filter(code="city").update(collected_by="channel")
    assert hold(hotel, times=nights(1)).price_minor == 1_000 + 2_500 + 300
    row = hold(hotel, times=nights(1, FIRST + timedelta(days=5)))
    Reservation.objects.filter(pk=row.pk).update(partner="acme")
    sold = Charges(taxes=(Tax(code="city", name="City", basis="person_night", amount_minor=300,
                              is_of_channel=True),))  # fmt: skip
    window = Window(row.starts_at, row.ends_at)
    assert sold.added(Fraction(1_000), window, ZONE, Party(2)) == 0
    (_, line) = sold.lines(1_000, Fraction(1_000), window, ZONE, Party(2))
    assert (line.amount_minor, line.is_added, line.is_of_channel) == (600, False, True)


def test_an_unknown_or_obligatory_extra_cannot_be_chosen(hotel: Venue) -> None:
    for code in ("sauna", "cleaning"):
        with pytest.raises(Invalid) as fault:
            hold(hotel, times=nights(1), extras=(code,))
        assert fault.value.field == "extras"
    assert not Reservation.objects.exists()


def test_a_quote_is_for_its_extras_and_ages(hotel: Venue) -> None:
    venue = catalogue.load(hotel.pk)
    asked = booking(venue, times=nights(2), guest_count=3, children=(3,), extras=("breakfast",))
    window = Window(
        datetime(FIRST.year, FIRST.month, FIRST.day, 15, tzinfo=UTC),
        datetime(FIRST.year, FIRST.month, FIRST.day, 11, tzinfo=UTC) + timedelta(days=2),
    )
    wanted = Wanted(venue.categories.all()[0], window, Party(3, (3,)), ("breakfast",))
    made = quotes.quote(venue, wanted, now=clock.now())
    assert sum(item.amount_minor for item in made.items) == made.amount_minor
    with pytest.raises(QuoteExpired):
        hold(hotel, times=nights(2), guest_count=3, children=(3,), quote=made.token)
    with pytest.raises(QuoteExpired):
        hold(hotel, times=nights(2), guest_count=3, extras=("breakfast",), quote=made.token)
    kept = hold(
        hotel, times=asked.times, guest_count=3, children=(3,), extras=("breakfast",),
        quote=made.token,
    )  # fmt: skip
    assert kept.price_minor == made.amount_minor


@pytest.mark.parametrize("amount", [0, 1, 2_499, 4_999, 5_001, 7_777, 123_457])
def test_a_price_that_a_manager_sets_is_made_up_to_the_last_unit(hotel: Venue, amount: int) -> None:
    tax(hotel, "stay-tax", "room", rate_bp=550)
    tax(hotel, "more", "room", rate_bp=550)
    row = hold(hotel, times=nights(2), guest_count=2, extras=("breakfast",))
    after = actions.adjust_price(reservation_id=row.pk, amount_minor=amount, reason="x", by=DESK)
    assert after.price_minor == amount == terms_of(look(row.pk, by=DESK)).price()
    added = [line for line in lines_of(row) if line.is_added]
    assert sum(line.amount_minor for line in added) == amount


BASES = ("stay", "night", "person", "person_night")


def some_taxes(chance: random.Random) -> list[PlainTax]:
    found = []
    for number in range(chance.randrange(0, 4)):
        is_share, included = chance.random() < 0.5, chance.random() < 0.5
        first, last = date.min, date.max
        if chance.random() < 0.3:
            first, last = FIRST, FIRST + timedelta(days=chance.randrange(0, 6))
        found.append(
            PlainTax(
                code=f"t{number}",
                basis=chance.choice(["room", "extra"] if is_share else BASES),
                amount=0 if is_share else chance.randrange(0, 700),
                rate=Fraction(chance.randrange(0, 3_000), 10_000) if is_share else Fraction(0),
                from_age=0 if is_share else chance.choice([0, 4, 12, 18]),
                most_nights=10_000 if is_share else chance.choice([1, 3, 10_000]),
                included=included,
                first=first,
                last=last,
            )
        )
    return found


def ours(taxes: list[PlainTax], extras: list[PlainExtra]) -> Charges:
    return Charges(
        tuple(
            Tax(
                code=one.code,
                name=one.code,
                basis=one.basis,
                amount_minor=one.amount,
                rate_bp=int(one.rate * 10_000),
                from_age=one.from_age,
                max_nights=None if one.most_nights == 10_000 else one.most_nights,
                included=one.included,
                first_date=None if one.first == date.min else one.first,
                last_date=None if one.last == date.max else one.last,
            )
            for one in taxes
        ),
        tuple(
            SoldExtra(
                code=one.code, name=one.code, basis=one.basis, amount_minor=one.amount,
                from_age=one.from_age, tax_code=one.tax,
            )
            for one in extras
        ),
    )  # fmt: skip


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(examples(300)))
def test_random_taxes_and_extras_cost_what_the_plain_model_says(seed: int) -> None:
    chance = random.Random(seed)
    taxes = some_taxes(chance)
    extras = [
        PlainExtra(f"e{number}", chance.choice(BASES), chance.randrange(0, 5_000),
                   chance.choice([0, 4]), chance.choice(["", "t0", "t1"]))
        for number in range(chance.randrange(0, 3))
    ]  # fmt: skip
    ages = [chance.randrange(0, 18) for _ in range(chance.randrange(0, 3))]
    adults, count = chance.randrange(1, 4), chance.randrange(1, 9)
    arrive, leave = FIRST, FIRST + timedelta(days=count)
    room = Fraction(chance.randrange(0, 100_000), chance.choice([1, 3, 7]))
    bill = PlainBill(arrive, leave, adults, ages, taxes, extras)
    total = bill.total(room)
    charges, party = ours(taxes, extras), Party(adults + len(ages), tuple(ages))
    window = Window(at(arrive, 15), at(leave, 11))
    assert nearest(room) + charges.added(room, window, ZONE, party) == total
    lines = charges.lines(total, room, window, ZONE, party)
    assert sum(line.amount_minor for line in lines if line.is_added) == total
    within: dict[str, int] = {}
    for line in lines:
        if line.kind == "tax" and not line.is_added:
            within[line.code] = within.get(line.code, 0) + line.amount_minor
    assert {code: amount for code, amount in within.items() if amount} == bill.within
    assert Charges.from_json(charges.to_json()) == charges


@pytest.mark.parametrize("seed", range(examples(60)))
def test_a_stay_in_two_parts_pays_the_same_tax_by_night(seed: int) -> None:
    """But for taxes per stay or person, nights beyond the most, and the rounding of shares."""
    chance = random.Random(seed)
    taxes = [one for one in some_taxes(chance) if one.basis in ("night", "person_night")]
    taxes = [one for one in taxes if one.most_nights == 10_000]
    charges, party = ours(taxes, []), Party(3, (2, 13))
    count = chance.randrange(2, 9)
    cut = FIRST + timedelta(days=chance.randrange(1, count))
    leave = FIRST + timedelta(days=count)
    whole, *parts = (
        charges.added(Fraction(0), Window(at(one, 15), at(other, 11)), ZONE, party)
        for one, other in ((FIRST, leave), (FIRST, cut), (cut, leave))
    )
    assert whole == sum(parts)


@pytest.mark.parametrize(("currency", "night"), [("JPY", 12_000), ("EUR", 10_000), ("KWD", 33_333)])
def test_each_line_is_rounded_once_to_whole_minor_units(currency: str, night: int) -> None:
    venue = make_venue("hotel", units=2, notice=timedelta(0))
    Venue.objects.filter(pk=venue.pk).update(currency=currency)
    venue.rates.update(amount_minor=night)
    tax(venue, "vat", "room", rate_bp=900, included=True)
    tax(venue, "levy", "room", rate_bp=725)
    row = hold(venue, times=nights(3))
    assert row.price_minor == 3 * night + nearest(Fraction(3 * night * 725, 10_000))
    assert told(row)["tax:vat"] == nearest(Fraction(3 * night * 900, 10_900))


def test_rules_that_contradict_are_refused_at_saving(hotel: Venue) -> None:
    wrong = [
        TaxRule(venue=hotel, code="x", name="X", basis="room", amount_minor=1),
        TaxRule(venue=hotel, code="x", name="X", basis="stay", rate_bp=100),
        TaxRule(venue=hotel, code="x", name="X", basis="room", rate_bp=10_001),
        TaxRule(venue=hotel, code="x", name="X", basis="room", rate_bp=1, from_age=4),
        TaxRule(venue=hotel, code="city", name="X", basis="stay", amount_minor=1),
        TaxRule(venue=hotel, code="x", name="X", basis="stay", amount_minor=1,
                first_date=FIRST, last_date=FIRST - timedelta(days=1)),
        Extra(venue=hotel, code="x", name="X", basis="stay", amount_minor=1, tax_code="city"),
        Extra(venue=hotel, code="breakfast", name="X", basis="stay", amount_minor=1),
    ]  # fmt: skip
    for row in wrong:
        with pytest.raises(ValidationError):
            row.full_clean()
