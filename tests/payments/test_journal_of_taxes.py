"""The tax of the journal, code by code, is that of the stays, which a plain copy works out anew."""

import csv
import random
from collections import Counter
from datetime import UTC, date, timedelta
from fractions import Fraction

import pytest

from payments import doctor, journal, posting
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Change, Times
from tests.effort import examples
from tests.factories import DESK, NOON, hold, make_venue
from tests.plain.charges import PlainBill, PlainExtra, PlainTax
from venues.hours import Window
from venues.models import Extra, TaxRule, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = NOON.date() + timedelta(days=10)
NIGHT = 1_111
"""What a night costs, in cents: shares of it have to be rounded."""

TAXES = [
    PlainTax("vat", "room", rate=Fraction(9, 100), included=True),
    PlainTax("service", "room", rate=Fraction(35, 1000)),
    PlainTax("city", "person_night", amount=213, from_age=12, most_nights=3),
    PlainTax("levy", "stay", amount=100, included=True),
]
EXTRAS = [
    PlainExtra("parking", "stay", 1_090, tax="vat"),
    PlainExtra("breakfast", "person_night", 777, from_age=4, tax="vat"),
]


@pytest.fixture
def hotel() -> Venue:
    venue = make_venue("hotel", units=12, notice=timedelta(0), cancel_fee_percent=0)
    venue.rates.update(amount_minor=NIGHT)
    for tax in TAXES:
        is_share = tax.basis == "room"
        TaxRule.objects.create(
            venue=venue,
            code=tax.code,
            name=tax.code,
            basis=tax.basis,
            rate_bp=int(tax.rate * 10_000) if is_share else None,
            amount_minor=None if is_share else tax.amount,
            from_age=tax.from_age,
            max_nights=tax.most_nights if tax.most_nights < 10_000 else None,
            included=tax.included,
        )
    for extra in EXTRAS:
        Extra.objects.create(
            venue=venue,
            code=extra.code,
            name=extra.code,
            basis=extra.basis,
            amount_minor=extra.amount,
            from_age=extra.from_age,
            tax_code=extra.tax,
        )
    return venue


def nights(count: int, first: date = FIRST) -> Times:
    return Times(check_in=first, check_out=first + timedelta(days=count))


def journal_of(venue: Venue) -> Counter[str]:
    """The tax of each code by the rows of the journal: what was credited, less what was debited."""
    period = Window(NOON - timedelta(days=99), NOON + timedelta(days=99))
    found: Counter[str] = Counter()
    for row in csv.DictReader(journal.text(venue.pk, period)):
        code, cents = row["tax_code"], round(Fraction(row["tax"]) * 100)
        accounts = (row["debit"], row["credit"])
        assert bool(code) == any(one.startswith("tax:") for one in accounts)
        assert not code or f"tax:{code}" in accounts
        assert cents == (round(Fraction(row["amount"]) * 100) if code else 0)
        found[code] += cents if row["credit"] == f"tax:{code}" else -cents
    return +found


def bill_of(row: Reservation, extras: tuple[str, ...]) -> tuple[Counter[str], int]:
    """The taxes and the price of a stay as it is now, by the plain copy."""
    ages = list(row.children or [])
    bill = PlainBill(
        arrive=row.starts_at.astimezone(UTC).date(),
        leave=row.ends_at.astimezone(UTC).date(),
        adults=row.guest_count - len(ages),
        ages=ages,
        taxes=TAXES,
        extras=[one for one in EXTRAS if one.code in extras],
    )
    count = (bill.leave - bill.arrive).days
    total = bill.total(Fraction(NIGHT * count))
    own = Counter({code: sum_ for code, sum_ in bill.added.items() if "extra:" not in code})
    return own + Counter(bill.within), total


@pytest.mark.parametrize("seed", range(examples(20)))
def test_the_journal_has_the_taxes_of_the_stays_that_stand(hotel: Venue, seed: int) -> None:
    chance = random.Random(seed)
    sold: dict[int, tuple[str, ...]] = {}
    for _ in range(chance.randrange(2, 6)):
        ages = tuple(chance.choices(range(18), k=chance.randrange(3)))
        extras = tuple(one.code for one in EXTRAS if chance.random() < 0.5)
        row = hold(
            hotel,
            times=nights(chance.randrange(1, 6)),
            guest_count=1 + len(ages),
            children=ages,
            extras=extras,
        )
        sold[row.pk] = extras
        if chance.random() < 0.9:
            actions.confirm(reservation_id=row.pk, by=DESK)
    for pk in [pk for pk in sold for _ in range(2)]:
        act = chance.randrange(4)
        if act == 0:
            change = Change(times=nights(chance.randrange(1, 7)))
            actions.modify(reservation_id=pk, change=change, by=DESK)
        elif act == 1:
            change = Change(adults=chance.randrange(1, 3), children=(3, 13))
            actions.modify(reservation_id=pk, change=change, by=DESK)
        posting.post_now(pk)
    actions.cancel(reservation_id=min(sold), by=DESK)
    expected: Counter[str] = Counter()
    for row in Reservation.objects.filter(pk__in=sold):
        posting.post_now(row.pk)
        taxes, total = bill_of(row, sold[row.pk])
        assert total == row.price_minor
        if row.confirmed_at and not row.cancelled_at:
            expected += taxes
    assert journal_of(hotel) == expected
    assert list(doctor.differences()) == []
