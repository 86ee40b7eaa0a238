"""The ledger posts taxes to their accounts and extras to theirs, and the sum stays the price."""

from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory

from payments import doctor, ledger, posting
from payments.models import Entry
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, hold, make_venue
from venues.models import Extra, TaxRule, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = NOON.date() + timedelta(days=10)


def nights(count: int) -> Times:
    return Times(check_in=FIRST, check_out=FIRST + timedelta(days=count))


@pytest.fixture
def hotel() -> Venue:
    """A night is 10.00 with 9 % VAT in it; a city tax of 3.00 a night comes on top."""
    venue = make_venue("hotel", units=3, notice=timedelta(0), cancel_fee_percent=50)
    of = {"venue": venue, "name": "Tax"}
    TaxRule.objects.create(code="vat", basis="room", rate_bp=900, included=True, **of)
    TaxRule.objects.create(code="city", basis="night", amount_minor=300, **of)
    Extra.objects.create(
        venue=venue, code="parking", name="Parking", basis="stay", amount_minor=1_090,
        tax_code="vat",
    )  # fmt: skip
    return venue


def accounts_of(row: Reservation) -> dict[str, int]:
    posting.post_now(row.pk)
    sums = ledger.nets([row.pk])[row.pk]
    return {name: net for name, net in sums.items() if net and name != "guest"}


def test_each_part_of_a_price_has_its_account(hotel: Venue) -> None:
    row = hold(hotel, times=nights(2), extras=("parking",))
    assert accounts_of(row) == {}
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert accounts_of(row) == {
        "revenue:standard": 2_000 - 165,
        "revenue:parking": 1_000,
        "tax:vat": 165 + 90,
        "tax:city": 600,
    }
    taxes = Entry.objects.filter(tax_code="city")
    assert [(one.amount_minor, one.tax_minor) for one in taxes] == [(600, 600)]
    assert not list(doctor.differences())


def test_changes_follow_and_the_sum_stays_the_price(
    frozen: FrozenDateTimeFactory, hotel: Venue
) -> None:
    row = hold(hotel, times=nights(2), extras=("parking",))
    actions.confirm(reservation_id=row.pk, by=DESK)
    accounts_of(row)
    longer = actions.modify(reservation_id=row.pk, change=Change(times=nights(3)), by=DESK)
    assert sum(accounts_of(row).values()) == longer.price_minor
    adjusted = actions.adjust_price(
        reservation_id=row.pk, amount_minor=2_345, reason="a leak", by=DESK
    )
    found = accounts_of(row)
    assert sum(found.values()) == adjusted.price_minor == 2_345
    assert found["tax:city"] == 900
    assert not list(doctor.differences())
    frozen.move_to(row.starts_at - timedelta(hours=1))
    cancelled = actions.cancel(reservation_id=row.pk, by=DESK)
    assert accounts_of(row) == {"fees": cancelled.fee_due_minor}
    assert not list(doctor.differences())


def test_a_price_without_taxes_is_posted_as_before() -> None:
    row = hold(make_venue("parking"))
    assert accounts_of(row) == {"revenue:standard": row.price_minor}
