"""A hold lapses by time alone: at thirty minutes it is gone, worker or no worker."""

from collections.abc import Callable

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, sweeps
from reservations.allocation.ledger import Span, free_units
from reservations.errors import HeldByOther, HoldExpired, WrongStatus
from reservations.models import Event, Reservation
from reservations.status import Status
from tests.factories import DESK, GUEST, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, rows, status, told
from venues.models import Resource

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

Verb = Callable[..., Reservation]

LAPSE = NOON - DAY + 30 * MINUTE


@pytest.fixture
def held() -> Reservation:
    return hold(make_venue("parking", confirms_at_once=False))


def test_at_29_59_it_is_held_and_nobody_else_gets_its_time(
    held: Reservation, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(LAPSE - SECOND)
    assert status(held, LAPSE - SECOND) is Status.HELD
    with pytest.raises(HeldByOther):
        hold(held.venue)


def test_at_30_00_it_is_expired_and_its_time_is_somebody_elses(
    held: Reservation, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(LAPSE)
    assert status(held, LAPSE) is Status.EXPIRED
    assert hold(held.venue).pk
    held.refresh_from_db()
    assert held.expired_at == LAPSE
    assert rows(held) == []


def test_whoever_takes_its_time_writes_down_that_it_expired_then_and_not_now(
    held: Reservation, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(LAPSE + HOUR)
    hold(held.venue)
    event = Event.objects.get(reservation=held, name="reservation.expired")
    assert (event.at, event.recorded_at) == (LAPSE, LAPSE + HOUR)


@pytest.mark.parametrize(("gone", "name"), [(False, "expired"), (True, "missed")])
def test_time_did_it_whoever_noticed(frozen: FrozenDateTimeFactory, gone: bool, name: str) -> None:
    venue = make_venue("parking", confirms_at_once=gone)
    first = hold(venue)
    frozen.move_to(NOON + HOUR if gone else LAPSE)
    hold(venue, NOON + HOUR if gone else NOON, by=GUEST)
    event = Event.objects.get(reservation=first, name=f"reservation.{name}")
    assert (event.by_kind, event.by) == ("system", "time")


def test_it_is_free_to_every_reader_before_anybody_writes_it_down(held: Reservation) -> None:
    units = Resource.objects.filter(venue=held.venue)
    before = Span(start=NOON, end=NOON + HOUR, now=LAPSE - SECOND)
    at = Span(start=NOON, end=NOON + HOUR, now=LAPSE)
    assert not free_units(units, before).exists()
    assert free_units(units, at).exists()


@pytest.mark.parametrize("named", [True, False])
def test_a_unit_asked_for_by_name_is_free_too(frozen: FrozenDateTimeFactory, named: bool) -> None:
    venue = make_venue("parking", confirms_at_once=False, unit_choice="guest")
    wish = {"resource": venue.resources.get().pk} if named else {"category": "standard"}
    hold(venue, **wish)
    frozen.move_to(LAPSE)
    assert hold(venue, **wish).pk


@pytest.mark.parametrize("verb", [actions.confirm, actions.check_in])
def test_an_expired_hold_cannot_come_back(
    held: Reservation, frozen: FrozenDateTimeFactory, verb: Verb
) -> None:
    frozen.move_to(LAPSE)
    with pytest.raises(HoldExpired):
        verb(reservation_id=held.pk, by=DESK)


@pytest.mark.parametrize("verb", [actions.cancel, actions.check_out])
def test_an_expired_hold_can_be_neither_cancelled_nor_left(
    held: Reservation, frozen: FrozenDateTimeFactory, verb: Verb
) -> None:
    frozen.move_to(LAPSE)
    with pytest.raises(WrongStatus):
        verb(reservation_id=held.pk, by=DESK)


@pytest.mark.parametrize("verb", [actions.confirm, actions.check_in])
def test_a_hold_resold_by_a_clock_ahead_is_gone_for_a_clock_behind(
    held: Reservation, frozen: FrozenDateTimeFactory, verb: Verb
) -> None:
    frozen.move_to(LAPSE)
    winner = hold(held.venue)
    frozen.move_to(LAPSE - SECOND)
    with pytest.raises(HoldExpired):
        verb(reservation_id=held.pk, by=DESK)
    assert len(rows(winner)) == 1


def test_it_expires_once_whoever_notices(held: Reservation, frozen: FrozenDateTimeFactory) -> None:
    frozen.move_to(LAPSE)
    hold(held.venue)
    assert sweeps.expire_holds() == 0
    assert told(held) == ["created", "expired"]
