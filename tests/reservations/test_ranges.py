"""Time is found by range: the same rows by venue and by unit, and from the index meant for it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from reservations.allocation.ledger import _TAKING_ONE, Span, free_units
from reservations.models import Allocation
from reservations.ranges import MAX_SPAN
from tests.factories import NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND
from venues import statements
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

INSTANT = timedelta(microseconds=1)
END = NOON + 2 * HOUR


@pytest.fixture
def venue() -> Venue:
    made = make_venue()
    hold(made)
    return made


@pytest.mark.parametrize("by_venue", [True, False])
@pytest.mark.parametrize(
    ("start", "end", "overlaps"),
    [
        (NOON - HOUR, NOON, False),
        (NOON - HOUR, NOON + INSTANT, True),
        (NOON + HOUR, NOON + HOUR + SECOND, True),
        (END - INSTANT, END + HOUR, True),
        (END, END + HOUR, False),
        (NOON - DAY, END + DAY, True),
        (NOON - MAX_SPAN, NOON, False),
        (END, END + MAX_SPAN, False),
    ],
)
def test_a_row_overlaps_what_shares_an_instant_with_it(
    venue: Venue, start: object, end: object, overlaps: bool, by_venue: bool
) -> None:
    Allocation.objects.update(starts_at=NOON, ends_at=END)
    venues = [venue.pk] if by_venue else None
    found = Allocation.objects.overlapping(start, end, venues=venues)  # type: ignore[arg-type]
    assert found.exists() is overlaps


def test_the_longest_row_there_may_be_is_found_by_its_last_minute(venue: Venue) -> None:
    last = NOON + MAX_SPAN
    Allocation.objects.update(starts_at=NOON, ends_at=last)
    for venues in (None, [venue.pk]):
        found = Allocation.objects.overlapping(last - MINUTE, last + DAY, venues=venues)
        assert found.count() == 1


def test_rows_of_other_venues_are_left_out(venue: Venue) -> None:
    other = make_venue()
    hold(other)
    here = Allocation.objects.overlapping(NOON, END, venues=[venue.pk])
    assert [row.venue_id for row in here] == [venue.pk]
    both = Allocation.objects.overlapping(NOON, END, venues=[venue.pk, other.pk])
    assert {row.venue_id for row in both} == {venue.pk, other.pk}


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("by_venue", "index"),
    [(True, "allocation_of_venue_by_range"), (False, "allocation_no_overlap")],
)
def test_each_is_read_from_the_index_made_for_it(venue: Venue, by_venue: bool, index: str) -> None:
    unit = venue.resources.get()
    for one in (unit, make_venue().resources.get()):
        starts = [NOON - (number + 1) * DAY for number in range(300)]
        Allocation.objects.bulk_create(
            Allocation(
                venue_id=one.venue_id,
                resource=one,
                closure_id=uuid4(),
                starts_at=at,
                ends_at=at + HOUR,
            )
            for at in starts
        )
    with connection.cursor() as cursor:
        # What is known of a table that was filled and emptied by other tests says little of it.
        cursor.execute("ANALYZE reservations_allocation")
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = Allocation.objects.filter(is_live=True)
    rows = rows if by_venue else rows.filter(resource=unit)
    plan = rows.overlapping(NOON, END, venues=[venue.pk] if by_venue else None).explain()
    assert index in plan
    if not by_venue:
        # What takes one unit is asked in words of its own.
        values = {"unit": unit.pk, "start": NOON, "end": END, "now": NOON}
        lines = [line for (line,) in statements.planned("EXPLAIN " + _TAKING_ONE, values)]
        at = next(number for number, line in enumerate(lines) if index in line)
        # By unit and range alike, or the whole year of the unit is read, or that hour of all.
        assert f"Index Cond: ((resource_id = '{unit.pk}'::bigint) AND (tstzrange" in lines[at + 1]


@pytest.mark.postgres
def test_no_look_is_compiled_however_many_rows_are_expected() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)


def test_where_there_are_no_ranges_to_look_up_units_are_read_by_their_own_index(
    venue: Venue,
) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("reads the ranges of the venue")
    span = Span(start=NOON, end=END, now=NOON - DAY, venue=venue.pk)
    assert "allocation_of_resource" in free_units(venue.resources.all(), span).explain()
