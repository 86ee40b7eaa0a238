"""What was cancelled, has expired or counts as a no-show can be brought back."""

from datetime import datetime

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, sweeps
from reservations.errors import Forbidden, Invalid, Taken, WrongStatus
from reservations.models import Event, Reservation
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    guest,
    overlaps,
    status,
    taken,
    told,
)
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

END = NOON + 2 * HOUR


def reinstate(
    row: Reservation, arrived_at: datetime | None = None, reason: str = "By mistake"
) -> Reservation:
    return actions.reinstate(reservation_id=row.pk, reason=reason, arrived_at=arrived_at, by=DESK)


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", step=None, grace=HOUR, hold_time=HOUR, buffer_after=0 * HOUR)


def confirmed(venue: Venue, **wish: object) -> Reservation:
    row = hold(venue, **wish)  # type: ignore[arg-type]
    return actions.confirm(reservation_id=row.pk, by=DESK)


def test_what_was_confirmed_and_cancelled_is_confirmed_again(venue: Venue) -> None:
    row = confirmed(venue)
    actions.cancel(reservation_id=row.pk, by=DESK)
    back = reinstate(row)
    assert status(back, NOON - DAY) is Status.UPCOMING
    assert (back.confirmed_at, back.no_show_at) == (row.confirmed_at, row.no_show_at)
    assert taken(row) == (NOON, END)
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert told(row) == ["created", "confirmed", "cancelled", "reinstated", "cancelled"]


def test_what_was_held_and_cancelled_is_held_for_a_new_hold_time(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue)
    actions.cancel(reservation_id=row.pk, by=DESK)
    frozen.tick(3 * HOUR)
    back = reinstate(row)
    assert back.hold_expires_at == NOON - DAY + 4 * HOUR
    assert row.allocations.get(is_live=True).lapses_at == back.hold_expires_at
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert row.allocations.get(is_live=True).lapses_at == row.no_show_at


@pytest.mark.parametrize("is_swept", [True, False])
def test_what_has_expired_is_held_anew(
    venue: Venue, frozen: FrozenDateTimeFactory, is_swept: bool
) -> None:
    row = hold(venue)
    frozen.tick(2 * HOUR)
    if is_swept:
        sweeps.expire_holds()
    assert status(reinstate(row), NOON - DAY + 2 * HOUR) is Status.HELD
    with pytest.raises(Exception, match="holds this time"):
        hold(venue)
    frozen.tick(HOUR)
    sweeps.expire_holds()
    assert told(row)[-2:] == ["reinstated", "expired"]


def test_time_that_somebody_has_is_refused_with_the_unit_and_who(venue: Venue) -> None:
    row = confirmed(venue)
    actions.cancel(reservation_id=row.pk, by=DESK)
    other = confirmed(venue)
    with pytest.raises(Taken) as caught:
        reinstate(row)
    assert caught.value.facts["unit"]["name"] == "1"
    assert caught.value.facts["reservation_code"] == other.code
    assert status(row, NOON - DAY) is Status.CANCELLED


@pytest.mark.parametrize("is_named", [True, False])
def test_another_of_the_pool_does_where_none_was_fixed(is_named: bool) -> None:
    venue = make_venue("restaurant", step=None, units=2, ranks_units=True)
    first = venue.resources.order_by("pk")[0]
    row = confirmed(venue, resource=first.pk if is_named else None)
    actions.cancel(reservation_id=row.pk, by=DESK)
    confirmed(venue, resource=first.pk)
    if is_named:
        with pytest.raises(Taken):
            reinstate(row)
        return
    reinstate(row)
    assert row.allocations.get(is_live=True).resource_id != first.pk
    changed = Event.objects.get(name="reservation.reinstated").data["changed"]
    assert changed["units"] == {"from": [], "to": ["2"]}
    assert list(overlaps()) == []


