"""Holds confirmed within 50 ms of their end: confirmed or expired, never both, and as answered."""

import itertools
from datetime import timedelta
from time import sleep

import pytest

from reservations import actions, clock, sweeps
from reservations.errors import HoldExpired
from reservations.lifecycle import confirmations
from reservations.models import Event, Reservation
from reservations.status import Status
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.races import race
from tests.reservations.facts import DAY, told

pytestmark = pytest.mark.django_db(transaction=True)

RUNNERS, ROUNDS = 6, 3
EDGE = timedelta(milliseconds=50)
HOLD_TIME = timedelta(milliseconds=300)


def contradictions() -> list[str]:
    """What is both, or is told otherwise than it is."""
    found = []
    for row in Reservation.objects.all():
        names = Event.objects.filter(reservation=row).values_list("name", flat=True)
        ends = {"reservation.confirmed", "reservation.expired"} & set(names)
        if row.confirmed_at and row.expired_at:
            found.append(f"{row.pk} is both")
        if len(ends) != 1:
            found.append(f"{row.pk} is told as {ends}")
    return found


def test_confirmed_or_expired_never_both_and_the_answer_agrees() -> None:
    venue = make_venue(units=1, confirms_at_once=False, hold_time=HOLD_TIME)
    number = itertools.count()

    def confirm_at_the_edge() -> list[tuple[int, bool]]:
        answers = []
        for _ in range(ROUNDS):
            own = next(number)
            row = hold(venue, NOON + own * DAY)
            assert row.hold_expires_at is not None
            offset = EDGE * (own % 5 - 2) / 2
            sleep(max((row.hold_expires_at + offset - clock.now()).total_seconds(), 0))
            sweeps.expire_holds()
            try:
                actions.confirm(reservation_id=row.pk, by=DESK)
            except HoldExpired:
                answers.append((row.pk, False))
            else:
                answers.append((row.pk, True))
        return answers

    outcomes = race(RUNNERS, confirm_at_the_edge)
    sleep(HOLD_TIME.total_seconds())
    sweeps.expire_holds()
    answers = dict(pair for one in outcomes for pair in one)
    assert len(answers) == RUNNERS * ROUNDS
    for pk, is_confirmed in answers.items():
        row = Reservation.objects.get(pk=pk)
        assert (row.confirmed_at is not None) is is_confirmed
        assert (row.expired_at is None) is is_confirmed
    assert contradictions() == []


def test_a_slow_clock_that_trusts_itself_would_have_it_both_ways(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = hold(make_venue(confirms_at_once=False, hold_time=HOLD_TIME))
    assert row.hold_expires_at is not None
    with clock.at(row.hold_expires_at):
        sweeps.expire_holds()
    # What confirming asks under its lock, besides the clock.
    monkeypatch.setattr(confirmations, "has_its_time", lambda reservation: True)
    monkeypatch.setattr(Reservation, "status_at", lambda row, now: Status.HELD)
    with clock.at(row.hold_expires_at - EDGE):
        actions.confirm(reservation_id=row.pk, by=DESK)
    assert told(row) == ["created", "expired", "confirmed"]
    assert f"{row.pk} is both" in contradictions()
