"""What a till took in a day, what is in it, and its count, which is never changed."""

from typing import Any

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from freezegun.api import FrozenDateTimeFactory

from payments import accounts, journal, recording, tills
from payments.methods import Method
from payments.models import Entry, Kind, TillCount
from payments.recording import Taken
from reservations.errors import Forbidden, Invalid, NotFound
from reservations.models import Reservation
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, guest
from venues.hours import Window

TODAY = Window(NOON - DAY, NOON)


@pytest.fixture
def row(db: None) -> Reservation:
    return hold(make_venue("restaurant", confirms_at_once=True, units=20))


def pay(row: Reservation, amount: int, method: Method = Method.CASH, till: str = "") -> None:
    taken = Taken(method=method, amount_minor=amount, till=till)
    recording.record(row.pk, taken, by=DESK)


def close(row: Reservation, counted: int, till: str = "main", **fields: Any) -> TillCount:
    given: dict[str, Any] = {"currency": row.currency, "by": DESK, "once": None} | fields
    return tills.close(row.venue_id, till, counted_minor=counted, **given)


def inside(row: Reservation, till: str = "main") -> int:
    return tills.balances(row.venue_id)[till][row.currency]


def test_takings_are_by_till_and_method_of_the_day(
    row: Reservation, frozen: FrozenDateTimeFactory
) -> None:
    pay(row, 700)
    pay(row, 300)
    pay(row, 400, till="bar")
    pay(row, 250, Method.TERMINAL)
    pay(row, 90, Method.TRANSFER)
    recording.give_back(row.pk, amount_minor=90, reason="x", by=DESK)
    frozen.move_to(NOON)
    pay(row, 5)
    pay(hold(make_venue("restaurant", confirms_at_once=True)), 999)
    told = [
        (one.till, one.method, one.paid_minor, one.given_back_minor)
        for one in tills.takings(row.venue_id, TODAY)
    ]
    assert sorted(told) == [
        ("", "transfer", 90, 90),
        ("bar", "cash", 400, 0),
        ("main", "cash", 1_000, 0),
        ("main", "terminal", 250, 0),
    ]
    assert tills.balances(row.venue_id) == {
        "bar": {row.currency: 400},
        "main": {row.currency: 1_005},
    }


@pytest.mark.parametrize("counted", [0, 950, 1_000, 1_100])
def test_a_count_posts_its_difference_and_the_till_holds_what_was_counted(
    row: Reservation, counted: int
) -> None:
    pay(row, 1_000)
    made = close(row, counted)
    assert (made.expected_minor, made.difference_minor) == (1_000, counted - 1_000)
    assert inside(row) == counted
    posted = [(one.from_account, one.amount_minor) for one in Entry.objects.filter(kind=Kind.COUNT)]
    short, over = (accounts.DIFFERENCES, 1_000 - counted), (accounts.cash("main"), counted - 1_000)
    assert posted == ([] if counted == 1_000 else [short if counted < 1_000 else over])
    # What was counted is not counted again.
    assert close(row, counted).difference_minor == 0


@pytest.mark.django_db
def test_a_count_is_never_changed_or_deleted(row: Reservation) -> None:
    pay(row, 100)
    made = close(row, 90)
    for change in (
        lambda: TillCount.objects.update(counted_minor=100),
        lambda: TillCount.objects.all()._raw_delete("default"),
        made.delete,
        made.save,
    ):
        with pytest.raises(DatabaseError, match="till_count_append_only"), transaction.atomic():
            change()


def test_what_is_no_count_is_refused(row: Reservation) -> None:
    pay(row, 100)
    for wrong in (-1, tills.LARGEST + 1):
        with pytest.raises(Invalid):
            close(row, wrong)
    with pytest.raises(NotFound):
        close(row, 5, till="kitchen")
    with pytest.raises(NotFound):
        close(row, 5, currency="XXX")
    with pytest.raises(Forbidden):
        close(row, 5, by=guest())
    assert not TillCount.objects.exists() and inside(row) == 100


@pytest.mark.django_db(transaction=True)
def test_counts_and_payments_at_once_leave_what_was_counted_and_what_came_after() -> None:
    row = hold(make_venue("restaurant", confirms_at_once=True))
    pay(row, 1_000)
    acts = iter([lambda: close(row, 900), lambda: close(row, 900), lambda: pay(row, 50)])
    outcomes = race(3, lambda: next(acts)())
    assert not [one for one in outcomes if isinstance(one, Exception)]
    counts = TillCount.objects.order_by("pk")
    # A payment is in one of the counts, or comes after both. None is lost and none counts twice.
    assert inside(row) == 1_050 + sum(one.difference_minor for one in counts)


def test_the_journal_has_each_entry_of_the_period_and_names_nobody(
    row: Reservation, frozen: FrozenDateTimeFactory
) -> None:
    pay(row, 1_000)
    close(row, 900)
    frozen.move_to(NOON + HOUR)
    pay(row, 7)
    lines = [line.rstrip().split(",") for line in journal.text(row.venue_id, TODAY)]
    assert lines[0] == list(journal.COLUMNS)
    told = [(one[2], one[3], one[4], one[5], one[9]) for one in lines[1:]]
    assert ("payment", "cash:main", "guest", "10.00", row.code) in told
    assert ("count", "differences", "cash:main", "1.00", "") in told
    assert "7" not in [one[5] for one in lines]
    assert row.last_name not in "".join(journal.text(row.venue_id, TODAY))
