"""Documents that are issued at once: no gap and no double, whatever fails in the middle."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from payments import recording
from payments.documents import audits, invoices, issuance, receipts, series
from payments.documents.issuance import DocumentLine, Draft
from payments.methods import Method
from payments.models import Document, DocumentKind, Payment, Series
from payments.recording import Taken
from reservations.models import Reservation
from reservations.transactions import in_transaction
from tests.factories import DESK, hold, make_venue
from tests.guests.races import race
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

ISSUERS = 50


class Broken(Exception):  # noqa: N818 - breaks a transaction on purpose
    """A transaction fails after it took its number."""


def rows(count: int) -> list[Reservation]:
    venue = make_venue("restaurant", confirms_at_once=True, units=count)
    return [hold(venue) for _ in range(count)]


def issue(row: Reservation, key: str, *, breaks: bool) -> Document:
    draft = Draft(
        venue=row.venue,
        kind=DocumentKind.INVOICE,
        key=key,
        language="en",
        currency="EUR",
        lines=[DocumentLine(kind="stay", text="x", amount_minor=5)],
        stays=[],
        reservation=row,
    )

    def act() -> Document:
        made = issuance.issue(draft, by=DESK)
        if breaks:
            raise Broken
        return made

    return in_transaction(act)


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    pending = iter(acts)
    return race(len(acts), lambda: next(pending)())


def issuers(seed: int) -> list[Callable[[], Any]]:
    (row,) = rows(1)
    chance = random.Random(seed)
    return [
        partial(issue, row, f"race:{number}", breaks=chance.random() < 0.3)
        for number in range(ISSUERS)
    ]


def test_fifty_issuers_with_failures_leave_no_gap_and_no_double() -> None:
    outcomes = at_once(issuers(seed=1))
    broken = [one for one in outcomes if isinstance(one, Exception)]
    assert broken and all(isinstance(one, Broken) for one in broken), broken
    sequences = sorted(Document.objects.values_list("sequence", flat=True))
    assert sequences == list(range(1, ISSUERS - len(broken) + 1))
    # Numbers and instants have one order.
    by_time = Document.objects.order_by("issued_at", "sequence")
    assert list(by_time.values_list("sequence", flat=True)) == sequences
    assert list(audits.faults()) == []


@pytest.mark.postgres
def test_without_the_lock_of_the_series_two_take_one_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: the database refuses the second, who then has no document."""
    (row,) = rows(1)
    issue(row, "race:first", breaks=False)
    acts = [partial(issue, row, f"race:{number}", breaks=False) for number in range(20)]
    monkeypatch.setattr(series, "locked", lambda venue, kind: Series.objects.get())
    outcomes = at_once([*acts])
    assert any(isinstance(one, IntegrityError) for one in outcomes)


def pay(row: Reservation, *, breaks: bool) -> Payment:
    taken = Taken(method=Method.CASH, amount_minor=100)

    def act() -> Payment:
        # What `recording.record` does inside, then a failure before the commit.
        payment = recording.record(row.pk, taken, by=DESK)
        if breaks:
            raise Broken
        return payment

    if not breaks:
        return act()
    with transaction.atomic():
        payment = Payment.objects.create(
            reservation=row, method=Method.CASH, state="captured", amount_minor=1, currency="EUR",
            at=row.created_at, by="x", by_kind="staff",
        )  # fmt: skip
        receipts.issue([payment])
        raise Broken


def test_each_payment_has_its_receipt_when_many_pay_at_once() -> None:
    acts: list[Callable[[], Any]] = [
        partial(pay, row, breaks=number % 4 == 3) for number, row in enumerate(rows(12))
    ]
    outcomes = at_once(acts)
    assert sum(isinstance(one, Broken) for one in outcomes) == 3
    assert not any(isinstance(one, Exception) and not isinstance(one, Broken) for one in outcomes)
    keys = {f"payment:{pk}" for pk in Payment.objects.values_list("pk", flat=True)}
    assert set(Document.objects.values_list("key", flat=True)) == keys and len(keys) == 9
    assert list(audits.faults()) == []


def test_all_who_ask_at_once_get_one_invoice() -> None:
    (row,) = rows(1)
    outcomes = race(12, lambda: invoices.issue(row.pk, by=DESK))
    assert {one.document.number for one in outcomes} == set(
        Document.objects.values_list("number", flat=True)
    )
    assert [one.is_new for one in outcomes].count(True) == 1
    (number,) = Document.objects.values_list("number", flat=True)
    credited = race(6, lambda: invoices.credit(number, by=DESK))
    assert len({one.number for one in credited}) == 1
    assert list(audits.faults()) == []


def test_venues_that_begin_at_once_have_prefixes_of_their_own() -> None:
    venues = [make_venue("restaurant", confirms_at_once=True) for _ in range(6)]
    for venue in venues:
        Venue.objects.filter(pk=venue.pk).update(slug=f"hotel-aurora-{venue.pk}")
        venue.refresh_from_db()
    acts: list[Callable[[], Any]] = [
        partial(issue, row, f"race:{row.pk}", breaks=False) for row in map(hold, venues)
    ]
    outcomes = at_once(acts)
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert len({one.number for one in outcomes}) == 6
