"""Closing over reservations: each is kept, moved or cancelled, in one act or not at all."""

import uuid
from datetime import date, datetime, time
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.errors import (
    Forbidden,
    Invalid,
    ReservationsAffected,
    Taken,
    WrongStatus,
)
from reservations.inventory import closures, hours_changes, units
from reservations.inventory.decisions import Decision, Outcome
from reservations.models import Allocation, Reservation
from reservations.requests import Change, Times
from reservations.status import Status
from tests.factories import DESK, GUEST, NOON, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, rows, status, told, unit
from venues.hours import Window
from venues.models import Opening, Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

EVENING = Window(NOON, NOON + 8 * HOUR)


def lot(units: int = 2, **policy: Any) -> Venue:
    return make_venue("parking", units=units, **{"unit_choice": "guest", **policy})


def on(venue: Venue, name: str, start: datetime = NOON, hours: float = 2) -> Reservation:
    return hold(venue, start, hours, resource=venue.resources.get(name=name).pk)


def decide(row: Reservation, outcome: str, **fields: Any) -> dict[int, Decision]:
    return {row.pk: Decision(outcome=Outcome(outcome), version=row.version, **fields)}


def close(
    venue: Venue, names: str, decided: dict[int, Decision] | None, window: Window = EVENING
) -> uuid.UUID:
    ids = list(venue.resources.filter(name__in=names).values_list("pk", flat=True))
    return closures.close(
        venue_id=venue.pk,
        resource_ids=ids,
        window=window,
        reason="paint",
        by=DESK,
        decided=decided,
        notice="a leak",
    )


def closed(closure: uuid.UUID) -> list[Window]:
    found = Allocation.objects.filter(closure_id=closure, is_live=True)
    return [Window(row.starts_at, row.ends_at) for row in found.order_by("resource", "starts_at")]


def test_a_refused_closure_names_what_stands_in_the_way() -> None:
    venue = lot()
    row = on(venue, "1", NOON + HOUR)
    named = {
        "id": str(row.pk),
        "code": row.code,
        "units": ["1"],
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    }
    with pytest.raises(Taken) as refused:
        close(venue, "1", None)
    assert refused.value.facts["reservations"] == [named]
    with pytest.raises(ReservationsAffected) as asked:
        close(venue, "1", {})
    assert asked.value.facts["reservations"] == [named]
    assert [one.reservation for one in asked.value.affected] == [row]


def test_a_guest_who_can_be_reseated_needs_no_decision() -> None:
    venue = lot(unit_choice="venue")
    row = hold(venue)
    was = unit(row)
    close(venue, was, {})
    assert unit(row) != was


def test_what_is_kept_is_cut_out_of_the_closure() -> None:
    venue = lot()
    row = on(venue, "1", NOON + HOUR)
    made = closed(close(venue, "1", decide(row, "keep")))
    assert made == [
        Window(NOON, row.starts_at),
        Window(row.ends_at, EVENING.end),
    ]
    assert status(row, NOON) is Status.UPCOMING


def test_what_is_cancelled_owes_nothing_and_is_told_why() -> None:
    venue = lot(cancel_fee_percent=100, cancel_deadline=7 * DAY)
    row = on(venue, "1")
    assert closed(close(venue, "1", decide(row, "cancel"))) == [EVENING]
    now = Reservation.objects.get(pk=row.pk)
    assert (now.status_at(NOON), now.fee_due_minor) == (Status.CANCELLED, 0)
    event = row.events.get(name="reservation.cancelled")
    assert event.data == {"fee_minor": 0, "by_venue": True, "reason": "a leak"}


def test_what_is_moved_gets_another_unit_at_the_price_as_sold() -> None:
    venue = lot(3, cancel_fee_percent=100, cancel_deadline=7 * DAY)
    row = on(venue, "1")
    venue.rates.update(amount_minor=9_000)
    close(venue, "12", decide(row, "move"))
    assert unit(row) == "3"
    assert told(row)[-1] == "modified"
    now = Reservation.objects.get(pk=row.pk)
    assert (now.price_minor, now.fee_due_minor) == (row.price_minor, 0)


def test_what_is_moved_gets_another_time_on_a_named_unit() -> None:
    venue = lot()
    row = on(venue, "1")
    later = Times(starts_at=EVENING.end, ends_at=EVENING.end + 2 * HOUR)
    own = venue.resources.get(name="1").pk
    close(venue, "1", decide(row, "move", times=later, resource=own))
    assert [(one.starts_at, one.resource.name) for one in rows(row)] == [(EVENING.end, "1")]


