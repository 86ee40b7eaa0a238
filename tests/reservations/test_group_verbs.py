"""Confirming and cancelling a group: all of those asked for, or none."""

import uuid
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import Forbidden, HoldExpired, NotFound, Occupied, WrongStatus
from reservations.lifecycle import groups
from reservations.models import Allocation, Reservation
from reservations.status import Status
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, guest, overlaps

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def made(count: int = 3, by: object = DESK) -> list[Reservation]:
    venue = make_venue("restaurant", units=3, hold_time=HOUR, step=None)
    bookings = [booking(venue) for _ in range(count)]
    return actions.hold_group(bookings=bookings, by=by)  # type: ignore[arg-type]


def group_of(rows: list[Reservation]) -> uuid.UUID:
    (key,) = {row.group_id for row in rows}
    assert key is not None
    return key


def states(rows: list[Reservation], at: object = NOON - DAY) -> list[Status]:
    key = group_of(rows)
    return [row.status_at(at) for row in groups.members(key, by=DESK)]  # type: ignore[arg-type]


def test_a_group_is_confirmed_and_cancelled_as_one() -> None:
    rows = made()
    actions.confirm_group(group_id=group_of(rows), by=DESK)
    assert states(rows) == [Status.UPCOMING] * 3
    versions = [row.version for row in actions.confirm_group(group_id=group_of(rows), by=DESK)]
    again = actions.confirm_group(group_id=group_of(rows), by=DESK)
    assert [row.version for row in again] == versions
    actions.cancel_group(group_id=group_of(rows), by=DESK)
    assert states(rows) == [Status.CANCELLED] * 3
    actions.cancel_group(group_id=group_of(rows), by=DESK)


def test_some_of_a_group_can_be_chosen() -> None:
    rows = made()
    actions.confirm_group(group_id=group_of(rows), by=DESK, only=[rows[0].pk, rows[2].pk])
    assert states(rows) == [Status.UPCOMING, Status.HELD, Status.UPCOMING]
    actions.cancel_group(group_id=group_of(rows), by=DESK, only=[rows[0].pk])
    assert states(rows) == [Status.CANCELLED, Status.HELD, Status.UPCOMING]
    actions.confirm_group(group_id=group_of(rows), by=DESK)
    assert states(rows) == [Status.CANCELLED, Status.UPCOMING, Status.UPCOMING]


def test_one_alone_leaves_the_others_held() -> None:
    rows = made()
    actions.confirm(reservation_id=rows[1].pk, by=DESK)
    assert states(rows) == [Status.HELD, Status.UPCOMING, Status.HELD]


def test_where_one_has_lapsed_none_is_confirmed(frozen: FrozenDateTimeFactory) -> None:
    rows = made()
    Reservation.objects.filter(pk=rows[2].pk).update(hold_expires_at=NOON - DAY + HOUR / 2)
    frozen.tick(HOUR / 2)
    with pytest.raises(HoldExpired):
        actions.confirm_group(group_id=group_of(rows), by=DESK)
    now = NOON - DAY + HOUR / 2
    assert states(rows, now) == [Status.HELD, Status.HELD, Status.EXPIRED]


def test_where_one_has_begun_none_is_cancelled(frozen: FrozenDateTimeFactory) -> None:
    rows = made()
    actions.confirm_group(group_id=group_of(rows), by=DESK)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=rows[2].pk, by=DESK)
    with pytest.raises(WrongStatus):
        actions.cancel_group(group_id=group_of(rows), by=DESK)
    assert states(rows, NOON)[:2] == [Status.UPCOMING] * 2
    actions.cancel_group(group_id=group_of(rows), by=DESK, only=[rows[0].pk])


def test_a_group_that_is_cancelled_is_not_confirmed() -> None:
    rows = made()
    actions.cancel_group(group_id=group_of(rows), by=DESK)
    with pytest.raises(WrongStatus):
        actions.confirm_group(group_id=group_of(rows), by=DESK)


def test_a_group_of_others_is_not_found() -> None:
    rows = made(by=guest())
    for caller in (guest(),):
        for act in (actions.confirm_group, actions.cancel_group):
            with pytest.raises(NotFound):
                act(group_id=group_of(rows), by=caller)
    with pytest.raises(NotFound):
        actions.confirm_group(group_id=uuid.uuid4(), by=DESK)
    with pytest.raises(NotFound):
        actions.confirm_group(group_id=group_of(rows), by=DESK, only=[0])


