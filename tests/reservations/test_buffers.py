"""Between two guests the longer of the two buffers is enough; a policy may ask for both."""

from datetime import time, timedelta
from typing import Any

import pytest

from reservations import actions, records
from reservations.errors import Closed, Refusal
from reservations.inventory import closures
from reservations.models import Allocation
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, overlaps
from venues.hours import Window
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def lot(**policy: Any) -> Venue:
    rules: dict[str, Any] = {
        "buffer_before": 10 * MINUTE,
        "buffer_after": 20 * MINUTE,
        "unit_choice": "guest",
    }
    return make_venue("parking", units=1, **rules | policy)


def refused(venue: Venue, minutes: int, *, is_named: bool = False) -> type[Refusal] | None:
    """What an hour that begins these minutes after noon is refused with."""
    unit = venue.resources.get().pk if is_named else None
    try:
        hold(venue, NOON + minutes * MINUTE, 1, resource=unit)
    except Refusal as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize(
    ("policy", "gap"),
    [
        ({}, 20),
        ({"buffer_before": 30 * MINUTE}, 30),
        ({"buffer_after": timedelta(0)}, 10),
        ({"adds_buffers": True}, 30),
    ],
)
def test_the_longer_of_two_buffers_lies_between_neighbours(
    policy: dict[str, Any], gap: int, is_named: bool
) -> None:
    venue = lot(**policy)
    hold(venue, NOON, 1)
    assert refused(venue, 60 + gap - 1, is_named=is_named) is not None
    assert refused(venue, 60 + gap, is_named=is_named) is None
    # And so it does on the other side.
    assert refused(venue, -60 - gap + 1, is_named=is_named) is not None
    assert refused(venue, -60 - gap, is_named=is_named) is None
    assert list(overlaps()) == []


def test_a_row_begins_at_its_start_and_ends_by_the_longer_buffer() -> None:
    row = hold(lot(), NOON, 1).allocations.get()
    assert (row.starts_at, row.ends_at) == (NOON, NOON + HOUR + 20 * MINUTE)


@pytest.mark.parametrize("is_named", [True, False])
def test_the_first_of_a_day_is_prepared_within_the_hours(is_named: bool) -> None:
    venue = lot(buffer_before=15 * MINUTE)
    add_hours(venue, time(12), time(18))
    assert refused(venue, 0, is_named=is_named) is Closed
    assert refused(venue, 14, is_named=is_named) is Closed
    assert refused(venue, 15, is_named=is_named) is None


@pytest.mark.parametrize("is_named", [True, False])
def test_the_first_after_a_closure_is_prepared_after_it(is_named: bool) -> None:
    venue = lot(buffer_before=15 * MINUTE)
    closures.close(
        venue_id=venue.pk,
        resource_ids=[venue.resources.get().pk],
        window=Window(NOON - HOUR, NOON),
        reason="paint",
        by=DESK,
    )
    assert refused(venue, 14, is_named=is_named) is not None
    assert refused(venue, 15, is_named=is_named) is None


def test_rows_of_before_keep_their_distance() -> None:
    """A row that carries both buffers, as they were written, is no less valid."""
    venue = lot(adds_buffers=True)
    row = hold(venue, NOON, 1)
    Policy.objects.update(adds_buffers=False)
    venue = records.load_venue(venue.pk)
    assert row.allocations.get().starts_at == NOON - 10 * MINUTE
    assert refused(venue, 60 + 19) is not None
    assert refused(venue, 60 + 20) is None
    assert refused(venue, -60 - 29) is not None
    assert refused(venue, -60 - 30) is None


def test_a_longer_stay_keeps_the_longer_buffer_before_the_next() -> None:
    venue = lot()
    row = hold(venue, NOON - DAY, 1)
    hold(venue, NOON - DAY + 2 * HOUR, 1)
    actions.check_in(reservation_id=row.pk, by=DESK)
    for minutes, is_refused in ((41, True), (40, False)):
        end = NOON - DAY + HOUR + minutes * MINUTE
        change = Change(times=Times(ends_at=end))
        if is_refused:
            with pytest.raises(Refusal):
                actions.modify(reservation_id=row.pk, change=change, by=DESK)
        else:
            actions.modify(reservation_id=row.pk, change=change, by=DESK)
    assert Allocation.objects.filter(is_live=True).count() == 2