def test_all_is_undone_when_one_cannot_be_moved() -> None:
    venue = lot(3)
    first, second, third = on(venue, "1"), on(venue, "2"), on(venue, "3")
    wish = {**decide(first, "cancel"), **decide(second, "move")}
    with pytest.raises(Taken) as refused:
        close(venue, "12", wish)
    assert refused.value.facts["about"] == second.code
    assert status(first, NOON - HOUR) is Status.UPCOMING
    assert [unit(row) for row in (first, second, third)] == ["1", "2", "3"]
    assert not Allocation.objects.filter(closure_id__isnull=False).exists()


@pytest.mark.parametrize("meanwhile", ["changed", "gone", "came"])
def test_a_list_that_changed_meanwhile_is_shown_anew(meanwhile: str) -> None:
    venue = lot(3)
    row = on(venue, "1")
    wish = decide(row, "cancel")
    if meanwhile == "changed":
        actions.modify(reservation_id=row.pk, change=Change(details={"remarks": "x"}), by=DESK)
    elif meanwhile == "gone":
        actions.cancel(reservation_id=row.pk, by=DESK)
    else:
        on(venue, "1", NOON + 3 * HOUR)
    with pytest.raises(ReservationsAffected):
        close(venue, "1", wish)
    assert not row.events.filter(data__by_venue=True).exists()
    assert not Allocation.objects.filter(closure_id__isnull=False).exists()


def test_a_guest_in_house_can_be_moved_and_not_cancelled(frozen: FrozenDateTimeFactory) -> None:
    venue = lot()
    row = on(venue, "1", hours=4)
    frozen.move_to(NOON + HOUR)
    row = actions.check_in(reservation_id=row.pk, by=DESK)
    window = Window(NOON + HOUR, EVENING.end)
    with pytest.raises(WrongStatus):
        close(venue, "1", decide(row, "cancel"), window)
    assert closed(close(venue, "1", decide(row, "move"), window)) == [window]
    assert [one.resource.name for one in rows(row) if one.ends_at >= row.ends_at] == ["2"]


def test_a_closure_from_the_past_leaves_out_stays_that_are_over(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = lot()
    row = on(venue, "1")
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK)
    assert closed(close(venue, "1", {})) == [Window(NOON + HOUR, EVENING.end)]


def test_only_staff_decide_and_only_with_a_reason() -> None:
    venue = lot()
    row = on(venue, "1")
    ids = [venue.resources.get(name="1").pk]
    given: dict[str, Any] = {"venue_id": venue.pk, "resource_ids": ids, "window": EVENING}
    given |= {"reason": "paint", "decided": decide(row, "cancel")}
    with pytest.raises(Forbidden):
        closures.close(**given, by=GUEST, notice="a leak")
    with pytest.raises(Invalid):
        closures.close(**given, by=DESK, notice=" ")
    assert status(row, NOON - HOUR) is Status.UPCOMING


def retire(venue: Venue, decided: dict[int, Decision]) -> bool:
    one = venue.resources.get(name="1")
    units.retire_deciding(resource_id=one.pk, decided=decided, notice="sold", by=DESK)
    one.refresh_from_db()
    return one.retired_at is not None


def test_a_unit_is_retired_with_its_reservations_moved_or_cancelled() -> None:
    venue = lot()
    first, second = on(venue, "1"), on(venue, "1", NOON + 200 * DAY)
    close(venue, "1", {}, Window(NOON + 300 * DAY, NOON + 301 * DAY))
    with pytest.raises(ReservationsAffected) as asked:
        retire(venue, {})
    assert [one.reservation for one in asked.value.affected] == [first, second]
    with pytest.raises(Invalid):
        retire(venue, {**decide(first, "keep"), **decide(second, "cancel")})
    assert retire(venue, {**decide(first, "move"), **decide(second, "cancel")})
    assert unit(first) == "2"
    assert status(second, NOON) is Status.CANCELLED
    assert retire(venue, {})


def change_hours(venue: Venue, write: Any, decided: dict[int, Decision]) -> None:
    hours_changes.change(
        venues=[venue.pk], write=write, decided=decided, reason="a day off", by=DESK
    )


def close_early(venue: Venue) -> Any:
    return lambda: Opening.objects.filter(venue=venue).update(closes=time(14))


