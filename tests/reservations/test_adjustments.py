"""Managers set a price or waive a fee; an early departure costs what staff say."""

from datetime import date, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.callers import Caller
from reservations import actions
from reservations.errors import Forbidden, Invalid, WrongStatus
from reservations.models import Event, Reservation
from reservations.pricing.settlement import Charge
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import DAY, HOUR, guest, told
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = date(2027, 3, 10)


def stay(count: int = 4, **policy: Any) -> Reservation:
    venue = make_venue("hotel", confirms_at_once=True, **policy)
    venue.rates.update(amount_minor=10_000)
    times = Times(check_in=FIRST, check_out=FIRST + timedelta(days=count))
    return hold(venue, times=times)


def clerk(venue: Venue) -> Caller:
    return callers.for_user(StaffFactory.create(clerk_at=[venue]))


def manager(venue: Venue) -> Caller:
    return callers.for_user(StaffFactory.create(staff_venues=[venue]))


def test_a_manager_sets_the_price_and_changes_go_on_from_there() -> None:
    row = stay()
    by = manager(row.venue)
    for _ in range(2):
        row = actions.adjust_price(
            reservation_id=row.pk, by=by, amount_minor=20_000, reason="A friend"
        )
    assert (row.price_minor, row.cancel_fee_minor) == (20_000, 20_000)
    assert told(row) == ["created", "confirmed", "price_adjusted"]
    data = {"before_minor": 40_000, "after_minor": 20_000, "reason": "A friend"}
    assert Event.objects.get(name="reservation.price_adjusted").data == data
    shorter = Change(times=Times(check_in=FIRST, check_out=FIRST + timedelta(days=2)))
    assert actions.modify(reservation_id=row.pk, change=shorter, by=DESK).price_minor == 10_000
    longer = Change(times=Times(check_in=FIRST, check_out=FIRST + timedelta(days=3)))
    assert actions.modify(reservation_id=row.pk, change=longer, by=DESK).price_minor == 20_000


def test_a_price_can_be_nothing_and_something_again() -> None:
    row = stay()
    for amount in (0, 500):
        row = actions.adjust_price(
            reservation_id=row.pk, by=DESK, amount_minor=amount, reason="A gift"
        )
        assert row.price_minor == amount


@pytest.mark.parametrize("verb", ["adjust_price", "waive_fee"])
def test_clerks_and_guests_put_no_amount_right(verb: str) -> None:
    row, by = stay(), guest()
    Reservation.objects.update(guest=by.user_id)
    act: Any = getattr(actions, verb)
    given = {"amount_minor": 1} if verb == "adjust_price" else {}
    for who in (clerk(row.venue), by):
        with pytest.raises(Forbidden):
            act(reservation_id=row.pk, by=who, reason="Mine", **given)
    with pytest.raises(Invalid):
        act(reservation_id=row.pk, by=DESK, reason=" ", **given)


def test_what_is_cancelled_has_no_price() -> None:
    row = stay()
    actions.cancel(reservation_id=row.pk, by=DESK)
    with pytest.raises(WrongStatus):
        actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=1, reason="Late")


def test_a_fee_is_owed_until_a_manager_waives_it(frozen: FrozenDateTimeFactory) -> None:
    row = stay()
    frozen.move_to(row.starts_at - HOUR)
    assert actions.cancel(reservation_id=row.pk, by=DESK).fee_due_minor == 40_000
    for _ in range(2):
        waived = actions.waive_fee(reservation_id=row.pk, by=manager(row.venue), reason="A storm")
        assert waived.fee_due_minor == 0
    assert told(row)[-2:] == ["cancelled", "fee_waived"]
    data = {"fee_minor": 40_000, "reason": "A storm"}
    assert Event.objects.get(name="reservation.fee_waived").data == data


@pytest.mark.parametrize(
    ("charge", "left_after", "price"),
    [
        (None, 20 * HOUR, 40_000),
        (Charge.ALL, 20 * HOUR, 40_000),
        (Charge.USED, HOUR, 10_000),
        (Charge.USED, 20 * HOUR, 10_000),
        (Charge.USED, DAY - HOUR, 10_000),
        (Charge.USED, DAY, 20_000),
        (Charge.USED, DAY + 20 * HOUR, 20_000),
        (15_000, 20 * HOUR, 15_000),
        (0, 20 * HOUR, 0),
    ],
)
def test_an_early_departure_costs_what_staff_say(
    frozen: FrozenDateTimeFactory, charge: Charge | int | None, left_after: timedelta, price: int
) -> None:
    row = stay()
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.starts_at + left_after)
    given: dict[str, Any] = {} if charge is None else {"charge": charge, "reason": "Ill"}
    left = actions.check_out(reservation_id=row.pk, by=clerk(row.venue), **given)
    assert left.price_minor == price
    data = Event.objects.get(name="reservation.checked_out").data
    assert data["overstay_minor"] == price - 40_000
    assert ("reason" in data) is (charge is not None)


def test_a_charge_is_refused_without_a_reason_above_the_price_and_at_the_end(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = stay()
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    for charge, reason, field in ((Charge.ALL, "", "reason"), (40_001, "Ill", "charge")):
        with pytest.raises(Invalid) as refused:
            actions.check_out(reservation_id=row.pk, by=DESK, charge=charge, reason=reason)
        assert refused.value.field == field
    frozen.move_to(row.ends_at)
    with pytest.raises(Invalid) as refused:
        actions.check_out(reservation_id=row.pk, by=DESK, charge=Charge.ALL, reason="Ill")
    assert refused.value.field == "charge"
    assert actions.check_out(reservation_id=row.pk, by=DESK).price_minor == 40_000


def test_a_driver_does_not_choose_what_to_pay(frozen: FrozenDateTimeFactory) -> None:
    by = guest()
    row = hold(make_venue(), by=by)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    with pytest.raises(Forbidden):
        actions.check_out(reservation_id=row.pk, by=by, charge=0, reason="Free")
