"""What a refused group could book instead: at one time all of them, each on a unit of its own."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import clock
from reservations.alternatives import find
from reservations.alternatives.group_search import Arrangement
from reservations.requests import Booking, Times
from tests.effort import some
from tests.factories import GUEST, NOON, add_category, booking, hold, make_venue
from tests.reservations.facts import HOUR
from tests.reservations.worlds import group_comes_to, moments, of_window
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def instead(wishes: list[Booking]) -> list[Arrangement]:
    """The arrangements, after a look that each can be booked, as it is told, at this moment."""
    found = find.for_group(wishes, by=GUEST, now=clock.now())
    assert len(found) <= 3
    for one in found:
        assert group_comes_to(offered(wishes, one)) is None, one
        assert one.price_minor == sum(place.price_minor for place in one.places)
    return found


def offered(wishes: list[Booking], one: Arrangement) -> list[Booking]:
    """The wishes, as the arrangement would have them."""
    venue = Venue.objects.get(slug=wishes[0].venue)
    return [
        of_window(
            venue,
            one.window,
            category=place.category.code,
            resource=place.unit.pk if place.unit else None,
            guest_count=wish.guest_count,
        )
        for wish, place in zip(wishes, one.places, strict=True)
    ]


def told(found: list[Arrangement]) -> list[tuple[float, list[str]]]:
    """Hours from NOON; the unit of each where one was asked for, else its category."""
    return [
        (
            (one.window.start - NOON) / HOUR,
            [place.unit.name if place.unit else place.category.code for place in one.places],
        )
        for one in found
    ]


def lot(units: int = 2, **policy: Any) -> Venue:
    return make_venue("parking", units=units, **{"unit_choice": "guest"} | policy)


def test_the_nearest_times_at_which_all_fit() -> None:
    venue = lot()
    hold(venue)
    hold(venue, NOON + 2 * HOUR)
    found = instead([booking(venue), booking(venue)])
    assert told(found) == [(start, ["standard"] * 2) for start in (-2, -4, 4)]


def test_another_category_at_the_same_time_comes_first() -> None:
    venue = lot()
    add_category(venue, "wide")
    hold(venue, category="standard")
    found = instead([booking(venue, category="standard")] * 2)
    assert told(found)[0] == (0, ["standard", "wide"])


def test_named_units_that_are_taken_are_replaced_by_others() -> None:
    venue = lot(units=3)
    first, second, _ = venue.resources.order_by("pk")
    hold(venue, resource=first.pk)
    found = instead([booking(venue, resource=unit.pk) for unit in (first, second)])
    # The second may not be given to the first, who comes before it.
    assert told(found)[0] == (0, ["3", "2"])


def test_more_than_there_are_have_no_alternative() -> None:
    assert instead([booking(lot())] * 3) == []
    assert instead([booking(lot(), times=Times())]) == []


def test_parties_get_units_that_seat_them() -> None:
    venue = make_venue("restaurant", units=2, capacity=2)
    add_category(venue, "window", units=1, capacity=6)
    hold(venue, category="window")
    found = instead([booking(venue, guest_count=2), booking(venue, guest_count=5)])
    assert {tuple(names) for _, names in told(found)} == {("standard", "window")}


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(60, 62)))
def test_each_can_be_booked_whatever_is_going_on(seed: int, frozen: FrozenDateTimeFactory) -> None:
    offers = 0
    for venue, window, party in moments(seed, frozen):
        units = venue.resources.order_by("-pk")
        for wishes in (
            [of_window(venue, window, guest_count=party), of_window(venue, window)],
            [of_window(venue, window, category="standard", guest_count=party)] * 2,
            [of_window(venue, window), of_window(venue, window, resource=units[0].pk)],
        ):
            if group_comes_to(wishes) is not None:
                offers += len(instead(wishes))
    assert offers > 5


def test_looking_costs_the_same_however_large_the_group() -> None:
    venue = lot(units=9)
    hold(venue)
    counts: list[int] = []
    for size in (1, 9):
        with CaptureQueriesContext(connection) as asked:
            find.for_group([booking(venue)] * size, by=GUEST, now=clock.now())
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 6
