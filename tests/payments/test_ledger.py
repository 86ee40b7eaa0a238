"""The ledger keeps what was written, balances, and agrees with what reservations say."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.utils import DatabaseError
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from config import outbox
from payments import accounts, folio, ledger, posting, recording
from payments.methods import Method
from payments.models import Entry, Kind
from payments.recording import Taken
from reservations import actions, clock, sweeps
from reservations.errors import Invalid
from reservations.models import Event, Reservation
from reservations.pricing import owed
from tests.factories import DESK, NOON, hold, make_venue
from tests.plain.money import PlainFolio
from tests.reservations.facts import DAY, HOUR
from venues import scratch
from venues.models import Venue

CURRENCIES = ("EUR", "JPY", "KWD")
"""With two decimals, none and three."""


def stay(**policy: Any) -> Reservation:
    venue = make_venue("restaurant", confirms_at_once=True, units=20, **policy)
    return hold(venue)


def pay(row: Reservation, amount: int = 500, **fields: Any) -> None:
    taken = Taken(method=fields.pop("method", Method.CASH), amount_minor=amount, **fields)
    recording.record(row.pk, taken, by=DESK)


def sums(row: Reservation) -> ledger.Nets:
    return ledger.nets([row.pk])[row.pk]


def agree(row: Reservation) -> None:
    """Ledger and reservation say the same, and the guest's account is what is left."""
    row.refresh_from_db()
    told, now = sums(row), clock.now()
    assert ledger.paid(told) == row.paid_minor
    assert ledger.fees(told) == owed.fee_due(row, now)
    assert ledger.price(told) + ledger.fees(told) == owed.owed(row, now)
    assert told.get(accounts.GUEST, 0) == row.paid_minor - owed.owed(row, now)
    assert sum(told.values()) == 0


@pytest.mark.django_db
def test_an_entry_is_never_changed_or_deleted() -> None:
    row = stay()
    pay(row)
    entry = Entry.objects.get(kind=Kind.PAYMENT)
    constraint = next(one for one in Entry._meta.constraints if one.name == "entry_append_only")
    assert constraint.is_in_place(connection)  # type: ignore[attr-defined]
    for change in (
        lambda: Entry.objects.update(amount_minor=1),
        lambda: Entry.objects.all()._raw_delete("default"),
        entry.delete,
        entry.save,
    ):
        with pytest.raises(DatabaseError, match="entry_append_only"), transaction.atomic():
            change()
    with pytest.raises(ProtectedError):
        row.delete()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"amount_minor": 0}, {"amount_minor": -1}, {"to_account": "cash:main"}, {}]
)
def test_a_transfer_is_above_zero_between_two_accounts_with_a_key_of_its_own(wrong: Any) -> None:
    pay(stay())
    entry = Entry.objects.get(kind=Kind.PAYMENT)
    entry.pk = None
    entry.key = "another" if wrong else entry.key
    for name, value in wrong.items():
        setattr(entry, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_tables_can_be_emptied_and_keep_their_guard() -> None:
    # The test before this one, if it wrote entries, was emptied the same way.
    pay(stay())
    with pytest.raises(DatabaseError):
        Entry.objects.all()._raw_delete("default")


@pytest.mark.django_db(transaction=True)
def test_a_dispatch_posts_the_price_once(frozen: FrozenDateTimeFactory) -> None:
    row = stay()
    outbox.dispatch()
    for event in Event.objects.all():
        with transaction.atomic():
            posting.post(event)
    assert [(entry.kind, entry.amount_minor) for entry in Entry.objects.all()] == [
        ("price", row.price_minor)
    ]
    agree(row)


@pytest.mark.django_db
def test_events_in_any_order_post_the_same(frozen: FrozenDateTimeFactory) -> None:
    row = stay()
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=1, reason="A friend")
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=700, reason="No")
    for event in Event.objects.order_by("-pk"):
        posting.post(event)
    row.refresh_from_db()
    told = [(item.kind, item.amount_minor) for item in folio.of(row, clock.now()).items]
    assert told == [("adjustment", 1 - 1_000), ("adjustment", 699)]
    agree(row)


@pytest.mark.django_db
def test_a_hold_owes_the_ledger_nothing_until_it_is_confirmed() -> None:
    row = hold(make_venue("restaurant"))
    posting.post_waiting()
    assert not Entry.objects.exists()
    actions.confirm(reservation_id=row.pk, by=DESK)
    posting.post_waiting()
    agree(row)