def test_a_group_arrives_and_leaves_as_one_or_in_part(frozen: FrozenDateTimeFactory) -> None:
    rows = made()
    key = group_of(rows)
    frozen.move_to(NOON - DAY)
    actions.confirm_group(group_id=key, by=DESK)
    frozen.move_to(NOON)
    actions.check_in_group(group_id=key, by=DESK, only=[rows[0].pk])
    assert states(rows, NOON) == [Status.PRESENT, Status.UPCOMING, Status.UPCOMING]
    with pytest.raises(WrongStatus) as refused:
        actions.check_out_group(group_id=key, by=DESK)
    assert refused.value.member.pk == rows[1].pk
    actions.check_in_group(group_id=key, by=DESK)
    assert states(rows, NOON) == [Status.PRESENT] * 3
    frozen.tick(HOUR)
    actions.check_out_group(group_id=key, by=DESK, only=[rows[2].pk])
    versions = [row.version for row in actions.check_out_group(group_id=key, by=DESK)]
    assert states(rows, NOON + HOUR) == [Status.LEFT] * 3
    assert [row.version for row in actions.check_out_group(group_id=key, by=DESK)] == versions


def test_where_the_unit_of_one_is_not_free_nobody_arrives(frozen: FrozenDateTimeFactory) -> None:
    rows = made()
    key = group_of(rows)
    actions.confirm_group(group_id=key, by=DESK)
    Allocation.objects.filter(reservation=rows[1]).update(is_locked=True)
    unit = Allocation.objects.get(reservation=rows[1]).resource
    before = hold(rows[0].venue, NOON - 3 * HOUR, resource=unit.pk)
    actions.confirm(reservation_id=before.pk, by=DESK)
    frozen.move_to(NOON - 3 * HOUR)
    actions.check_in(reservation_id=before.pk, by=DESK)
    frozen.move_to(NOON)
    with pytest.raises(Occupied) as refused:
        actions.check_in_group(group_id=key, by=DESK)
    assert refused.value.member.pk == rows[1].pk
    assert states(rows, NOON) == [Status.UPCOMING] * 3
    actions.check_in_group(group_id=key, by=DESK, only=[rows[0].pk, rows[2].pk])
    assert states(rows, NOON) == [Status.PRESENT, Status.UPCOMING, Status.PRESENT]


def test_guests_do_not_check_their_group_in(frozen: FrozenDateTimeFactory) -> None:
    by = guest()
    rows = made(by=by)
    frozen.move_to(NOON)
    for act in (actions.check_in_group, actions.check_out_group):
        with pytest.raises(Forbidden):
            act(group_id=group_of(rows), by=by)


def test_cancelling_all_leaves_out_what_has_lapsed(frozen: FrozenDateTimeFactory) -> None:
    rows = made()
    actions.confirm_group(group_id=group_of(rows), by=DESK, only=[rows[0].pk])
    frozen.tick(2 * HOUR)
    actions.cancel_group(group_id=group_of(rows), by=DESK)
    now = NOON - DAY + 2 * HOUR
    assert states(rows, now) == [Status.CANCELLED, Status.EXPIRED, Status.EXPIRED]
    with pytest.raises(WrongStatus):
        actions.cancel_group(group_id=group_of(rows), by=DESK, only=[rows[1].pk])


@pytest.mark.django_db(transaction=True)
def test_clerks_who_act_on_one_group_at_once_are_all_answered(
    frozen: FrozenDateTimeFactory,
) -> None:
    for number in range(4):
        frozen.move_to(NOON - DAY)
        rows = made()
        key, venue = group_of(rows), rows[0].venue
        actions.confirm_group(group_id=key, by=DESK)
        frozen.move_to(NOON)
        acts: Iterator[Callable[[], object]] = iter(
            [
                partial(actions.check_in_group, group_id=key, by=DESK),
                partial(actions.check_in_group, group_id=key, by=DESK, only=[rows[2].pk]),
                partial(actions.check_in, reservation_id=rows[1].pk, by=DESK),
                partial(actions.cancel, reservation_id=rows[0].pk, by=DESK),
                partial(hold, venue, NOON + 3 * HOUR),
            ]
        )
        found = race(5, lambda: next(acts)())  # noqa: B023
        # Cancelling comes before the arrival or after it; nobody waits in vain.
        refused = [one for one in found if isinstance(one, Exception)]
        assert all(isinstance(one, WrongStatus) for one in refused), (number, refused)
        assert set(states(rows, NOON)) <= {Status.PRESENT, Status.CANCELLED}
        assert states(rows, NOON)[1:] == [Status.PRESENT] * 2
        assert list(overlaps()) == []
