"""What is offered to several reservations in closed time: no unit and time twice."""

import pytest
from django.http import QueryDict

from desk.affected import choices
from reservations import clock
from reservations.inventory import affected_reservations
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import HOUR
from venues import catalogue
from venues.hours import Window

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_two_are_not_offered_the_same_unit_at_one_time() -> None:
    venue = make_venue("parking", units=3, unit_choice="guest")
    closing = list(venue.resources.all())[:2]
    for unit in closing:
        hold(venue, resource=unit.pk)
    now = clock.now()
    found = affected_reservations.on_units(
        [unit.pk for unit in closing], Window(NOON, NOON + 2 * HOUR), now
    )
    rows = choices.rows_of(
        found,
        catalogue.load(venue.pk),
        QueryDict(),
        may_keep=False,
        reseats=False,
        by=DESK,
        now=now,
    )
    first = [row.first for row in rows]
    assert all(first)
    assert len(set(first)) == len(first) == 2