def test_shorter_hours_ask_for_those_whom_they_leave_outside() -> None:
    venue = lot(1)
    add_hours(venue, time(8), time(20))
    inside, outside = on(venue, "1"), on(venue, "1", NOON + 3 * HOUR)
    with pytest.raises(ReservationsAffected) as asked:
        change_hours(venue, close_early(venue), {})
    assert [one.reservation for one in asked.value.affected] == [outside]
    assert not Opening.objects.filter(closes=time(14)).exists()
    change_hours(venue, close_early(venue), decide(outside, "cancel"))
    assert Opening.objects.filter(closes=time(14)).count() == 7
    assert status(outside, NOON - HOUR) is Status.CANCELLED
    assert status(inside, NOON - HOUR) is Status.UPCOMING


def test_who_was_outside_before_is_not_asked_for() -> None:
    venue = lot(1)
    add_hours(venue, time(8), time(13))
    late = hold(venue, NOON + 3 * HOUR, override_reason="a friend")
    change_hours(venue, lambda: Opening.objects.filter(venue=venue).update(opens=time(9)), {})
    assert status(late, NOON) is Status.UPCOMING


def test_a_move_is_judged_by_the_hours_as_they_become() -> None:
    venue = lot(1)
    add_hours(venue, time(8), time(20))
    row = on(venue, "1", NOON + 3 * HOUR)
    to_closed = Times(starts_at=NOON + 5 * HOUR, ends_at=NOON + 7 * HOUR)
    to_open = Times(starts_at=NOON, ends_at=NOON + 2 * HOUR)
    with pytest.raises(Exception, match="not open"):
        change_hours(venue, close_early(venue), decide(row, "move", times=to_closed))
    with pytest.raises(Exception, match="not open"):
        change_hours(venue, close_early(venue), decide(row, "move"))
    change_hours(venue, close_early(venue), decide(row, "move", times=to_open))
    assert Reservation.objects.get(pk=row.pk).starts_at == NOON


def test_a_providers_day_off_touches_theirs_alone() -> None:
    venue = make_venue("practice", units=2, notice=0 * DAY)
    for one in venue.resources.all():
        add_hours(venue, time(8), time(20), resource=one)
    first, second = (
        hold(venue, NOON, 0.25, resource=one.pk) for one in venue.resources.order_by("pk")
    )
    off = venue.resources.order_by("pk")[0]

    def write() -> None:
        Opening.objects.create(venue=venue, resource=off, date=NOON.date())

    with pytest.raises(ReservationsAffected) as asked:
        change_hours(venue, write, {})
    assert [one.reservation for one in asked.value.affected] == [first]
    change_hours(venue, write, decide(first, "keep"))
    assert status(second, NOON - HOUR) is status(first, NOON - HOUR)


def test_in_a_hotel_a_closed_date_touches_those_who_sleep_then() -> None:
    venue = make_venue("hotel", units=2, notice=0 * DAY)
    stay = Times(check_in=date(2027, 3, 4), check_out=date(2027, 3, 6))
    first = hold(venue, times=stay)
    hold(venue, times=Times(check_in=date(2027, 3, 6), check_out=date(2027, 3, 8)))

    def write() -> None:
        Opening.objects.create(venue=venue, date=date(2027, 3, 5))

    with pytest.raises(ReservationsAffected) as asked:
        change_hours(venue, write, {})
    assert [one.reservation for one in asked.value.affected] == [first]


def test_other_times_of_stays_touch_what_is_sold_by_the_old_ones() -> None:
    venue = make_venue("hotel", units=1, notice=0 * DAY)
    row = hold(venue, times=Times(check_in=date(2027, 3, 4), check_out=date(2027, 3, 6)))

    def write() -> None:
        Policy.objects.filter(venue=venue).update(check_out_time=time(10))

    with pytest.raises(ReservationsAffected):
        change_hours(venue, write, {})
    same_dates = Times(check_in=date(2027, 3, 4), check_out=date(2027, 3, 6))
    change_hours(venue, write, decide(row, "move", times=same_dates))
    assert Reservation.objects.get(pk=row.pk).ends_at.hour == 10


@pytest.mark.parametrize("is_over", [True, False])
def test_a_closure_of_which_nothing_is_left_is_refused(
    frozen: FrozenDateTimeFactory, is_over: bool
) -> None:
    venue = lot(1)
    row = on(venue, "1", NOON, 2)
    if is_over:
        actions.confirm(reservation_id=row.pk, by=DESK)
        frozen.move_to(NOON)
        actions.check_in(reservation_id=row.pk, by=DESK)
        frozen.move_to(NOON + 2 * HOUR)
        actions.check_out(reservation_id=row.pk, by=DESK)
        decided = {}
    else:
        decided = decide(row, "keep")
    with pytest.raises(Taken, match="nothing is left to close"):
        close(venue, "1", decided, Window(NOON, NOON + 2 * HOUR))
    assert not Allocation.objects.filter(closure_id__isnull=False).exists()
