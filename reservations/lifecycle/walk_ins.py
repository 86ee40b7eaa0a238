"""Lets walk-ins in: placed from now on over all units that fit, and arrived, in one act."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events, idempotency, records
from reservations.allocation import ledger, presence, reseating, seating
from reservations.allocation.ask import Ask, Placement, asking
from reservations.allocation.candidates import open_units
from reservations.allocation.placement import place
from reservations.errors import (
    Closed,
    HeldByOther,
    Invalid,
    Occupied,
    PartyTooLarge,
    Refusal,
    Taken,
)
from reservations.event_types import CHECKED_IN, CREATED, CheckedInData, CreatedData
from reservations.idempotency import Once
from reservations.lifecycle import drafts, holds
from reservations.models import Reservation
from reservations.pricing import offered
from reservations.requests import Booking
from reservations.rules import booking_window, contact_details, modes, permissions
from reservations.rules.categories import (
    categories_named,
    categories_seating,
    pools_as_locked,
    priced_as,
)
from reservations.rules.taken_ranges import time_after
from reservations.transactions import Restart
from venues import catalogue, hours
from venues.hours import Window
from venues.models import Category, Resource, Venue

MOST_ENDS = 50
"""How many shorter stays are tried, latest end first, in each pool."""

_NO_ROOM = (Taken, HeldByOther, Occupied)


def walk_in(booking: Booking, *, by: Caller, once: Once | None) -> Reservation:
    """Places a guest from now until the end asked for, or for the usual time, and checks them in.

    Staff of the venue only. Steps, notice and length do not apply; opening hours do, without an
    override reason. Assumes a transaction. Raises Taken with `until` where a shorter stay would do,
    Closed with `until` where the opening ends before, another Refusal,
    guests.errors.ContactInvalid, or Repeated with the stored answer.
    """
    claimed = idempotency.claim(once)
    venue = records.find_venue(booking.venue)
    permissions.judge_staff(venue.pk, by)
    ask, sold = _ask(venue, booking, by)
    details = contact_details.read_details(
        asdict(booking.contact), venue.phone_region, may_lack_phone=True
    )
    with asking(ask):
        placement = _placed(ask, booking)
    if not catalogue.is_unchanged(venue):
        raise Restart
    made = _written(booking, details, placement, ask, sold)
    idempotency.store(claimed, once, made)
    return made


def _ask(venue: Venue, booking: Booking, by: Caller) -> tuple[Ask, Window]:
    """The ask for the time from now on, and the range that is sold."""
    now = clock.now()
    end = booking.times.check_out if modes.sells_nights(venue) else booking.times.ends_at
    if end is None and booking.times.ends_at is not None:
        end = booking.times.ends_at.astimezone(venue.zone).date()
    if isinstance(end, datetime) and end <= now:
        raise Invalid("ends_at", gettext("The end must be in the future."))
    sold = modes.resolve(venue, modes.walk_in(venue, None, end, now), now)
    if sold.end <= now:
        raise Invalid("ends_at", gettext("The end must be in the future."))
    booking_window.judge_pair(venue, booking.category, booking.resource)
    ask = Ask(
        venue=venue,
        window=Window(now, sold.end),
        party=booking.guest_count,
        resource=booking.resource,
        categories=_categories(venue, booking, sold) if booking.resource is None else [],
        now=now,
        by=by,
        owner=permissions.owner_of(booking, venue, by),
        is_override=permissions.may_override(venue.pk, booking.override_reason, by),
        is_between_steps=True,
        joins=True,
    )
    return ask, sold


def _categories(venue: Venue, booking: Booking, sold: Window) -> list[Category]:
    """The category named, or all that seat the party, cheapest first.

    Leaves out those on request unless named. Raises PartyTooLarge or NotFound.
    """
    if booking.category is not None:
        return categories_named(venue, booking.category)
    given = [one for one in venue.categories.all() if not one.is_on_request]
    fitting = categories_seating(given, booking.guest_count)
    return offered.cheapest_first(venue, fitting, sold, booking.guest_count)


def _placed(ask: Ask, booking: Booking) -> Placement:
    """The first place among the categories in their order. Raises the refusal of the first one."""
    units = _units(ask)
    # All at once, in order of id, since one category after the other would deadlock.
    ledger.lock_units(unit.pk for unit in units)
    ask = ask.locked()
    _judge_hours(ask, units)
    if ask.resource is not None:
        return _or_until(ask, units, [ask])
    asks = [replace(ask, categories=[category]) for category in ask.categories]
    return _or_until(ask, units, asks)


def _or_until(ask: Ask, units: Sequence[Resource], asks: Sequence[Ask]) -> Placement:
    refusals: list[Refusal] = []
    for one in asks:
        try:
            return place(one)
        except (*_NO_ROOM, PartyTooLarge) as refusal:
            refusals.append(refusal)
    full = [refusal for refusal in refusals if isinstance(refusal, _NO_ROOM)]
    until = _longest(ask, units)
    if until is not None:
        raise Taken(until=until) from refusals[0]
    raise (full or refusals)[0]


def _units(ask: Ask) -> list[Resource]:
    """The units in use of the ask's categories, or the one it names, with their venue."""
    if ask.resource is not None:
        named = catalogue.units_by_id(ask.venue).get(ask.resource)
        return [named] if named is not None else []
    by_name = catalogue.rates_by_unit(ask.venue)
    return [
        unit
        for category in ask.categories
        for unit in category.resources.all()
        if unit.retired_at is None and unit.id not in by_name
    ]


