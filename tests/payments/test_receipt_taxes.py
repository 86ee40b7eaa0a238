"""Receipts show taxes in proportion to what was paid or given back, and add up to the ledger."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given
from hypothesis import strategies as st

from payments import ledger, posting, recording
from payments.documents import audits, page, tax_shares
from payments.documents.issuance import lines_of
from payments.documents.tax_shares import Part, Parts
from payments.methods import Method
from payments.models import Document, DocumentKind, Refund
from payments.recording import Taken
from payments.refunds import payouts
from payments.refunds.payouts import Payout
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Times
from tests.factories import DESK, NOON, hold, make_venue
from tests.plain.tax_parts import Money, PlainReceipts
from venues.models import Extra, TaxRule, Venue

CURRENCIES = ("EUR", "JPY", "KWD")
"""With two decimals, none and three."""

RATES: dict[str, int | None] = {"": None, "city": None, "high": 2_100, "low": 900}


def product(money: Money) -> Parts:
    return {(name, RATES[name]): Part(amount, tax) for name, (amount, tax) in money.items()}


def plain(parts: Parts) -> Money:
    return {
        code: [part.gross_minor, part.tax_minor]
        for (code, _rate), part in parts.items()
        if part != Part()
    }


@st.composite
def charges(draw: st.DrawFn) -> Money:
    """Charges with taxes in them, one that is all tax, and one that stands by itself."""
    found: Money = {}
    for name in draw(st.sets(st.sampled_from(sorted(RATES)))):
        amount = draw(st.integers(1, 10 ** draw(st.integers(0, 8))))
        tax = {"": 0, "city": amount}.get(name)
        found[name] = [amount, draw(st.integers(0, amount)) if tax is None else tax]
    stands_by_itself: bool = draw(st.booleans())
    if found and stands_by_itself and "low" not in found:
        found["low"] = [0, draw(st.integers(1, 50))]
    return found


AMOUNTS = st.integers(1, 10**8) | st.integers(1, 100)
ACTS = st.lists(
    st.tuples(st.sampled_from(["pay", "back", "back all"]), AMOUNTS)
    | st.tuples(st.just("charge"), charges())
    | st.tuples(st.just("pay the rest"), st.just(0)),
    max_size=12,
)


@given(first=charges(), acts=ACTS)
def test_parts_agree_with_a_plain_account(first: Money, acts: list[tuple[str, Any]]) -> None:
    book, shown = PlainReceipts(), dict[tax_shares.Key, Part]()
    book.charged = first
    for act, value in acts:
        if act == "charge":
            book.charged = value
            continue
        charged, paid = product(book.charged), tax_shares.total(shown)
        match act:
            case "pay":
                amount = value
            case "pay the rest":
                amount = tax_shares.total(charged) - paid
            case "back":
                amount = -min(value, paid)
            case _:
                amount = -paid
        if amount > 0:
            told = tax_shares.received(amount, charged=charged, shown=shown)
            expected = book.pay(amount)
        else:
            told = tax_shares.negated(tax_shares.given_back(-amount, charged=charged, shown=shown))
            expected = book.give_back(-amount)
        assert plain(told) == expected
        assert tax_shares.total(told) == amount
        shown = dict(tax_shares.plus(shown, told))
        # Whatever came before: all that is charged is paid with its taxes, and of nothing that is
        # charged nothing is left once all has gone back.
        if amount < 0 and not charged and tax_shares.total(shown) == 0:
            assert shown == {}
        if act == "pay the rest" and amount > 0:
            assert shown == tax_shares.plus(charged, {})


@given(first=charges(), cuts=st.lists(st.floats(0, 1), max_size=5))
def test_what_goes_back_in_parts_goes_back_whole_and_never_below_zero(
    first: Money, cuts: list[float]
) -> None:
    shown = dict(product(first))
    whole = tax_shares.total(shown)
    stops = [0, *sorted(int(cut * whole) for cut in cuts), whole]
    for start, stop in pairwise(stops):
        back = tax_shares.given_back(stop - start, charged={}, shown=shown)
        assert tax_shares.total(back) == stop - start
        assert all(part.gross_minor >= 0 for part in back.values())
        assert all(
            0 <= part.tax_minor <= max(part.gross_minor, first[code][1])
            for (code, _rate), part in back.items()
        )
        shown = dict(tax_shares.minus(shown, back))
    assert {key: part for key, part in shown.items() if part.gross_minor} == {}
    if whole:
        assert shown == {}


def test_a_unit_that_is_left_over_goes_to_the_largest_remainder() -> None:
    charged = {("a", 900): Part(100, 8), ("b", 2_100): Part(100, 17), ("", None): Part(101, 0)}
    told = tax_shares.received(100, charged=charged, shown={})
    # 33.22, 33.22 and 33.55
    assert [part.gross_minor for part in told.values()] == [33, 33, 34]
    assert [part.tax_minor for part in told.values()] == [3, 6, 0]


@pytest.fixture
def hotel() -> Venue:
    """A night is 10.00 with 9 % VAT in it; a city tax of 3.00 a night comes on top."""
    venue = make_venue("hotel", units=9, notice=timedelta(0), cancel_fee_percent=0)
    of = {"venue": venue, "name": "Tax"}
    TaxRule.objects.create(code="vat", basis="room", rate_bp=900, included=True, **of)
    TaxRule.objects.create(code="city", basis="night", amount_minor=300, **of)
    Extra.objects.create(
        venue=venue, code="parking", name="Parking", basis="stay", amount_minor=1_091,
        tax_code="vat",
    )  # fmt: skip
    return venue


def booked(hotel: Venue, currency: str = "EUR", *, confirms: bool = True) -> Reservation:
    first = NOON.date() + timedelta(days=10)
    times = Times(check_in=first, check_out=first + timedelta(days=3))
    row = hold(hotel, times=times, extras=("parking",))
    Reservation.objects.filter(pk=row.pk).update(currency=currency)
    if confirms:
        actions.confirm(reservation_id=row.pk, by=DESK)
    row.refresh_from_db()
    return row


def pay(row: Reservation, amount: int) -> None:
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=amount), by=DESK)


def give_back(row: Reservation, amount: int) -> None:
    recording.give_back(row.pk, amount_minor=amount, reason="x", by=DESK)


def of_ledger(row: Reservation) -> dict[str, int]:
    """The taxes that the tax columns of the journal come to."""
    sums: dict[str, int] = {}
    for entry in row.entries.exclude(tax_code=""):
        sign = 1 if entry.from_account == "guest" else -1
        sums[entry.tax_code] = sums.get(entry.tax_code, 0) + sign * entry.tax_minor
    nets = ledger.nets([row.pk])[row.pk]
    assert all(nets[f"tax:{code}"] == tax for code, tax in sums.items())
    return {code: tax for code, tax in sums.items() if tax}


def of_receipts(row: Reservation) -> dict[str, int]:
    sums: dict[str, int] = {}
    for document in Document.objects.filter(reservation=row, kind=DocumentKind.RECEIPT):
        for tax in document.taxes:
            sums[tax["code"]] = sums.get(tax["code"], 0) + tax["tax_minor"]
    return {code: tax for code, tax in sums.items() if tax}


def refunded() -> list[Document]:
    found = Document.objects.filter(kind=DocumentKind.RECEIPT, total_minor__lt=0)
    return list(found.order_by("pk"))


@pytest.mark.django_db
@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("payments", [[5_000], [1, 1_700, 3_299], [1_234, 3_766]])
@pytest.mark.parametrize("backs", [[5_000], [1, 2, 4_997], [1_667, 1_667, 1_666]])
def test_receipts_come_to_what_the_ledger_says_and_back_to_nothing(
    hotel: Venue, currency: str, payments: list[int], backs: list[int]
) -> None:
    row = booked(hotel, currency)
    assert row.price_minor == 3_000 + 900 + 1_091
    for amount in payments:
        pay(row, amount if amount != payments[-1] else row.price_minor - sum(payments[:-1]))
    assert of_receipts(row) == of_ledger(row) == {"vat": 248 + 90, "city": 900}
    for amount in backs:
        give_back(row, amount if amount != backs[-1] else row.price_minor - sum(backs[:-1]))
    assert [document.currency for document in refunded()] == [currency] * len(refunded())
    assert sum(document.total_minor for document in refunded()) == -row.price_minor
    assert of_receipts(row) == {}
    assert list(audits.faults()) == []


@pytest.mark.django_db
def test_a_cancelling_takes_back_the_taxes_that_the_ledger_takes_back(
    frozen: FrozenDateTimeFactory, hotel: Venue
) -> None:
    row = booked(hotel)
    pay(row, row.price_minor)
    before = of_ledger(row)
    actions.cancel(reservation_id=row.pk, by=DESK)
    posting.post_now(row.pk)
    (refund,) = Refund.objects.all()
    assert refunded() == [], "it is a promise so far"
    payouts.pay_out(refund.pk, Payout(method=Method.CASH), by=DESK)
    (document,) = refunded()
    assert {tax["code"]: -tax["tax_minor"] for tax in document.taxes} == before
    assert of_receipts(row) == of_ledger(row) == {}


@pytest.mark.django_db
@pytest.mark.usefixtures("frozen")
def test_what_a_lower_price_gives_back_leaves_the_taxes_of_the_lower_price(hotel: Venue) -> None:
    row = booked(hotel)
    pay(row, row.price_minor)
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=3_333, reason="a leak")
    give_back(row, 700)
    give_back(row, row.price_minor - 3_333 - 700)
    assert of_receipts(row) == of_ledger(row)
    # In proportion: of what was paid above the price, and no more at once than it.
    first, second = refunded()
    taxes = [sum(-tax["tax_minor"] for tax in one.taxes) for one in (first, second)]
    assert all(tax > 0 for tax in taxes)
    assert abs(taxes[0] * -second.total_minor - taxes[1] * -first.total_minor) <= 3 * 700


@pytest.mark.django_db
@pytest.mark.usefixtures("frozen")
def test_what_is_paid_for_a_hold_has_the_taxes_of_its_price(hotel: Venue) -> None:
    row = booked(hotel, confirms=False)
    pay(row, row.price_minor)
    assert of_receipts(row) == {"vat": 248 + 90, "city": 900}
    actions.confirm(reservation_id=row.pk, by=DESK)
    posting.post_now(row.pk)
    assert of_receipts(row) == of_ledger(row)


@pytest.mark.django_db
@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("language", "said"), [("en", "Given back, cash"), ("nl", "Teruggegeven, contant")]
)
def test_a_receipt_has_a_line_a_payment_and_its_taxes_beneath(
    hotel: Venue, language: str, said: str
) -> None:
    row = booked(hotel)
    Reservation.objects.filter(pk=row.pk).update(language=language)
    pay(row, row.price_minor)
    give_back(row, 1_000)
    (document,) = refunded()
    assert len(lines_of(document)) == 2
    text = page.html(document)
    assert text.count(said) == 1 and text.count("<tr>") >= 4
    assert "vat 9" in text and "city" in text