@pytest.mark.django_db
def test_scratch_venues_have_no_ledger() -> None:
    row = stay()
    Venue.objects.filter(pk=row.venue_id).update(slug=f"{scratch.PREFIX}1", is_listed=False)
    for event in Event.objects.select_related("venue"):
        posting.post(event)
    posting.post_waiting()
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_a_late_cancelling_charges_its_fee_and_a_waiver_takes_it_off(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = stay(cancel_fee_percent=50, cancel_deadline=99 * DAY)
    pay(row, 2_000)
    actions.cancel(reservation_id=row.pk, by=DESK)
    posting.post_waiting()
    agree(row)
    actions.waive_fee(reservation_id=row.pk, by=DESK, reason="A storm")
    posting.post_waiting()
    agree(row)
    items = [(item.kind, item.amount_minor) for item in folio.of(row, clock.now()).items]
    assert sorted(items) == [
        ("adjustment", -500), ("fee", 500), ("payment", 2_000), ("refund", 1_500),
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_no_show_whose_time_is_given_away_owes_the_fee(frozen: FrozenDateTimeFactory) -> None:
    row = stay(cancel_fee_percent=50, releases_no_shows=True, grace=HOUR)
    posting.post_waiting()
    frozen.move_to(NOON + HOUR)
    sweeps.mark_no_shows()
    posting.post_waiting()
    agree(row)


@pytest.mark.django_db
def test_more_than_was_paid_is_not_given_back() -> None:
    row = stay()
    pay(row, 300)
    with pytest.raises(Invalid) as refused:
        recording.give_back(row.pk, amount_minor=301, reason="x", by=DESK)
    assert refused.value.field == "amount"
    recording.give_back(row.pk, amount_minor=300, reason="x", by=DESK)
    with pytest.raises(Invalid):
        recording.give_back(row.pk, amount_minor=1, reason="x", by=DESK)
    agree(row)


@pytest.mark.django_db
def test_money_goes_back_by_the_method_it_came() -> None:
    row = stay()
    pay(row, 300, method=Method.TERMINAL, till="bar")
    pay(row, 100)
    recording.give_back(row.pk, amount_minor=200, reason="x", by=DESK)
    posting.post_waiting()
    assert sums(row)["terminal:bar"] == -100
    assert sums(row)[accounts.cash("main")] == -100
    agree(row)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount_minor": 0}, "amount"),
        ({"amount_minor": -5}, "amount"),
        ({"amount_minor": recording.LARGEST + 1}, "amount"),
        ({"till": "=1+1"}, "till"),
        ({"till": "x" * 31}, "till"),
        ({"method": Method.VOUCHER, "till": "bar"}, "till"),
        ({"reference": "x" * 65}, "reference"),
        ({"reference": "a\nb"}, "reference"),
    ],
)
def test_what_makes_no_payment_is_refused(wrong: Any, field: str) -> None:
    row = stay()
    taken = Taken(**({"method": Method.CASH, "amount_minor": 5} | wrong))
    with pytest.raises(Invalid) as refused:
        recording.record(row.pk, taken, by=DESK)
    assert refused.value.field == field
    row.refresh_from_db()
    assert row.paid_minor == 0


ACTS = st.lists(
    st.tuples(st.sampled_from(["pay", "back", "adjust", "waive", "post"]), st.integers(-5, 3_000)),
    max_size=12,
)


class AnySequence(TestCase):
    """Whatever the desk does, in whatever order, with a fee owed from the start."""

    @given(currency=st.sampled_from(CURRENCIES), fee=st.integers(0, 900), acts=ACTS)
    def test_ledger_and_plain_sums_agree(
        self, currency: str, fee: int, acts: list[tuple[str, int]]
    ) -> None:
        row = stay()
        Reservation.objects.filter(pk=row.pk).update(fee_due_minor=fee, currency=currency)
        plain = PlainFolio(row.price_minor, fee)
        for act, amount in acts:
            self.act(row, plain, act, amount)
            row.refresh_from_db()
            told = folio.of(row, clock.now())
            assert told.paid_minor == plain.paid() == ledger.paid(sums(row))
            assert told.refundable_minor == plain.paid() >= 0
            assert told.due_minor == plain.due()
        posting.post_waiting()
        agree(row)
        assert {entry.currency for entry in Entry.objects.all()} <= {currency}

    def act(self, row: Reservation, plain: PlainFolio, act: str, amount: int) -> None:
        match act:
            case "pay":
                self.judge(plain.pay(amount), lambda: pay(row, amount))
            case "back":
                self.judge(
                    plain.give_back(amount),
                    lambda: recording.give_back(row.pk, amount_minor=amount, reason="x", by=DESK),
                )
            case "adjust":
                plain.adjust(abs(amount))
                actions.adjust_price(
                    reservation_id=row.pk, by=DESK, amount_minor=abs(amount), reason="x"
                )
            case "waive":
                plain.waive()
                actions.waive_fee(reservation_id=row.pk, by=DESK, reason="x")
            case "post":
                posting.post_waiting()

    def judge(self, may: bool, act: Any) -> None:
        if may:
            act()
        else:
            with pytest.raises(Invalid):
                act()
