"""Guests who come, stay on, swap and leave, and what is undone of it, against plain counting."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from reservations import actions, records
from reservations.allocation import presence
from reservations.availability import floor_plan, offers
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import HeldByOther, Occupied, Refusal, Taken
from reservations.inventory import spots
from reservations.models import Allocation, Reservation
from reservations.reports import occupancy
from reservations.requests import Change, Times
from reservations.status import Status
from tests.effort import examples
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.plain import presence as plain
from tests.reservations.facts import HOUR, MINUTE, SECOND, overlaps
from venues.hours import Window

pytestmark = pytest.mark.django_db

UNITS = 2
QUARTER = 15 * MINUTE
LENGTHS = st.sampled_from([1, 2, 4]).map(lambda quarters: quarters * QUARTER)
PICKS = st.integers(0, 7)
AWAITED = (Status.HELD, Status.UPCOMING, Status.NO_SHOW)
GONE = (Status.CANCELLED, Status.EXPIRED, Status.NO_SHOW)
GIVEN = (Status.HELD, Status.UPCOMING, Status.PRESENT)


class Desk(RuleBasedStateMachine):
    """A lot of like spots where guests come and go as they like."""

    clock: FrozenDateTimeFactory

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.clock.move_to(NOON)
        self.venue = make_venue(
            units=UNITS, unit_choice="guest", grace=HOUR, early_check_in=2 * HOUR
        )
        # Whom staff put where somebody was: these may share a unit.
        self.anyway: set[int] = set()

    def rows(self, *statuses: Status) -> list[Reservation]:
        every = Reservation.objects.filter(venue=self.venue).order_by("pk")
        return [row for row in every if row.status_at(self.now) in statuses]

    def one(self, pick: int, *statuses: Status) -> Reservation | None:
        found = self.rows(*statuses)
        return found[pick % len(found)] if found else None

    @rule(length=LENGTHS)
    def walk_in(self, length: timedelta) -> None:
        end = self.now + length
        free = plain.free_from(self.venue, self.now, end, now=self.now)
        here = plain.inside(self.venue, self.now)
        wish = booking(self.venue, times=Times(ends_at=end), is_walk_in=True)
        before = Allocation.objects.count()
        try:
            row = actions.walk_in(booking=wish, by=DESK)
        except (Taken, HeldByOther, Occupied) as refusal:
            assert not free
            assert Allocation.objects.count() == before
            until = refusal.facts.get("until")
            if isinstance(refusal, Taken) and until is not None:
                shorter = booking(self.venue, times=Times(ends_at=until), is_walk_in=True)
                assert actions.walk_in(booking=shorter, by=DESK).ends_at == until
            return
        (taken,) = row.allocations.filter(is_live=True)
        assert taken.resource_id not in here

    @rule(ahead=st.integers(0, 4), length=LENGTHS, pick=PICKS, names=st.booleans())
    def book(self, ahead: int, length: timedelta, pick: int, names: bool) -> None:
        start = self.now + ahead * QUARTER
        free = plain.free_from(self.venue, start, start + length, now=self.now)
        here = plain.inside(self.venue, self.now)
        unit = self.venue.resources.order_by("pk")[pick % UNITS].pk if names else None
        try:
            row = hold(self.venue, start, length / HOUR, resource=unit)
        except (Taken, HeldByOther, Occupied) as refusal:
            assert unit not in free if names else not free
            if isinstance(refusal, Occupied):
                assert start <= self.now and here
            return
        (taken,) = row.allocations.filter(is_live=True)
        if start <= self.now:
            assert taken.resource_id not in here
        elif not names and taken.resource_id in plain.late(self.venue, self.now):
            # After all other units.
            assert free <= set(plain.late(self.venue, self.now))

    @rule(pick=PICKS, anyway=st.booleans())
    def arrive(self, pick: int, anyway: bool) -> None:
        row = self.one(pick, *AWAITED)
        if row is None:
            return
        here = plain.inside(self.venue, self.now)
        reason = "a couple" if anyway else ""
        if self._try(actions.check_in, row, override_reason=reason) is not None:
            return
        (unit,) = plain._units(row, self.now)
        if unit in here:
            assert anyway
            self.anyway |= {row.pk, *here[unit]}

    @rule(pick=PICKS)
    def leave(self, pick: int) -> None:
        row = self.one(pick, Status.PRESENT)
        if row is not None:
            assert self._try(actions.check_out, row) is None

    @rule(pick=PICKS)
    def give_up(self, pick: int) -> None:
        row = self.one(pick, Status.HELD, Status.UPCOMING)
        if row is not None:
            assert self._try(actions.cancel, row) is None

    @rule(pick=PICKS, length=LENGTHS)
    def stay_on(self, pick: int, length: timedelta) -> None:
        row = self.one(pick, Status.PRESENT)
        if row is None:
            return
        change = Change(times=Times(ends_at=self.now + length))
        self._try(actions.modify, row, change=change)

    @rule(pick=PICKS, other=PICKS)
    def swap(self, pick: int, other: int) -> None:
        one, two = self.one(pick, *GIVEN), self.one(other, *GIVEN)
        if one is None or two is None:
            return
        before = {row.pk: plain._units(row, self.now) for row in (one, two)}
        pks = [one.pk, two.pk]
        try:
            actions.swap(venue=self.venue.slug, reservations=pks, reason="x", by=DESK)
        except Refusal:
            after = {row.pk: plain._units(row, self.now) for row in (one, two)}
            assert after == before

    @rule(pick=PICKS)
    def undo_arrival(self, pick: int) -> None:
        row = self.one(pick, Status.PRESENT)
        if row is not None:
            assert self._try(actions.undo_check_in, row, reason="x") is None
            assert row.pk not in self.here()

    @rule(pick=PICKS)
    def undo_departure(self, pick: int) -> None:
        row = self.one(pick, Status.LEFT)
        if row is None:
            return
        unit, here = self.last_unit(row), plain.inside(self.venue, self.now)
        is_over = row.ends_at <= self.now
        can = is_over or not (unit in here or self.others_have(unit, row))
        assert can == (self._try(actions.undo_check_out, row, reason="x") is None)
        if can:
            assert plain.inside(self.venue, self.now)[unit].count(row.pk) == 1
            if is_over:
                # Nobody asks whether the unit has a guest by now.
                self.anyway |= {row.pk, *here.get(unit, [])}

    @rule(pick=PICKS)
    def bring_back(self, pick: int) -> None:
        row = self.one(pick, *GONE)
        if row is None or row.ends_at <= self.now:
            return
        own, is_taken = self.last_unit(row), self.others_have(self.last_unit(row), row)
        is_fixed = row.allocations.latest("pk").is_locked
        start = max(row.starts_at, self.now)
        free = plain.free_from(self.venue, start, row.ends_at, now=self.now)
        if self._try(actions.reinstate, row, reason="x") is not None:
            assert is_taken and (is_fixed or not free)
            return
        (taken,) = row.allocations.filter(is_live=True, ends_at__gte=row.ends_at)
        assert not is_taken or not is_fixed
        assert is_taken or taken.resource_id == own

    @rule(pick=PICKS, charge=st.sampled_from(RestCharge))
    def release_the_rest(self, pick: int, charge: RestCharge) -> None:
        row = self.one(pick, Status.NO_SHOW)
        if row is None or row.ends_at <= self.now or row.pk in self.released(row):
            return
        given = Release(charge=charge, reason="x")
        assert self._try(actions.release_rest, row, release=given) is None
        rows = Allocation.objects.filter(reservation=row, ends_at__gt=self.now)
        assert not rows.taking_time(at=self.now).exists()

    def released(self, row: Reservation) -> set[int]:
        """The reservation's id, if its rest was released before in this round."""
        told = row.events.filter(name="reservation.rest_released", round=row.round)
        return set(told.values_list("reservation_id", flat=True))

    def here(self) -> set[int]:
        return {pk for pks in plain.inside(self.venue, self.now).values() for pk in pks}

    def last_unit(self, row: Reservation) -> int:
        return row.allocations.latest("pk").resource_id

    def others_have(self, unit: int, row: Reservation) -> bool:
        """Whether somebody else has the unit in some of the time that is left of a stay."""
        start = self.now if row.checked_in_at else max(row.starts_at, self.now)
        rows = Allocation.objects.filter(resource=unit, ends_at__gt=start)
        rows = rows.filter(starts_at__lt=row.ends_at).taking_time(at=self.now)
        return rows.exclude(reservation=row).exists()

    @rule(quarters=st.sampled_from([1, 2]))
    def wait(self, quarters: int) -> None:
        self.now += quarters * QUARTER
        self.clock.move_to(self.now)

    @invariant()
    def readers_tell_who_is_there(self) -> None:
        late = plain.late(self.venue, self.now)
        found = presence.past_end(self.venue.pk, self.now)
        assert {
            unit: one.reservation in late[unit] for unit, one in found.items()
        } == dict.fromkeys(late, True)
        for unit in self.venue.resources.all():
            told = presence.occupied_by(unit.pk, self.now)
            assert (told is not None) == (unit.pk in late)

    @invariant()
    def readers_call_taken_what_is_sold_or_occupied(self) -> None:
        taken = plain.sold(self.venue, self.now, now=self.now) | set(
            plain.inside(self.venue, self.now)
        )
        told = {
            one.unit.pk for one in spots.spots_of([self.venue], now=self.now) if not one.is_free
        }
        assert told == taken
        moment = Window(self.now, self.now + SECOND)
        venue = records.load_venue(self.venue.pk)
        plan = floor_plan.stand(venue, moment, now=self.now)
        busy = plain.free_from(self.venue, moment.start, moment.end, now=self.now)
        assert {one.unit.pk for one in plan if one.state == "free"} == busy
        (full,) = occupancy.over(venue, moment, None, now=self.now)
        assert full.taken == pytest.approx((UNITS - len(busy)) / UNITS, abs=1e-3)
        asked = Times(starts_at=moment.start, ends_at=moment.start + HOUR)
        (offer,) = offers.of_range(venue, asked, party=1, category=None, now=self.now).offers
        free = plain.free_from(self.venue, self.now, self.now + HOUR, now=self.now)
        assert {unit.pk for unit in offer.units} == free

    @invariant()
    def nobody_is_put_where_somebody_is(self) -> None:
        for pks in plain.inside(self.venue, self.now).values():
            assert len(pks) == 1 or set(pks) <= self.anyway

    @invariant()
    def no_time_is_sold_twice(self) -> None:
        assert list(overlaps()) == []
        live = Counter(
            row.reservation_id
            for row in Allocation.objects.filter(venue=self.venue, is_live=True)
            if row.starts_at <= self.now < row.ends_at
        )
        assert max(live.values(), default=1) == 1

    def _try(self, verb: Any, row: Reservation, **given: Any) -> Refusal | None:
        try:
            verb(reservation_id=row.pk, by=DESK, **given)
        except Refusal as refusal:
            return refusal
        return None


@pytest.mark.no_cover
def test_the_engine_gives_and_tells_what_plain_counting_does(
    frozen: FrozenDateTimeFactory,
) -> None:
    class AtThisClock(Desk):
        clock = frozen

    run_state_machine_as_test(
        AtThisClock,
        settings=settings(
            max_examples=examples(15),
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