def _judge_hours(ask: Ask, units: Sequence[Resource]) -> None:
    """Raises Closed when the venue, or each of the units that seat the party, is closed."""
    if ask.is_override:
        return
    if not hours.opens_by_itself(ask.venue):
        booking_window.judge_open(ask.venue, ask.window)
        return
    closed: list[Closed] = []
    for unit in units:
        unit.venue = ask.venue
        try:
            booking_window.judge_open(ask.venue, ask.window, unit)
        except Closed as refusal:
            closed.append(refusal)
    if units and len(closed) == len(units):
        raise max(closed, key=lambda one: one.facts.get("until", ask.now))


def _longest(ask: Ask, units: Sequence[Resource]) -> datetime | None:
    """The latest end before the one asked for until which a unit could be had; None without one."""
    policy = ask.venue.policy
    here = presence.past_end(ask.venue.pk, ask.now)
    fitting = [unit for unit in units if unit.capacity >= ask.party]
    with suppress(Closed):
        fitting = open_units(ask, fitting)
    best: datetime | None = None
    for pool in pools_as_locked(ask.venue, fitting):
        ids = [unit.pk for unit in pool]
        seats = reseating.seated(ledger.taken_from(ids, ask.span.start, now=ask.now), ask.now)
        pins = presence.pins(here.values(), seats, ids, ask.now)
        starts = {seat.start for seat in seats if ask.span.start < seat.start < ask.span.end}
        for limit in sorted(starts, reverse=True)[:MOST_ENDS]:
            if best is not None and limit <= best:
                break
            if seating.reseat(ids, [*seats, *pins], ask.span.start, limit) is not None:
                best = limit
    if best is None:
        return None
    end = best - time_after(policy)
    if modes.sells_nights(ask.venue):
        end = modes.last_end(ask.venue, ask.window.start, end)
    shortest = policy.shortest_stay or booking_window.SHORTEST
    return end if end >= ask.now + shortest else None


def _written(
    booking: Booking,
    details: dict[str, str | bool],
    placement: Placement,
    ask: Ask,
    sold: Window,
) -> Reservation:
    now, begun = clock.now(), ask.window.start
    category = priced_as(ask.venue, placement.units)
    ask = replace(ask, window=sold)
    row = drafts.reservation(booking, details, ask=ask, category=category, now=now)
    row.confirmed_at = row.checked_in_at = now
    row.hold_expires_at = row.held_from = None
    fixed = replace(placement, is_locked=True)
    holds.save_on(row, fixed, ask, now=now, taken_from=begun)
    made: CreatedData = {"walk_in": True}
    if ask.is_override:
        made["override_reason"] = booking.override_reason
    here: CheckedInData = {"walk_in": True}
    events.record_many(
        events.draft(row, entry, at=now, by=ask.by) for entry in (CREATED(made), CHECKED_IN(here))
    )
    return row
