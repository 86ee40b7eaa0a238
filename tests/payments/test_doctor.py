"""The doctor finds each kind of damage, and repairs what is derived."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from payments import posting, recording
from payments.methods import Method
from payments.models import Entry, Kind
from payments.recording import Taken
from reservations import actions
from reservations.models import Reservation
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row() -> Reservation:
    """Half paid, and posted."""
    row = hold(make_venue("restaurant", confirms_at_once=True, units=3))
    recording.record(row.pk, Taken(method=Method.CASH, amount_minor=500), by=DESK)
    posting.post_waiting()
    row.refresh_from_db()
    return row


def said(*arguments: str) -> tuple[bool, str]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except CommandError:
        return False, out.getvalue()
    return True, out.getvalue()


def stray_entry(row: Reservation) -> None:
    Entry.objects.create(
        at=NOON,
        venue=row.venue,
        reservation=row,
        kind=Kind.PAYMENT,
        from_account="cash:main",
        to_account="guest",
        amount_minor=7,
        currency="EUR",
        by="nobody",
        by_kind="system",
        key="stray",
    )


def set_to(**fields: int) -> Callable[[Reservation], None]:
    def damage(row: Reservation) -> None:
        Reservation.objects.filter(pk=row.pk).update(**fields)

    return damage


DAMAGE: dict[str, tuple[Callable[[Reservation], None], set[str], bool]] = {
    "what was paid": (set_to(paid_minor=400), {"paid", "due"}, True),
    "paid below zero": (set_to(paid_minor=-1), {"paid", "due"}, True),
    "an entry of nobody": (stray_entry, {"paid", "due"}, True),
    "the price": (set_to(price_minor=900), {"price", "due"}, False),
    "the fees": (set_to(fee_due_minor=3), {"fees", "due"}, False),
}


def test_nothing_wrong_is_nothing_found(row: Reservation) -> None:
    hold(row.venue)
    actions.cancel(reservation_id=hold(row.venue, NOON + DAY).pk, by=DESK)
    assert said() == (True, "Reservations and ledger agree.\n")


@pytest.mark.parametrize("name", DAMAGE)
def test_each_damage_is_found_and_what_is_derived_repaired(row: Reservation, name: str) -> None:
    plant, figures, is_derived = DAMAGE[name]
    version = row.version
    plant(row)
    is_well, text = said()
    assert not is_well
    lines = [line for line in text.splitlines() if f"reservation {row.pk} ({row.code})" in line]
    assert {line.split(": ")[1].split(" is ")[0] for line in lines} == figures
    assert said("--repair")[0] is is_derived
    assert said()[0] is is_derived
    row.refresh_from_db()
    assert (row.version > version) is is_derived


def test_a_ledger_without_its_guard_is_found(row: Reservation) -> None:
    table = Entry._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            back = f"ALTER TABLE {table} ENABLE TRIGGER USER"
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'entry_append_only_update'")
            (back,) = cursor.fetchone()
            cursor.execute("DROP TRIGGER entry_append_only_update")
        try:
            assert "not guarded" in said()[1]
        finally:
            cursor.execute(back)
    assert said()[0]