def test_notice_horizon_hours_and_party_are_set_aside(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = confirmed(venue, guest_count=4)
    actions.cancel(reservation_id=row.pk, by=DESK)
    Policy.objects.filter(venue=venue).update(notice=9 * DAY, horizon=HOUR)
    venue.openings.create(date=NOON.date())
    venue.resources.update(capacity=1)
    assert status(reinstate(row), NOON - DAY) is Status.UPCOMING


@pytest.mark.parametrize("releases", [True, False])
@pytest.mark.parametrize("is_swept", [True, False])
def test_a_no_show_is_awaited_until_the_end(
    frozen: FrozenDateTimeFactory, releases: bool, is_swept: bool
) -> None:
    venue = make_venue("restaurant", step=None, grace=HOUR, releases_no_shows=releases)
    row = confirmed(venue)
    frozen.move_to(NOON + 70 * MINUTE)
    if is_swept:
        sweeps.mark_no_shows()
    back = reinstate(row)
    assert (back.no_show_at, back.missed_at) == (END, None)
    assert status(row, NOON + 70 * MINUTE) is Status.UPCOMING
    with pytest.raises(Taken):
        hold(venue, NOON + 90 * MINUTE, 0.5, override_reason="Walk-in")
    assert actions.check_in(reservation_id=row.pk, by=DESK).checked_in_at
    assert list(overlaps()) == []


def test_a_no_show_whose_table_is_gone_gets_another_or_is_refused(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("restaurant", step=None, units=2, grace=HOUR, releases_no_shows=True)
    row = confirmed(venue)
    own = row.allocations.get().resource_id
    frozen.move_to(NOON + 70 * MINUTE)
    walk_in = hold(venue, NOON + 70 * MINUTE, 1, resource=own, override_reason="Walk-in")
    reinstate(row)
    assert row.allocations.latest("pk").resource_id != own
    assert walk_in.pk and list(overlaps()) == []


@pytest.mark.parametrize("is_departure_recorded", [True, False])
def test_a_stay_that_took_place_can_be_entered_after_its_end(
    frozen: FrozenDateTimeFactory, is_departure_recorded: bool
) -> None:
    venue = make_venue("restaurant", step=None, grace=HOUR, records_departure=is_departure_recorded)
    row = confirmed(venue)
    frozen.move_to(END + 3 * DAY)
    sweeps.mark_no_shows()
    with pytest.raises(WrongStatus):
        reinstate(row)
    back = reinstate(row, NOON + 10 * MINUTE)
    assert status(row, END + 3 * DAY) is Status.LEFT
    assert back.checked_in_at == NOON + 10 * MINUTE
    sweeps.complete_stays()
    names = told(row)[-3:]
    last = "checked_out" if is_departure_recorded else "completed"
    assert names == ["reinstated", "checked_in", last]
    assert reinstate(row, NOON + 10 * MINUTE).version >= back.version
    assert told(row).count("reinstated") == 1


@pytest.mark.parametrize(("offset", "is_allowed"), [(-SECOND, True), (0 * SECOND, False)])
def test_a_stay_can_be_entered_for_seven_days(
    venue: Venue, frozen: FrozenDateTimeFactory, offset: object, is_allowed: bool
) -> None:
    row = confirmed(venue)
    frozen.move_to(END + 7 * DAY + offset)  # type: ignore[operator]
    if is_allowed:
        assert reinstate(row, NOON).checked_in_at == NOON
    else:
        with pytest.raises(WrongStatus):
            reinstate(row, NOON)


@pytest.mark.parametrize("came", [NOON - 2 * DAY, END, END + DAY])
def test_an_arrival_outside_the_reservation_is_refused(
    venue: Venue, frozen: FrozenDateTimeFactory, came: datetime
) -> None:
    row = confirmed(venue)
    frozen.move_to(END + DAY)
    with pytest.raises(Invalid) as caught:
        reinstate(row, came)
    assert caught.value.field == "arrived_at"


def test_before_the_end_there_is_no_arrival_to_enter(venue: Venue) -> None:
    row = confirmed(venue)
    actions.cancel(reservation_id=row.pk, by=DESK)
    with pytest.raises(Invalid):
        reinstate(row, NOON)


def test_what_is_to_come_or_here_or_left_cannot_be_reinstated(
    venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = confirmed(venue)
    for begin in (NOON - DAY, NOON):
        frozen.move_to(begin)
        with pytest.raises(WrongStatus):
            reinstate(row)
    actions.check_in(reservation_id=row.pk, by=DESK)
    with pytest.raises(WrongStatus):
        reinstate(row)


def test_guests_may_not_and_a_reason_is_required(venue: Venue) -> None:
    by = guest()
    row = hold(venue, by=by)
    actions.cancel(reservation_id=row.pk, by=by)
    with pytest.raises(Forbidden):
        actions.reinstate(reservation_id=row.pk, reason="x", by=by)
    with pytest.raises(Invalid):
        reinstate(row, reason=" ")


def test_staff_are_not_limited_in_how_often(venue: Venue) -> None:
    row = confirmed(venue)
    for _ in range(5):
        actions.cancel(reservation_id=row.pk, by=DESK)
        reinstate(row)
    assert told(row).count("cancelled") == 5


def test_repeating_it_changes_nothing(venue: Venue) -> None:
    row = confirmed(venue)
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert reinstate(row).version == reinstate(row).version
