"""Modifies a stay that has begun: its end, its party, or its unit from now on."""

from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, records
from reservations.allocation import lapses, ledger
from reservations.allocation.ask import Ask
from reservations.allocation.ledger import Span, live
from reservations.allocation.placement import place
from reservations.errors import Invalid, PartyTooLarge, WrongStatus
from reservations.lifecycle import changes, drafts
from reservations.models import Reservation
from reservations.pricing import settlement
from reservations.records import locked
from reservations.requests import Change
from reservations.rules import booking_window, permissions
from reservations.rules.categories import categories_for, category_of
from reservations.status import Status
from reservations.transactions import Restart
from venues import prices
from venues.hours import Window
from venues.models import Category, Resource, Venue


def change(looked: Reservation, wish: Change, *, by: Caller) -> Reservation:
    """Changes the end, the party, or from now on the unit, of a guest who is present.

    `looked` is the reservation as read without a lock. Assumes a transaction and locks units first.
    Raises a Refusal, or Restart when the reservation changed before its lock.
    """
    venue = records.load_venue(looked.venue_id)
    window = changes.wished_window(looked, wish, venue)
    _judge(looked, wish, venue, window, by)
    before = changes.units_of(looked)
    category = _category(looked, wish, venue, window)
    # A change that names a category but no unit asks for another unit of it.
    moves = wish.category is not None if wish.resource is None else wish.resource not in before
    if not (moves or wish.override_reason):
        _judge_party(wish, before)
    units = before | (_candidates(wish, category) if moves else frozenset())
    _lock(units, window, own=looked.pk)
    reservation = locked(looked.pk, by=by)
    if changes.judge(reservation, wish) is not Status.PRESENT:
        raise Restart
    if changes.has_moved(reservation, looked, before):
        raise Restart
    if moves:
        category = _move(reservation, _elsewhere(reservation, wish, category, window.end, by=by))
    else:
        _extend(reservation, venue, window)
    return _settle(reservation, wish, category, window, by=by)


def _settle(
    reservation: Reservation, wish: Change, category: Category, window: Window, *, by: Caller
) -> Reservation:
    venue, sold, price = reservation.venue, changes.range_of(reservation), reservation.price_minor
    if sold != window or category != reservation.category:
        price = prices.price_of(venue, category, window)
        reservation.tariff = settlement.tariff(venue, category, window)
    reservation.category = category
    reservation.guest_count = wish.guest_count or reservation.guest_count
    drafts.promise(reservation, venue.policy, window, price)
    fields = ("category", "guest_count", "tariff", *drafts.PROMISED)
    return changes.write(reservation, wish, *fields, by=by, before=sold)


def _judge(
    reservation: Reservation, wish: Change, venue: Venue, window: Window, by: Caller
) -> None:
    if window.start != reservation.starts_at:
        raise WrongStatus(
            gettext("The guest is in house. You can change only the end, the party and the unit.")
        )
    _judge_end(window.end, clock.now())
    if permissions.may_override(venue.pk, wish.override_reason, by):
        return
    booking_window.judge_choice(venue, wish.resource)
    if window.end > reservation.ends_at:
        booking_window.judge_length(venue, window)
        for unit in Resource.objects.filter(pk__in=changes.units_of(reservation)):
            unit.venue = venue
            booking_window.judge_hours(venue, window, unit)


def _judge_end(end: datetime, now: datetime) -> None:
    """Raises Invalid when the end has passed. Call it after each wait for a lock too."""
    if end <= now:
        raise Invalid(
            "ends_at", gettext("The end must be in the future. To end the stay now, check out.")
        )


def _judge_party(wish: Change, units: frozenset[int]) -> None:
    for unit in Resource.objects.filter(pk__in=units):
        # The capacity of a combination was judged when the guest got it.
        if len(units) == 1 and unit.capacity < (wish.guest_count or 0):
            raise PartyTooLarge(
                gettext("%(unit)s takes a party of at most %(capacity)s. Choose a larger unit.")
                % {"unit": unit.name, "capacity": unit.capacity}
            )


def _category(reservation: Reservation, wish: Change, venue: Venue, window: Window) -> Category:
    if wish.category is None:
        return reservation.category
    party = wish.guest_count or reservation.guest_count
    return categories_for(venue, wish.category, party, window)[0]


def _candidates(wish: Change, category: Category) -> frozenset[int]:
    if wish.resource is not None:
        return frozenset([wish.resource])
    pool = category.resources.filter(retired_at__isnull=True)
    return frozenset(pool.values_list("pk", flat=True))


def _lock(units: frozenset[int], window: Window, *, own: int) -> None:
    ledger.lock_units(units)
    now = clock.now()
    _judge_end(window.end, now)
    ids = lapses.lapsed_ids(units, Span(start=now, end=window.end, now=now)) - {own}
    rows = ledger.lock_reservations(ids | {own})
    lapses.release([row for row in rows if row.pk != own], now=now)


def _extend(reservation: Reservation, venue: Venue, window: Window) -> None:
    now, end = clock.now(), window.end + venue.policy.buffer_after
    rows = list(live(reservation))
    longer = [row for row in rows if row.ends_at < end]
    if longer:
        gap = Span(start=min(row.ends_at for row in longer), end=end, now=now)
        others = ledger.taken_rows([row.resource_id for row in longer], gap)
        in_the_way = [row for row in others if row.reservation_id != reservation.pk]
        if in_the_way:
            raise ledger.refusal_for(in_the_way)
    live(reservation).update(ends_at=end)


def _move(reservation: Reservation, ask: Ask) -> Category:
    ledger.truncate(live(reservation), at=ask.now)
    placement = place(ask)
    for draft in drafts.allocations(reservation, placement):
        draft.starts_at, draft.ends_at = ask.now, ask.span.end
        draft.is_locked, draft.lapses_at = True, None
        ledger.take(draft)
    return category_of(ask.venue, placement.units[0])


def _elsewhere(
    reservation: Reservation, wish: Change, category: Category, end: datetime, *, by: Caller
) -> Ask:
    now = clock.now()
    _judge_end(end, now)
    return Ask(
        venue=records.load_venue(reservation.venue_id),
        window=Window(now, end),
        party=wish.guest_count or reservation.guest_count,
        resource=wish.resource,
        categories=[category],
        now=now,
        by=by,
        is_override=bool(wish.override_reason),
        hours_hold=True,
    )
