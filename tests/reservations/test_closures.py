"""Units out of use: time taken like any other, all of them or none, for as long as it takes."""

import uuid

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.callers import Caller
from reservations.errors import Forbidden, HeldByOther, Invalid, NotFound, Taken
from reservations.inventory import closures
from reservations.models import Allocation, Event
from reservations.ranges import MAX_SPAN
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import DAY, HOUR, SECOND, guest, rows
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

EVENING = Window(NOON, NOON + 8 * HOUR)


def close(venue: Venue, window: Window = EVENING, by: Caller = DESK) -> uuid.UUID:
    units = list(venue.resources.values_list("pk", flat=True))
    return closures.close(
        venue_id=venue.pk, resource_ids=units, window=window, reason="paint", by=by
    )


def parts(closure: uuid.UUID) -> list[Window]:
    live = Allocation.objects.filter(closure_id=closure, is_live=True).order_by("starts_at")
    return [Window(row.starts_at, row.ends_at) for row in live]


def test_a_closed_unit_is_taken_and_its_neighbours_in_time_are_not() -> None:
    venue = make_venue()
    close(venue)
    with pytest.raises(Taken):
        hold(venue, NOON + 8 * HOUR - SECOND)
    with pytest.raises(Taken):
        hold(venue, NOON - 2 * HOUR + SECOND)
    assert hold(venue, NOON + 8 * HOUR).pk
    assert hold(venue, NOON - 2 * HOUR).pk


@pytest.mark.parametrize(("days", "count"), [(99, 1), (100, 1), (101, 2), (250, 3)])
def test_a_closure_longer_than_a_row_may_be_is_several_that_touch(days: int, count: int) -> None:
    window = Window(NOON, NOON + days * DAY)
    found = parts(close(make_venue(), window))
    assert len(found) == count
    assert (found[0].start, found[-1].end) == (window.start, window.end)
    assert all(part.end - part.start <= MAX_SPAN for part in found)
    assert [part.end for part in found[:-1]] == [part.start for part in found[1:]]


def test_what_somebody_has_stops_the_closure_of_every_unit() -> None:
    venue = make_venue(units=3)
    hold(venue, NOON + 150 * DAY)
    with pytest.raises(Taken):
        close(venue, Window(NOON, NOON + 300 * DAY))
    assert not Allocation.objects.filter(closure_id__isnull=False).exists()


def test_what_somebody_holds_stops_it_until_the_hold_lapses(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(confirms_at_once=False)
    row = hold(venue)
    with pytest.raises(HeldByOther):
        close(venue)
    assert row.hold_expires_at
    frozen.move_to(row.hold_expires_at)
    assert len(parts(close(venue))) == 1
    assert rows(row) == []


def test_reopened_before_it_began_it_never_was() -> None:
    venue = make_venue()
    closure = close(venue)
    assert closures.reopen(closure_id=closure, by=DESK) == 1
    assert parts(closure) == []
    assert hold(venue).pk


def test_reopened_in_the_middle_the_rest_is_free_and_the_past_stays(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = make_venue(units=2)
    closure = close(venue)
    frozen.move_to(NOON + 3 * HOUR)
    assert closures.reopen(closure_id=closure, by=DESK) == 2
    assert parts(closure) == [Window(NOON, NOON + 3 * HOUR)] * 2
    assert hold(venue, NOON + 3 * HOUR).pk


@pytest.mark.parametrize("has_begun", [True, False])
def test_reopening_twice_changes_nothing(frozen: FrozenDateTimeFactory, has_begun: bool) -> None:
    closure = close(make_venue())
    if has_begun:
        frozen.move_to(NOON + HOUR)
    closures.reopen(closure_id=closure, by=DESK)
    frozen.tick(HOUR)
    before = parts(closure)
    assert closures.reopen(closure_id=closure, by=DESK) == 0
    assert parts(closure) == before
    assert Event.objects.filter(name="closure.ended").count() == 1


def test_it_is_told_which_units_why_and_by_whom() -> None:
    venue = make_venue(units=2)
    closure = close(venue)
    event = Event.objects.get(name="closure.made")
    units = [str(pk) for pk in venue.resources.order_by("pk").values_list("pk", flat=True)]
    assert event.data == {"closure": str(closure), "units": units, "reason": "paint"}
    assert (event.venue, event.by) == (venue, "desk")


def test_only_staff_of_the_venue_close_it() -> None:
    venue, elsewhere = make_venue(), make_venue()
    staff = callers.for_user(StaffFactory.create(staff_venues=[venue]))
    closure = close(venue, by=staff)
    for by in (guest(), callers.for_user(StaffFactory.create(staff_venues=[elsewhere]))):
        with pytest.raises(Forbidden):
            close(venue, by=by)
        with pytest.raises(NotFound):
            closures.reopen(closure_id=closure, by=by)
    assert closures.reopen(closure_id=closure, by=staff) == 1


def test_units_of_another_venue_and_no_units_are_not_found() -> None:
    venue, other = make_venue(), make_venue()
    units = [*venue.resources.values_list("pk", flat=True)]
    units += other.resources.values_list("pk", flat=True)
    for ids in (units, []):
        with pytest.raises(NotFound):
            closures.close(venue_id=venue.pk, resource_ids=ids, window=EVENING, reason="", by=DESK)
    with pytest.raises(NotFound):
        closures.reopen(closure_id=uuid.uuid4(), by=DESK)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(Invalid):
        close(make_venue(), Window(NOON, NOON))
