"""A hold lasts while its guest pays, within bounds."""

from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory

from payments.models import Checkout
from reservations.models import Reservation
from tests.factories import NOON, hold, make_venue
from tests.payments.cards import (
    HOLD_TIME,
    begin,
    fresh,
    held,
    press,
    settle,
    table,
)

pytestmark = pytest.mark.django_db(transaction=True)


def events_of(row: Reservation) -> list[str]:
    return list(row.events.order_by("pk").values_list("name", flat=True))


def test_the_hold_lasts_while_its_guest_pays(frozen: FrozenDateTimeFactory) -> None:
    row = held()
    made = row.created_at
    frozen.tick(timedelta(minutes=9))
    first = begin(row)
    assert fresh(row).hold_expires_at == made + timedelta(minutes=24)
    press(first, "decline")
    settle(first)
    frozen.tick(timedelta(minutes=14))
    second = begin(row)
    assert fresh(row).hold_expires_at == made + timedelta(minutes=38)
    press(second, "decline")
    settle(second)
    # Twice at most.
    frozen.tick(timedelta(minutes=14))
    begin(row)
    assert fresh(row).hold_expires_at == made + timedelta(minutes=38)
    live = fresh(row).allocations.get(is_live=True)
    assert live.lapses_at == made + timedelta(minutes=38)


def test_it_lasts_no_longer_than_half_an_hour_beyond(frozen: FrozenDateTimeFactory) -> None:
    row = held(table(hold_time=timedelta(minutes=1)))
    frozen.tick(timedelta(seconds=59))
    press(begin(row), "decline")
    settle(Checkout.objects.get())
    frozen.tick(timedelta(minutes=14, seconds=59))
    begin(row)
    # 15:58 + 15:00 is within 1 + 30 minutes.
    assert fresh(row).hold_expires_at == row.created_at + timedelta(minutes=30, seconds=58)


def test_a_long_hold_is_not_made_shorter() -> None:
    row = held(table(hold_time=timedelta(hours=5)))
    before = row.hold_expires_at
    begin(row)
    assert fresh(row).hold_expires_at == before
    assert "reservation.modified" not in events_of(row)


def test_it_lasts_beyond_the_grace_and_not_beyond_the_end(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(
        "restaurant", hold_time=HOLD_TIME, confirms_at_once=False, grace=timedelta(minutes=5)
    )
    frozen.move_to(NOON + timedelta(minutes=14))
    row = hold(venue, NOON + timedelta(minutes=15), hours=1)
    assert row.hold_expires_at == NOON + timedelta(minutes=20)
    begin(row)
    assert fresh(row).hold_expires_at == NOON + timedelta(minutes=29)
