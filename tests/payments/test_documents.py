"""Receipts, invoices and credit notes: numbers, lines, what may be changed, and when."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from guests.callers import Caller
from payments import recording
from payments.documents import audits, invoice_lines, invoices, issuance, lookup, receipts, series
from payments.documents.errors import (
    AlreadyInvoiced,
    InvoiceTooEarly,
    NotAnInvoice,
    NothingToInvoice,
)
from payments.documents.issuance import DocumentLine, Recipient
from payments.documents.sealed import BLANKED, Sealed
from payments.methods import Method
from payments.models import Document, DocumentKind, Payment, Series
from payments.recording import Taken
from reservations import actions
from reservations.errors import Invalid, NotFound
from reservations.models import Reservation
from reservations.pricing import owed
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import DAY, HOUR
from venues import scratch
from venues.models import Venue

CURRENCIES = ("EUR", "JPY", "KWD")
"""With two decimals, none and three."""


OF_VENUE = ("slug", "name", "address", "city", "time_zone")


def stay(kind: str = "restaurant", hours: float = 2, **fields: Any) -> Reservation:
    """Ten euros a table, or as much a night."""
    of_venue = {name: fields.pop(name) for name in OF_VENUE if name in fields}
    venue = make_venue(kind, confirms_at_once=True, units=20, **fields)
    Venue.objects.filter(pk=venue.pk).update(**of_venue) if of_venue else None
    venue.refresh_from_db()
    return hold(venue, hours=hours)


def pay(row: Reservation, amount: int = 1_000, **fields: Any) -> Payment:
    taken = Taken(method=fields.pop("method", Method.CASH), amount_minor=amount, **fields)
    return recording.record(row.pk, taken, by=DESK)


def invoice(row: Reservation, **wish: Any) -> Document:
    return invoices.issue(row.pk, by=wish.pop("by", DESK), **wish).document


def adjust(row: Reservation, amount: int) -> None:
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=amount, reason="x")


def numbers(kind: DocumentKind) -> list[str]:
    return list(Document.objects.filter(kind=kind).values_list("number", flat=True))


def told(document: Document) -> list[tuple[str, int]]:
    return [(line["kind"], line["amount_minor"]) for line in document.lines]


@pytest.mark.django_db
def test_each_payment_has_one_receipt_with_the_next_number() -> None:
    row = stay(slug="hotel-aurora")
    pay(row, 300)
    pay(row, 700, method=Method.TERMINAL)
    assert numbers(DocumentKind.RECEIPT) == ["HOTELAR-2027-00001", "HOTELAR-2027-00002"]
    first, second = Document.objects.all()
    assert (first.total_minor, told(second)) == (300, [("payment", 700)])
    assert (first.recipient_name, first.by_kind) == ("", DESK.kind)
    with pytest.raises(DatabaseError), transaction.atomic():
        receipts.issue([Payment.objects.earliest("pk")])


@pytest.mark.django_db
def test_a_payment_that_is_refused_has_no_receipt_and_leaves_no_gap() -> None:
    row = stay()
    with pytest.raises(Invalid):
        pay(row, -1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        document = _issue_directly(row)
        assert document.sequence == 1
        raise ZeroDivisionError
    pay(row)
    assert [document.sequence for document in Document.objects.all()] == [1]


def _issue_directly(row: Reservation, **fields: Any) -> Document:
    draft = issuance.Draft(
        venue=row.venue,
        kind=fields.pop("kind", DocumentKind.RECEIPT),
        key=fields.pop("key", f"test:{uuid.uuid4()}"),
        language="en",
        currency=row.currency,
        lines=fields.pop("lines", [DocumentLine(kind="payment", text="x", amount_minor=5)]),
        stays=[],
        reservation=row,
        **fields,
    )
    return issuance.issue(draft, by=DESK)


@pytest.mark.django_db
def test_numbers_begin_anew_each_year_of_the_venue(frozen: FrozenDateTimeFactory) -> None:
    row = stay(time_zone="Pacific/Auckland")
    for at, year in (
        (datetime(2026, 12, 31, 10, 59, 59, tzinfo=UTC), 2026),
        (datetime(2026, 12, 31, 11, 0, 0, tzinfo=UTC), 2027),
        (datetime(2027, 12, 31, 10, 59, 59, tzinfo=UTC), 2027),
    ):
        frozen.move_to(at)
        assert _issue_directly(row).year == year
    assert [(one.year, one.sequence) for one in Document.objects.all()] == [
        (2026, 1), (2027, 1), (2027, 2),
    ]  # fmt: skip
    assert list(audits.faults()) == []


@pytest.mark.parametrize(
    ("slug", "best"),
    [("hotel-aurora", "HOTELAF"), ("x", "XF"), ("--", "VF"), ("p-1", "P1F"), ("a_b", "ABF")],
)
def test_a_prefix_comes_from_the_slug(slug: str, best: str) -> None:
    found = series.defaults(slug, DocumentKind.INVOICE)
    first = [next(found) for _ in range(1_000)]
    assert first[0] == best
    assert all(2 <= len(prefix) <= 8 and prefix.isalnum() for prefix in first)
    assert len(set(first)) == 1_000


@pytest.mark.django_db
def test_venues_with_like_slugs_have_prefixes_of_their_own() -> None:
    made = [stay(slug=f"hotel-aurora-{number}") for number in range(3)]
    assert {_issue_directly(row).number for row in made} == {
        "HOTELAR-2027-00001", "HOTELA2R-2027-00001", "HOTELA3R-2027-00001",
    }  # fmt: skip


@pytest.mark.django_db
def test_a_prefix_that_was_printed_is_never_changed() -> None:
    row = stay()
    other = Series.objects.create(venue=row.venue, kind=DocumentKind.INVOICE, prefix="A1")
    other.prefix = "B2"
    other.save()
    pay(row)
    used = Series.objects.get(kind=DocumentKind.RECEIPT)
    for change in ({"prefix": "C3"}, {"kind": "invoice"}, {"first_issued_at": None}):
        with pytest.raises(DatabaseError, match="series_prefix_kept"), transaction.atomic():
            Series.objects.filter(pk=used.pk).update(**change)
    assert invoice(row).number == "B2-2027-00001"


COLUMNS = [
    field.attname for field in Document._meta.local_concrete_fields if field.name not in BLANKED
]
OTHER: dict[str, Any] = {
    "reservation_id": None, "group_id": uuid.uuid4(), "credit_of_id": 1, "lines": [], "taxes": [1],
    "stays": [], "seller": {}, "issued_at": NOON, "venue_id": 0, "series_id": 0, "currency": "XXX",
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("column", COLUMNS)
def test_no_column_of_a_document_is_ever_changed(column: str) -> None:
    pay(stay())
    document = Document.objects.get()
    value = getattr(document, column)
    other = OTHER.get(column, f"{value}x" if isinstance(value, str) else 77)
    for change in ({column: other}, {column: other, **dict.fromkeys(BLANKED, "")}):
        with pytest.raises(DatabaseError, match="document_sealed"), transaction.atomic():
            Document.objects.filter(pk=document.pk).update(**change)


@pytest.mark.django_db
def test_a_recipient_is_blanked_and_nothing_else_is_done_to_a_document() -> None:
    row = stay()
    document = invoice(row, recipient=Recipient(name="Ada Ltd", address="Main Street 1"))
    rows = Document.objects.filter(pk=document.pk)
    for change in (
        {"recipient_name": "Bob"},
        {"recipient_name": ""},
        {"recipient_name": "Bob", "recipient_address": ""},
    ):
        with pytest.raises(DatabaseError, match="document_sealed"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="document_sealed"), transaction.atomic():
        rows._raw_delete("default")
    rows.update(recipient_name="", recipient_address="")
    assert [(one.recipient_name, one.total_minor) for one in rows] == [("", 1_000)]
    (guard,) = (one for one in Document._meta.constraints if isinstance(one, Sealed))
    assert guard.is_in_place(connection)


ASKED_BY = pytest.mark.parametrize("kind", ["guest", "partner"])


def asker(kind: Any, *rows: Reservation) -> Caller:
    """The guest or the partner whose reservations these are."""
    if kind == "guest":
        return Caller(kind="guest", name="guest", proven=frozenset(row.pk for row in rows))
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(partner="acme")
    venues = frozenset(row.venue_id for row in rows)
    return Caller(kind="partner", name="acme", partner="acme", venue_ids=venues)


@pytest.mark.django_db
@ASKED_BY
def test_nobody_but_the_venue_makes_it_use_up_numbers(kind: str) -> None:
    row = stay()
    pay(row)
    by = asker(kind, row)
    company = Recipient(name="Analytical Engines", address="Main Street 1")
    first = invoice(row, by=by, recipient=company)
    again = (None, company, Recipient(name=" Analytical Engines ", address="Main Street 1\r\n"))
    for same in again:
        assert invoice(row, by=by, recipient=same) == first
    for other in (Recipient(name="Ada"), Recipient(name=company.name, address="Quay 1")):
        with pytest.raises(AlreadyInvoiced) as refused:
            invoice(row, by=by, recipient=other)
        assert refused.value.facts["number"] == first.number
    adjust(row, 700)
    with pytest.raises(AlreadyInvoiced):
        invoice(row, by=by)
    assert numbers(DocumentKind.INVOICE) == [first.number]
    assert numbers(DocumentKind.CREDIT_NOTE) == []
    # The desk has the one before taken back, and then it is again the same for all who ask.
    second = invoice(row)
    assert (second.total_minor, second.recipient_name) == (700, company.name)
    assert invoice(row, by=by) == second
    assert len(numbers(DocumentKind.CREDIT_NOTE)) == 1
    assert list(audits.faults()) == []


@pytest.mark.django_db
@ASKED_BY
def test_nobody_but_the_venue_makes_it_use_up_numbers_of_groups(kind: str) -> None:
    group_id, rows = group()
    for row in rows:
        pay(row)
    by = asker(kind, *rows)
    first = invoices.issue_for_group(group_id, by=by).document
    assert invoices.issue_for_group(group_id, by=by).document == first
    with pytest.raises(AlreadyInvoiced):
        invoices.issue_for_group(group_id, by=by, recipient=Recipient(name="Bob"))
    for row in rows:
        with pytest.raises(AlreadyInvoiced):
            invoice(row, by=by)
    assert numbers(DocumentKind.INVOICE) == [first.number]


@pytest.mark.django_db
def test_an_invoice_is_asked_for_once_until_what_is_owed_changes() -> None:
    row = stay()
    first = invoices.issue(row.pk, by=DESK)
    again = invoices.issue(row.pk, by=DESK)
    assert first.is_new and not again.is_new and again.document == first.document
    pay(row)
    assert invoice(row) == first.document
    adjust(row, 700)
    second = invoices.issue(row.pk, by=DESK)
    credit = Document.objects.get(kind=DocumentKind.CREDIT_NOTE)
    assert second.is_new and credit.credit_of == first.document
    assert (told(credit), credit.total_minor) == ([("stay", -1_000)], -1_000)
    assert told(second.document) == [("stay", 1_000), ("adjustment", -300)]
    assert (second.document.total_minor, second.document.paid_minor) == (700, 1_000)
    assert invoices.open_invoice(row) == second.document
    assert list(audits.faults()) == []


@pytest.mark.django_db
def test_another_recipient_is_another_invoice() -> None:
    row = stay()
    first = invoice(row)
    assert first.recipient_name == "Ada Lovelace"
    company = Recipient(name="Analytical Engines", address=" Main Street 1\r\nLondon ")
    second = invoice(row, recipient=company)
    assert (second.recipient_name, second.recipient_address) == (
        "Analytical Engines", "Main Street 1\nLondon",
    )  # fmt: skip
    assert first.credit_note.recipient_name == "Ada Lovelace"
    # Asked for again without saying for whom, it stays the company's.
    assert invoice(row) == second
    assert invoice(row, recipient=company) == second


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "recipient/name"),
        ({"name": "x" * 121}, "recipient/name"),
        ({"name": "a\nb"}, "recipient/name"),
        ({"name": "a", "address": "x" * 301}, "recipient/address"),
        ({"name": "a", "address": "x\0y"}, "recipient/address"),
    ],
    ids=["no name", "long name", "lines", "long address", "null"],
)
def test_a_recipient_that_cannot_be_printed_is_refused(wrong: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        invoice(stay(), recipient=Recipient(**wrong))
    assert refused.value.field == field
    assert not Document.objects.exists()


@pytest.mark.django_db
def test_a_credit_note_takes_all_lines_back_and_moves_no_money() -> None:
    row = stay()
    pay(row)
    first = invoice(row)
    credit = invoices.credit(first.number, by=DESK)
    assert invoices.credit(first.number, by=DESK) == credit
    assert credit.total_minor == -first.total_minor
    assert invoices.open_invoice(row) is None
    row.refresh_from_db()
    assert row.paid_minor == 1_000
    second = invoices.issue(row.pk, by=DESK)
    assert second.is_new and second.document.sequence == 2
    for document in (credit, Document.objects.get(kind=DocumentKind.RECEIPT)):
        with pytest.raises(NotAnInvoice):
            invoices.credit(document.number, by=DESK)


@pytest.mark.django_db
def test_a_cancelled_stay_has_its_fee_alone_on_the_invoice(frozen: FrozenDateTimeFactory) -> None:
    row = stay(cancel_fee_percent=50, cancel_deadline=99 * DAY)
    first = invoice(row)
    actions.cancel(reservation_id=row.pk, by=DESK)
    second = invoice(row)
    assert (told(first), told(second)) == ([("stay", 1_000)], [("fee", 500)])
    actions.waive_fee(reservation_id=row.pk, by=DESK, reason="A storm")
    with pytest.raises(NothingToInvoice):
        invoice(row)
    # Nothing was done: the one before stands until somebody takes it back.
    assert invoices.open_invoice(row) == second


@pytest.mark.django_db
def test_nights_are_lines_that_add_up(frozen: FrozenDateTimeFactory) -> None:
    row = stay("hotel", hours=24 * 3 - 4)
    document = invoice(row)
    assert told(document) == [("night", row.price_minor // 3)] * 3
    adjust(row, 1_000)
    second = invoice(row)
    assert second.total_minor == 1_000
    assert [kind for kind, _amount in told(second)] == ["night"] * 3 + ["adjustment"]


@pytest.mark.django_db
def test_a_hold_has_nothing_to_invoice() -> None:
    row = hold(make_venue("restaurant"))
    with pytest.raises(NothingToInvoice):
        invoice(row)
    assert not invoices.may_ask(row, DESK)


@pytest.mark.django_db
def test_a_guest_asks_once_it_is_paid_or_over(frozen: FrozenDateTimeFactory) -> None:
    row, other = stay(), stay()
    guest = Caller(kind="guest", name="guest", proven=frozenset({row.pk, other.pk}))
    for one in (row, other):
        assert not invoices.may_ask(one, guest)
        with pytest.raises(InvoiceTooEarly):
            invoice(one, by=guest)
    pay(row)
    row.refresh_from_db()
    assert invoices.may_ask(row, guest)
    assert invoice(row, by=guest).paid_minor == 1_000
    frozen.move_to(NOON)
    actions.check_in(reservation_id=other.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    actions.check_out(reservation_id=other.pk, by=DESK)
    assert invoice(other, by=guest).total_minor == 1_000


@pytest.mark.django_db
def test_nobody_else_sees_a_document() -> None:
    row = stay()
    document = invoice(row)
    owner, stranger = UserFactory.create(), UserFactory.create()
    Reservation.objects.filter(pk=row.pk).update(guest=owner, partner="acme")
    seen = {
        "owner": Caller(kind="guest", name="g", user_id=owner.pk),
        "prover": Caller(kind="guest", name="g", proven=frozenset({row.pk})),
        "partner": Caller(
            kind="partner", name="acme", partner="acme", venue_ids=frozenset({row.venue_id})
        ),
        "desk": DESK,
    }
    hidden = {
        "stranger": Caller(kind="guest", name="g", user_id=stranger.pk),
        "nobody": Caller(kind="guest", name="g"),
        "rival": Caller(kind="partner", name="rival", partner="rival"),
        "elsewhere": Caller(kind="staff", name="s", venue_ids=frozenset({make_venue().pk})),
    }
    for name, by in seen.items():
        assert lookup.find(document.number.lower(), by=by) == document, name
    for name, by in hidden.items():
        for number in (document.number, "NOBODY-2027-00001", "", "x" * 99, "é"):
            with pytest.raises(NotFound):
                lookup.find(number, by=by)
        with pytest.raises(NotFound):
            invoice(row, by=by)
        assert lookup.seen_by(by, row) == [], name


def group(count: int = 2) -> tuple[uuid.UUID, list[Reservation]]:
    venue = make_venue("restaurant", confirms_at_once=True, units=20)
    rows = [hold(venue) for _ in range(count)]
    group_id = uuid.uuid4()
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(group_id=group_id)
    return group_id, list(Reservation.objects.filter(group_id=group_id).order_by("pk"))


@pytest.mark.django_db
def test_a_group_has_one_invoice_of_all_its_reservations() -> None:
    group_id, rows = group()
    pay(rows[0])
    issued = invoices.issue_for_group(group_id, by=DESK)
    document = issued.document
    assert (document.total_minor, document.paid_minor) == (2_000, 1_000)
    assert [line["code"] for line in document.lines] == [row.code for row in rows]
    assert not invoices.issue_for_group(group_id, by=DESK).is_new
    assert document in lookup.of(rows[1])
    with pytest.raises(AlreadyInvoiced) as refused:
        invoice(rows[0])
    assert refused.value.facts["number"] == document.number
    invoices.credit(document.number, by=DESK)
    own = invoice(rows[0])
    with pytest.raises(AlreadyInvoiced):
        invoices.issue_for_group(group_id, by=DESK)
    assert [one for one in lookup.of(rows[1]) if one == own] == []


@pytest.mark.django_db
def test_the_documents_of_a_group_are_for_who_sees_all_of_it() -> None:
    group_id, rows = group()
    document = invoices.issue_for_group(group_id, by=DESK).document
    one = Caller(kind="guest", name="g", proven=frozenset({rows[0].pk}))
    both = Caller(kind="guest", name="g", proven=frozenset(row.pk for row in rows))
    assert lookup.seen_by(both, rows[0]) == [document]
    assert lookup.seen_by(one, rows[0]) == []
    assert lookup.by_reservation(both, rows) == {row.pk: [document] for row in rows}
    with pytest.raises(NotFound):
        lookup.find(document.number, by=one)
    with pytest.raises(NotFound):
        invoices.issue_for_group(group_id, by=one)


@pytest.mark.django_db
def test_scratch_venues_issue_nothing() -> None:
    row = stay()
    Venue.objects.filter(pk=row.venue_id).update(slug=f"{scratch.PREFIX}1", is_listed=False)
    pay(row)
    with pytest.raises(NothingToInvoice):
        invoice(row)
    assert not Document.objects.exists()


@pytest.mark.django_db
def test_what_is_printed_of_the_venue_never_changes() -> None:
    row = stay(name="Aurora", address="Quay 1", city="Delft")
    Venue.objects.filter(pk=row.venue_id).update(tax_number="NL1B01", legal_name="Aurora BV")
    first = invoice(row)
    Venue.objects.filter(pk=row.venue_id).update(tax_number="NL2B02", address="Quay 2")
    first.refresh_from_db()
    assert first.seller == {
        "name": "Aurora BV", "trade_name": "Aurora", "address": "Quay 1", "city": "Delft",
        "tax_number": "NL1B01", "email": "",
    }  # fmt: skip


@given(
    amount=st.integers(-(10**12), 10**12),
    prices=st.lists(st.integers(0, 10**9), min_size=1, max_size=40),
)
def test_shares_of_nights_add_up(amount: int, prices: list[int]) -> None:
    nights = [(NOON.date(), price) for price in prices]
    shares = [share for _night, share in invoice_lines.shared(amount, nights)]
    assert sum(shares) == amount
    whole = sum(prices) or len(prices)
    for share, price in zip(shares, prices, strict=True):
        exact = amount * (price if sum(prices) else 1) / whole
        assert abs(share - exact) <= 1 + abs(exact) * 1e-9


LINES = st.lists(
    st.builds(
        DocumentLine,
        kind=st.just("stay"),
        text=st.just("x"),
        amount_minor=st.integers(-(10**9), 10**9),
        tax_code=st.sampled_from(["", "vat", "city"]),
        tax_rate_bp=st.sampled_from([None, 0, 900, 2_100]),
        tax_minor=st.integers(-(10**8), 10**8),
    ),
    max_size=12,
)


@given(lines=LINES)
def test_taxes_per_rate_are_those_of_the_lines(lines: list[DocumentLine]) -> None:
    taxes = issuance.taxes_of(lines)
    assert len({(tax["code"], tax["rate_bp"]) for tax in taxes}) == len(taxes)
    taxed = [line for line in lines if line.tax_code]
    assert sum(tax["tax_minor"] for tax in taxes) == sum(line.tax_minor for line in taxed)
    assert sum(tax["gross_minor"] for tax in taxes) == sum(line.amount_minor for line in taxed)
    negated = issuance.taxes_of(line.negated() for line in lines)
    assert [-tax["tax_minor"] for tax in negated] == [tax["tax_minor"] for tax in taxes]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "adjust", "waive", "invoice", "credit", "cancel"]),
        st.integers(0, 3_000),
    ),
    max_size=10,
)


class AnySequence(TestCase):
    """Whatever happens, an invoice says what is owed, and its lines add up to it."""

    @given(currency=st.sampled_from(CURRENCIES), kind=st.sampled_from(["restaurant", "hotel"]),
           acts=ACTS)  # fmt: skip
    def test_invoices_say_what_is_owed(
        self, currency: str, kind: str, acts: list[tuple[str, int]]
    ) -> None:
        hours = 68 if kind == "hotel" else 2
        row = stay(kind, hours=hours, cancel_fee_percent=33, cancel_deadline=99 * DAY)
        Reservation.objects.filter(pk=row.pk).update(currency=currency)
        for act, amount in acts:
            self.act(row, act, amount)
        row.refresh_from_db()
        due = owed.owed(row, NOON - DAY)
        if due:
            document = invoice(row)
            assert document.total_minor == due
            assert sum(line["amount_minor"] for line in document.lines) == due
            assert document.currency == currency
        opened = [one for one in Document.objects.all() if lookup.is_open_invoice(one)]
        assert len(opened) <= 1
        assert list(audits.faults()) == []

    def act(self, row: Reservation, act: str, amount: int) -> None:
        match act:
            case "pay":
                pay(row, amount + 1)
            case "adjust":
                row.refresh_from_db()
                if row.cancelled_at is None:
                    adjust(row, amount)
            case "waive":
                actions.waive_fee(reservation_id=row.pk, by=DESK, reason="x")
            case "cancel":
                actions.cancel(reservation_id=row.pk, by=DESK)
            case "credit":
                if found := invoices.open_invoice(row):
                    invoices.credit(found.number, by=DESK)
            case "invoice":
                try:
                    invoice(row)
                except NothingToInvoice:
                    return
