"""Venues with a random past, made by the verbs themselves, and what a booking would come to."""

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.db import transaction
from freezegun.api import FrozenDateTimeFactory

from guests.callers import Caller
from reservations import actions
from reservations.errors import Refusal
from reservations.inventory import closures
from reservations.lifecycle import group_holds, holds, modifications
from reservations.models import Reservation
from reservations.requests import Booking, Change, Times
from tests.factories import DESK, NOON, add_category, booking, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE
from venues.hours import Window
from venues.models import Combination, Venue

HALF = 30 * MINUTE


def comes_to(wish: Booking, *, by: Caller = DESK) -> Refusal | None:
    """What the engine would refuse the booking with just now; None where it would take it."""
    try:
        with transaction.atomic():
            holds.locked(wish, by=by)
            transaction.set_rollback(True)
    except Refusal as refusal:
        return refusal
    return None


def change_comes_to(row: Reservation, wish: Change) -> Refusal | None:
    """The same for a change of a reservation."""
    try:
        with transaction.atomic():
            modifications.modify(row.pk, wish, by=DESK)
            transaction.set_rollback(True)
    except Refusal as refusal:
        return refusal
    return None


def group_comes_to(wishes: list[Booking]) -> Refusal | None:
    """The same for a group."""
    try:
        with transaction.atomic():
            group_holds.hold_group(wishes, by=DESK, once=None)
            transaction.set_rollback(True)
    except Refusal as refusal:
        return refusal
    return None


def of_window(venue: Venue, window: Window, **fields: Any) -> Booking:
    """A wish for exactly that window."""
    return booking(venue, times=Times(starts_at=window.start, ends_at=window.end), **fields)


def moments(seed: int, clock: FrozenDateTimeFactory) -> Iterator[tuple[Venue, Window, int]]:
    """A venue at some moments of an eventful day, each time with a range and a party to try."""
    dice = random.Random(seed)
    venue = _venue(dice)
    clock.move_to(NOON - DAY)
    for _ in range(8):
        for _ in range(dice.randrange(1, 5)):
            with suppress(Refusal):
                _happen(venue, dice)
        clock.tick(dice.choice((MINUTE, 7 * MINUTE, 10 * MINUTE, 12 * HOUR, 25 * HOUR)) / 2)
        for _ in range(3):
            yield venue, _range(dice), dice.choice((1, 1, 2, 4, 8))


def _venue(dice: random.Random) -> Venue:
    venue = make_venue(
        "restaurant",
        units=dice.choice((1, 2, 3)),
        step=None,
        longest_stay=None,
        buffer_before=dice.choice((0, 0, 1)) * HALF,
        buffer_after=dice.choice((0, 0, 1)) * HALF,
        ranks_units=dice.random() < 0.5,
    )
    add_category(venue, "terrace", units=dice.choice((0, 1, 2)), capacity=2)
    pair = list(venue.resources.filter(category__code="standard").order_by("pk")[:2])
    if len(pair) > 1:
        category = pair[0].category
        joined = Combination.objects.create(venue=venue, category=category, name="", capacity=8)
        joined.resources.set(pair)
    return venue


def _happen(venue: Venue, dice: random.Random) -> None:
    """A booking, mostly; some are confirmed, cancelled, or here; sometimes a unit is closed."""
    window, units = _range(dice), list(venue.resources.order_by("pk"))
    code = dice.choice(("standard", "standard", "terrace"))
    match dice.randrange(8):
        case 0:
            closures.close(
                venue_id=venue.pk,
                resource_ids=[dice.choice(units).pk],
                window=window,
                reason="paint",
                by=DESK,
            )
        case 1:
            chosen = dice.choice(units).pk
            actions.hold(booking=of_window(venue, window, resource=chosen), by=DESK)
        case 2:
            row = dice.choice(list(Reservation.objects.order_by("pk")) or [None])
            if row is not None:
                actions.cancel(reservation_id=row.pk, by=DESK)
        case 3 | 4:
            actions.hold(booking=of_window(venue, window, category=code), by=DESK)
        case _:
            row = actions.hold(booking=of_window(venue, window, category=code), by=DESK)
            actions.confirm(reservation_id=row.pk, by=DESK)


def _range(dice: random.Random) -> Window:
    start = NOON + dice.randrange(16) * HALF
    return Window(start, start + dice.randrange(1, 9) * HALF)
