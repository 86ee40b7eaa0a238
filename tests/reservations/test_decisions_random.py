"""Random closures and hours over random reservations: afterwards nobody stands in closed time who
was not kept, and a refusal has changed nothing.
"""

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from reservations import actions
from reservations.errors import Refusal, ReservationsAffected
from reservations.inventory import closures, hours_changes
from reservations.inventory.decisions import Decision, Outcome
from reservations.models import Allocation, Reservation
from reservations.rules import booking_window
from reservations.status import Status
from tests.factories import DESK, NOON, add_hours, booking, make_venue
from tests.reservations.facts import HOUR, overlaps
from venues import catalogue
from venues.hours import Window
from venues.models import Opening, Venue

BOOKINGS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(1, 4), st.sampled_from(["1", "2", "3", None])),
    max_size=8,
)
OUTCOMES = st.lists(st.sampled_from(list(Outcome)), min_size=8, max_size=8)
DAWN = NOON - 6 * HOUR


def booked(venue: Venue, wishes: list[tuple[int, int, str | None]]) -> list[Reservation]:
    found = []
    for start, length, name in wishes:
        unit = venue.resources.get(name=name).pk if name else None
        wish = booking(venue, DAWN + start * HOUR, length, resource=unit)
        try:
            found.append(actions.hold(booking=wish, by=DESK))
        except Refusal:
            continue
    return found


def everything() -> list[tuple[Any, ...]]:
    rows = Allocation.objects.order_by("pk").values_list(
        "pk", "resource", "starts_at", "ends_at", "is_live", "reservation__version"
    )
    return [*rows, *Opening.objects.order_by("pk").values_list("pk", "opens", "closes")]


def decided(asked: ReservationsAffected, outcomes: list[Outcome]) -> dict[int, Decision]:
    pairs = zip(asked.affected, outcomes, strict=False)
    return {
        one.reservation.pk: Decision(outcome=outcome, version=one.reservation.version)
        for one, outcome in pairs
    }


def standing(venue: Venue, but: dict[int, Decision]) -> list[Allocation]:
    """The live rows of those who are not kept."""
    kept = [pk for pk, one in but.items() if one.outcome is Outcome.KEEP]
    rows = Allocation.objects.filter(venue=venue, is_live=True, reservation__isnull=False)
    return list(rows.exclude(reservation__in=kept).select_related("reservation", "resource"))


@pytest.mark.usefixtures("frozen")
class RandomDecisionsTest(TestCase):
    @given(BOOKINGS, st.sets(st.sampled_from("123"), min_size=1), OUTCOMES, st.data())
    def test_closures(self, wishes: Any, names: set[str], outcomes: Any, data: Any) -> None:
        venue = make_venue("parking", units=3, unit_choice="guest")
        booked(venue, wishes)
        start, length = data.draw(st.integers(0, 12)), data.draw(st.integers(1, 10))
        window = Window(DAWN + start * HOUR, DAWN + (start + length) * HOUR)
        ids = set(venue.resources.filter(name__in=names).values_list("pk", flat=True))
        wish: dict[int, Decision] = {}

        def close() -> Any:
            return closures.close(
                venue_id=venue.pk,
                resource_ids=sorted(ids),
                window=window,
                reason="",
                by=DESK,
                decided=wish,
                notice="a leak",
            )

        before = everything()
        try:
            made = close()
        except ReservationsAffected as asked:
            assert everything() == before
            wish.update(decided(asked, outcomes))
            try:
                made = close()
            except Refusal:
                assert everything() == before
                return
        assert not list(overlaps())
        for row in standing(venue, wish):
            is_in = row.starts_at < window.end and window.start < row.ends_at
            assert not (row.resource_id in ids and is_in)
        rows = Allocation.objects.filter(resource__in=ids, is_live=True)
        rows = rows.filter(starts_at__lt=window.end, ends_at__gt=window.start)
        lengths = [min(row.ends_at, window.end) - max(row.starts_at, window.start) for row in rows]
        # Closed or kept: nothing of the range is left to sell.
        assert sum(lengths, timedelta(0)) == (window.end - window.start) * len(ids)
        assert rows.filter(closure_id=made).exists() or wish

    @given(BOOKINGS, st.integers(7, 16), st.integers(1, 8), st.booleans(), OUTCOMES)
    def test_hours(
        self, wishes: Any, opens: int, length: int, is_of_unit: bool, outcomes: Any
    ) -> None:
        venue = make_venue("parking", units=3, unit_choice="guest")
        add_hours(venue, time(5), time(23))
        booked(venue, wishes)
        of = {"resource": venue.resources.get(name="1")} if is_of_unit else {}
        closes = time(min(opens + length, 23))
        wish: dict[int, Decision] = {}

        def write() -> None:
            if not is_of_unit:
                Opening.objects.filter(venue=venue).delete()
            add_hours(venue, time(opens), closes, **of)

        def change() -> None:
            hours_changes.change(
                venues=[venue.pk], write=write, decided=wish, reason="a day off", by=DESK
            )

        before = everything()
        try:
            change()
        except ReservationsAffected as asked:
            assert everything() == before
            wish.update(decided(asked, outcomes))
            try:
                change()
            except Refusal:
                assert everything() == before
                return
        assert not list(overlaps())
        now = catalogue.load(venue.pk)
        for row in standing(venue, wish):
            assert row.reservation is not None
            if row.reservation.status_at(NOON - 12 * HOUR) is Status.CANCELLED:
                continue
            sold = Window(row.reservation.starts_at, row.reservation.ends_at)
            row.resource.venue = now
            booking_window.judge_open(now, sold, row.resource)
