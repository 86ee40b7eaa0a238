"""An arrival can be taken back: the guest is awaited again, with the same unit and time."""

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, sweeps
from reservations.errors import Forbidden, Invalid, NotFound, WrongStatus
from reservations.models import Event, Reservation
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, guest, rows, status, taken, told
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def undo(row: Reservation, reason: str = "Wrong guest") -> Reservation:
    return actions.undo_check_in(reservation_id=row.pk, reason=reason, by=DESK)


def arrived(venue: Venue, frozen: FrozenDateTimeFactory, early: int = 0) -> Reservation:
    row = hold(venue)
    if not row.confirmed_at:
        actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON - early * MINUTE)
    return actions.check_in(reservation_id=row.pk, by=DESK)


def test_the_guest_is_awaited_again_and_can_arrive_again(frozen: FrozenDateTimeFactory) -> None:
    row = arrived(make_venue("restaurant", step=None), frozen)
    assert status(undo(row), NOON) is Status.UPCOMING
    frozen.tick(MINUTE)
    again = actions.check_in(reservation_id=row.pk, by=DESK)
    assert again.checked_in_at == NOON + MINUTE
    assert told(row)[-3:] == ["checked_in", "check_in_undone", "checked_in"]
    assert list(Event.objects.filter(name="reservation.checked_in").values_list("round")) == [
        (0,),
        (1,),
    ]


def test_what_an_early_guest_got_before_the_start_is_free_again(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("restaurant", early_check_in=HOUR, step=None, buffer_after=0 * HOUR)
    row = arrived(venue, frozen, early=30)
    assert taken(row) == (NOON - 30 * MINUTE, row.ends_at)
    undo(row)
    assert taken(row) == (NOON, row.ends_at)
    assert hold(venue, NOON - 30 * MINUTE, 0.5, override_reason="Walk-in").pk


@pytest.mark.parametrize("is_named", [False, True])
def test_the_unit_may_be_changed_again_if_it_could_before(
    frozen: FrozenDateTimeFactory, is_named: bool
) -> None:
    venue = make_venue("hotel", units=2, notice=0 * HOUR)
    unit = venue.resources.all()[0].pk if is_named else None
    row = hold(venue, hours=24, resource=unit)
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    assert [one.is_locked for one in rows(row)] == [True]
    undo(row)
    assert [one.is_locked for one in rows(row)] == [is_named]


def test_after_the_grace_the_guest_is_a_no_show_and_the_time_free(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("restaurant", grace=HOUR, releases_no_shows=True, step=None)
    row = arrived(venue, frozen)
    frozen.move_to(NOON + 90 * MINUTE)
    assert status(undo(row), NOON + 90 * MINUTE) is Status.NO_SHOW
    assert hold(venue, NOON + 90 * MINUTE, 0.5, override_reason="Walk-in").pk
    sweeps.mark_no_shows()
    assert told(row)[-1] == "missed"


def test_a_hold_that_checking_in_confirmed_stays_confirmed(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", hold_time=2 * DAY, step=None, grace=HOUR)
    row = hold(venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    assert undo(row).confirmed_at == NOON
    assert status(row, NOON) is Status.UPCOMING


def test_repeating_it_changes_nothing(frozen: FrozenDateTimeFactory) -> None:
    row = arrived(make_venue("restaurant", step=None), frozen)
    version = undo(row).version
    assert undo(row).version == version
    assert told(row).count("check_in_undone") == 1


def test_without_an_arrival_there_is_nothing_to_undo(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", step=None)
    with pytest.raises(WrongStatus):
        undo(hold(venue))
    row = hold(make_venue("restaurant", step=None))
    actions.cancel(reservation_id=row.pk, by=DESK)
    with pytest.raises(WrongStatus):
        undo(row)


def test_a_guest_who_has_left_is_first_checked_out_no_more(frozen: FrozenDateTimeFactory) -> None:
    row = arrived(make_venue("restaurant", step=None), frozen)
    actions.check_out(reservation_id=row.pk, by=DESK)
    with pytest.raises(WrongStatus):
        undo(row)
    actions.undo_check_out(reservation_id=row.pk, reason="Wrong guest", by=DESK)
    assert status(undo(row), NOON) is Status.UPCOMING


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_reason_is_required(frozen: FrozenDateTimeFactory, reason: str) -> None:
    row = arrived(make_venue("restaurant", step=None), frozen)
    with pytest.raises(Invalid) as caught:
        undo(row, reason)
    assert caught.value.field == "reason"


def test_guests_may_not(frozen: FrozenDateTimeFactory) -> None:
    venue, by = make_venue(guests_check_in=True), guest()
    row = hold(venue, by=by)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=by)
    with pytest.raises(Forbidden):
        actions.undo_check_in(reservation_id=row.pk, reason="x", by=by)
    with pytest.raises(NotFound):
        actions.undo_check_in(reservation_id=row.pk, reason="x", by=guest())


def test_it_says_what_differs_and_why(frozen: FrozenDateTimeFactory) -> None:
    row = arrived(make_venue("restaurant", step=None), frozen)
    undo(row)
    data = Event.objects.get(name="reservation.check_in_undone").data
    assert data == {
        "reason": "Wrong guest",
        "changed": {"checked_in_at": {"from": NOON.isoformat(), "to": None}},
    }
