"""After the time of free cancelling, giving up something sold by a change owes the fee as well."""

from datetime import date, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.callers import Caller
from reservations import actions
from reservations.errors import FeeApplies, Forbidden, Invalid, WrongStatus
from reservations.models import Event, Reservation
from reservations.requests import Change, Times
from tests.factories import DESK, add_category, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import DAY, MINUTE, guest
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

FIRST = date(2027, 3, 10)


def hotel(**policy: Any) -> Venue:
    given = {"cancel_fee_percent": 100, "confirms_at_once": True, "notice": timedelta(0)}
    venue = make_venue("hotel", units=2, **{**given, **policy})
    venue.rates.update(amount_minor=10_000)
    return venue


def nights(count: int, first: date = FIRST) -> Times:
    return Times(check_in=first, check_out=first + timedelta(days=count))


@pytest.fixture
def by() -> Caller:
    return guest()


@pytest.fixture
def late(frozen: FrozenDateTimeFactory, by: Caller) -> Reservation:
    """Ten nights, ten minutes before arrival; cancelling costs all of it."""
    row = hold(hotel(), times=nights(10), by=by)
    frozen.move_to(row.starts_at - 10 * MINUTE)
    return row


def modify(row: Reservation, *, by: Caller, **wished: Any) -> Reservation:
    return actions.modify(reservation_id=row.pk, change=Change(**wished), by=by)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def test_moving_first_does_not_escape_the_fee(late: Reservation, by: Caller) -> None:
    later = nights(10, FIRST + timedelta(days=90))
    with pytest.raises(FeeApplies) as asked:
        modify(late, by=by, times=later)
    assert asked.value.facts == {"fee": money("1000.00"), "price": money("1000.00")}
    late.refresh_from_db()
    assert (late.fee_due_minor, late.starts_at.date()) == (0, FIRST)
    moved = modify(late, by=by, times=later, accept_fee=True)
    assert (moved.fee_due_minor, moved.price_minor) == (100_000, 100_000)
    cancelled = actions.cancel(reservation_id=late.pk, by=by)
    assert cancelled.fee_due_minor == 100_000
    assert Event.objects.get(name="reservation.cancelled").data == {"fee_minor": 0}


def test_cutting_a_stay_does_not_cut_the_fee(late: Reservation, by: Caller) -> None:
    cut = modify(late, by=by, times=nights(1), accept_fee=True)
    assert (cut.fee_due_minor, cut.price_minor) == (90_000, 10_000)
    assert Event.objects.get(name="reservation.modified").data["fee_minor"] == 90_000
    assert actions.cancel(reservation_id=late.pk, by=by).fee_due_minor == 100_000


def test_a_cheaper_category_gives_up_the_difference(late: Reservation, by: Caller) -> None:
    attic = add_category(late.venue, "attic")
    late.venue.rates.create(category=attic, unit=Rate.Unit.NIGHT, amount_minor=4_000)
    moved = modify(late, by=by, category="attic", accept_fee=True)
    assert (moved.fee_due_minor, moved.price_minor) == (60_000, 40_000)


def test_a_dearer_category_or_a_longer_stay_gives_up_nothing(late: Reservation, by: Caller) -> None:
    suite = add_category(late.venue, "suite")
    late.venue.rates.create(category=suite, unit=Rate.Unit.NIGHT, amount_minor=14_000)
    assert modify(late, by=by, times=nights(11)).fee_due_minor == 0
    assert modify(late, by=by, category="suite").fee_due_minor == 0
    assert modify(late, by=by, guest_count=2).fee_due_minor == 0


@pytest.mark.parametrize(("after", "is_owed"), [(-1, False), (0, False), (1, True)])
def test_the_fee_begins_when_cancelling_is_no_longer_free(
    frozen: FrozenDateTimeFactory, by: Caller, after: int, is_owed: bool
) -> None:
    row = hold(hotel(cancel_fee_percent=50), times=nights(2), by=by)
    assert row.cancel_free_until is not None
    frozen.move_to(row.cancel_free_until + timedelta(seconds=after))
    cut = modify(row, by=by, times=nights(1), accept_fee=True)
    assert cut.fee_due_minor == (5_000 if is_owed else 0)


def test_a_hold_owes_nothing(frozen: FrozenDateTimeFactory, by: Caller) -> None:
    row = hold(hotel(confirms_at_once=False), times=nights(2), by=by)
    Reservation.objects.update(hold_expires_at=row.ends_at)
    frozen.move_to(row.starts_at - MINUTE)
    assert modify(row, by=by, times=nights(1)).fee_due_minor == 0


def test_a_guest_in_house_owes_for_nights_given_up(late: Reservation, by: Caller) -> None:
    actions.check_in(reservation_id=late.pk, by=DESK)
    with pytest.raises(FeeApplies):
        modify(late, by=by, times=nights(8))
    assert modify(late, by=by, times=nights(8), accept_fee=True).fee_due_minor == 20_000


def test_staff_charge_the_fee_or_waive_it_and_say_why(late: Reservation, by: Caller) -> None:
    clerk = callers.for_user(StaffFactory.create(clerk_at=[late.venue]))
    with pytest.raises(FeeApplies):
        modify(late, by=clerk, times=nights(9))
    with pytest.raises(Invalid) as lacks:
        modify(late, by=clerk, times=nights(9), accept_fee=False)
    assert lacks.value.field == "reason"
    waived = modify(late, by=clerk, times=nights(9), accept_fee=False, reason="A storm")
    assert (waived.fee_due_minor, waived.price_minor) == (0, 90_000)
    data = Event.objects.get(name="reservation.modified").data
    assert (data["waived_minor"], data["reason"]) == (10_000, "A storm")
    assert modify(late, by=clerk, times=nights(8), accept_fee=True).fee_due_minor == 10_000


def test_a_guest_cannot_waive_it(late: Reservation, by: Caller) -> None:
    with pytest.raises(FeeApplies):
        modify(late, by=by, times=nights(9), accept_fee=False)
    with pytest.raises(Forbidden):
        modify(late, by=by, times=nights(9), accept_fee=False, reason="A storm")


def test_the_policy_may_end_changes_with_free_cancelling(
    frozen: FrozenDateTimeFactory, by: Caller
) -> None:
    row = hold(hotel(guests_change_late=False), times=nights(2), by=by)
    row.venue.policy.guests_change_late = True
    row.venue.policy.save()
    assert modify(row, by=by, guest_count=2).guest_count == 2
    frozen.move_to(row.starts_at - DAY)
    with pytest.raises(WrongStatus):
        modify(row, by=by, times=nights(1), accept_fee=True)
    assert modify(row, by=by, details={"remarks": "Late"}).remarks == "Late"
    assert modify(row, by=DESK, times=nights(3)).price_minor == 30_000
