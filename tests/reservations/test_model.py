"""Whatever is done in whatever order, the engine says what a model of a few lines says."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from reservations import actions
from reservations.errors import HeldByOther, HoldExpired, Refusal, Taken, WrongStatus
from reservations.models import Allocation, Reservation
from reservations.requests import Change, Times
from reservations.status import Status
from tests.effort import examples
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, status

pytestmark = pytest.mark.django_db

UNITS = 2
HOLD_TIME = timedelta(minutes=30)
STARTS = st.integers(0, 7).map(lambda hour: NOON + hour * HOUR)
LENGTHS = st.integers(1, 4)


@dataclass
class Booked:
    """What the model knows of one reservation."""

    pk: int
    start: datetime
    end: datetime
    lapses_at: datetime | None
    is_cancelled: bool = False

    def takes_time(self, now: datetime) -> bool:
        return not self.is_cancelled and (self.lapses_at is None or now < self.lapses_at)

    def status(self, now: datetime) -> Status:
        if self.is_cancelled:
            return Status.CANCELLED
        if self.lapses_at is None:
            return Status.UPCOMING
        return Status.HELD if now < self.lapses_at else Status.EXPIRED


class Desk(RuleBasedStateMachine):
    """Somebody at a desk of like units, before any guest comes."""

    clock: FrozenDateTimeFactory
    every = Bundle("every")

    def __init__(self) -> None:
        super().__init__()
        self.clock.move_to(NOON - DAY)
        self.now = NOON - DAY
        self.venue = make_venue(units=UNITS, confirms_at_once=False, hold_time=HOLD_TIME)
        self.booked: list[Booked] = []

    def fits(self, start: datetime, end: datetime, but: Booked | None = None) -> bool:
        """Whether fewer than all units are taken at every hour of the range."""
        taking = [one for one in self.booked if one is not but and one.takes_time(self.now)]
        hours = (start + count * HOUR for count in range((end - start) // HOUR))
        return all(sum(one.start <= hour < one.end for one in taking) < UNITS for hour in hours)

    @rule(target=every, start=STARTS, hours=LENGTHS)
    def hold(self, start: datetime, hours: int) -> Booked | None:
        fits = self.fits(start, start + hours * HOUR)
        try:
            row = hold(self.venue, start, hours)
        except (Taken, HeldByOther):
            assert not fits
            return None
        assert fits
        booked = Booked(row.pk, start, start + hours * HOUR, self.now + HOLD_TIME)
        self.booked.append(booked)
        return booked

    @rule(one=every)
    def confirm(self, one: Booked | None) -> None:
        if one is None:
            return
        can = one.takes_time(self.now)
        refusal = self._attempt(actions.confirm, one)
        assert can == (refusal is None)
        assert can or isinstance(refusal, WrongStatus if one.is_cancelled else HoldExpired)
        one.lapses_at = None if can else one.lapses_at

    @rule(one=every)
    def cancel(self, one: Booked | None) -> None:
        if one is None:
            return
        can = one.takes_time(self.now) or one.is_cancelled
        assert can == (self._attempt(actions.cancel, one) is None)
        one.is_cancelled = one.is_cancelled or can

    @rule(one=every, start=STARTS, hours=LENGTHS)
    def move(self, one: Booked | None, start: datetime, hours: int) -> None:
        if one is None or (start, start + hours * HOUR) == (one.start, one.end):
            return
        end = start + hours * HOUR
        can = one.takes_time(self.now) and self.fits(start, end, but=one)
        change = Change(times=Times(starts_at=start, ends_at=end))
        assert can == (self._attempt(actions.modify, one, change=change) is None)
        if can:
            one.start, one.end = start, end

    @rule(minutes=st.sampled_from([1, 10, 29, 30, 31]))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.clock.move_to(self.now)

    @rule(one=consumes(every))
    def forget(self, one: Booked | None) -> None:
        """Leave it be, so that others are drawn more often."""

    @invariant()
    def every_status_is_what_the_model_says(self) -> None:
        for one in self.booked:
            assert status(Reservation(pk=one.pk), self.now) == one.status(self.now)

    @invariant()
    def no_unit_is_taken_twice(self) -> None:
        last: dict[int, datetime] = {}
        rows = Allocation.objects.filter(venue=self.venue).taking_time(at=self.now)
        for unit, start, end in rows.order_by("starts_at").values_list(
            "resource_id", "starts_at", "ends_at"
        ):
            assert last.get(unit, start) <= start
            last[unit] = end

    def _attempt(self, verb: Any, one: Booked, **given: Any) -> Refusal | None:
        try:
            verb(reservation_id=one.pk, by=DESK, **given)
        except Refusal as refusal:
            return refusal
        return None


@pytest.mark.no_cover
def test_the_engine_does_as_the_model_does(frozen: FrozenDateTimeFactory) -> None:
    class AtThisClock(Desk):
        clock = frozen

    run_state_machine_as_test(
        AtThisClock,
        settings=settings(
            max_examples=examples(15),
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
        ),
    )
