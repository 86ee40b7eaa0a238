"""How a reservation is changed: details as they are, time judged like a new booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guests.callers import Caller
from reservations import allocation, clock, drafting, events, judging, placing
from reservations.errors import ChangedMeanwhile, HoldExpired, WrongStatus
from reservations.finding import has_its_time, live, locked, look, save
from reservations.models import Reservation
from reservations.placing import Ask, Placement
from reservations.requests import Change, Times
from reservations.status import Status
from reservations.transactions import Restart
from venues.hours import Window
from venues.models import Category, Resource, Venue

ACTIVE = (Status.HELD, Status.UPCOMING, Status.PRESENT)


def change(reservation_id: int, wish: Change, *, by: Caller) -> Reservation:
    """Carry out a wish inside a transaction; a refusal leaves everything as it was."""
    takes_time = (wish.times, wish.category, wish.resource, wish.guest_count) != (None,) * 4
    if takes_time:
        return _change_time(reservation_id, wish, by=by)
    reservation = locked(reservation_id, by=by)
    _judge(reservation, wish, clock.now())
    return _write(reservation, wish, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A reservation as it was before any lock, and what it was found to take."""

    reservation: Reservation
    units: frozenset[int]
    locked_unit: int | None


def _change_time(reservation_id: int, wish: Change, *, by: Caller) -> Reservation:
    seen = _look(reservation_id, by)
    ask = _ask(seen, wish, by)
    lapsed = _lock_for(ask, seen)
    rows = allocation.lock_reservations(lapsed | {reservation_id})
    others = [row for row in rows if row.pk != reservation_id]
    allocation.release(others, now=clock.now(), by=by)
    reservation = locked(reservation_id, by=by)
    if _taken(reservation) != seen.units:
        raise Restart
    _judge(reservation, wish, clock.now())
    live(reservation).update(is_live=False)
    placement = placing.place(ask, attempt=1)
    return _resettle(reservation, ask, placement, wish, by=by)


def _resettle(
    reservation: Reservation, ask: Ask, placement: Placement, wish: Change, *, by: Caller
) -> Reservation:
    before = {"starts_at": reservation.starts_at, "ends_at": reservation.ends_at}
    category = Category.objects.prefetch_related("rates").get(pk=placement.category_id)
    reservation.category = category
    reservation.guest_count = ask.party
    drafting.promise(
        reservation,
        ask.venue.policy,
        ask.window,
        drafting.price_of(ask.venue, category, ask.window),
    )
    is_present = reservation.checked_in_at is not None
    for draft in drafting.allocations(reservation, placement, ask.venue.policy):
        draft.is_locked = draft.is_locked or is_present
        if is_present and reservation.checked_in_at:
            # An early guest keeps the time they took before the start.
            draft.starts_at = min(draft.starts_at, reservation.checked_in_at)
        allocation.take(draft)
    moved = {name: value.isoformat() for name, value in before.items()}
    return _write(
        reservation, wish, "category", "guest_count", *drafting.PROMISED, by=by, before=moved
    )


def _write(
    reservation: Reservation,
    wish: Change,
    *fields: str,
    by: Caller,
    before: dict[str, str] | None = None,
) -> Reservation:
    region = reservation.venue.phone_region
    details = drafting.read_details(wish.details or {}, region)
    for name, value in details.items():
        setattr(reservation, name, value)
    save(reservation, *fields, *details)
    changed = sorted({*fields, *details})
    facts: dict[str, Any] = {"changed": changed} | ({"before": before} if before else {})
    if wish.override_reason:
        facts["override_reason"] = wish.override_reason
    events.record(reservation, "reservation.modified", at=clock.now(), by=by, data=facts)
    return reservation


def _look(reservation_id: int, by: Caller) -> _Seen:
    reservation = look(reservation_id, by=by)
    rows = list(live(reservation))
    fixed = [row.resource_id for row in rows if row.is_locked]
    return _Seen(
        reservation=reservation,
        units=frozenset(row.resource_id for row in rows),
        # A combination is chosen anew; a single promised unit stays the promised one.
        locked_unit=fixed[0] if len(fixed) == 1 else None,
    )


def _ask(seen: _Seen, wish: Change, by: Caller) -> Ask:
    reservation, now = seen.reservation, clock.now()
    venue = judging.load_venue(reservation.venue_id)
    window = Window(reservation.starts_at, reservation.ends_at)
    if wish.times is not None:
        window = judging.resolve(venue, _merged(wish.times, reservation, venue))
    is_override = judging.may_override(venue.pk, wish.override_reason, by)
    is_same_time = window == Window(reservation.starts_at, reservation.ends_at)
    if not is_override:
        _judge_policy(reservation, venue, window, now, is_same_time=is_same_time)
        judging.judge_choice(venue, wish.resource)
    party = wish.guest_count or reservation.guest_count
    resource = wish.resource
    if resource is None and wish.category is None:
        resource = seen.locked_unit
    return Ask(
        venue=venue,
        window=window,
        party=party,
        resource=resource,
        categories=_categories(reservation, wish, venue, window, party),
        now=now,
        by=by,
        # Hours are judged for a time that is asked for, not for one that was sold before.
        is_override=is_override or (is_same_time and wish.resource is None),
        prefer=seen.units,
    )


def _merged(times: Times, reservation: Reservation, venue: Venue) -> Times:
    """The times asked for, what is left out taken from the reservation as it is."""
    zone = venue.zone
    if venue.mode == Venue.Mode.NIGHT:
        return Times(
            starts_at=times.starts_at,
            ends_at=times.ends_at,
            check_in=times.check_in
            or (None if times.starts_at else reservation.starts_at.astimezone(zone).date()),
            check_out=times.check_out
            or (None if times.ends_at else reservation.ends_at.astimezone(zone).date()),
        )
    if times.starts_at is not None and times.ends_at is None:
        # A new start alone moves the whole range.
        length = reservation.ends_at - reservation.starts_at
        return Times(starts_at=times.starts_at, ends_at=times.starts_at + length)
    return Times(starts_at=times.starts_at or reservation.starts_at, ends_at=times.ends_at)


def _judge_policy(
    reservation: Reservation, venue: Venue, window: Window, now: datetime, *, is_same_time: bool
) -> None:
    if is_same_time:
        return
    if reservation.status_at(now) is Status.PRESENT:
        if window.start != reservation.starts_at:
            raise WrongStatus("The guest is here: only the end can change.")
        judging.judge_length(venue, window)
        return
    judging.judge_policy(venue, window, now)


def _categories(
    reservation: Reservation, wish: Change, venue: Venue, window: Window, party: int
) -> Sequence[Category]:
    if wish.category is None:
        return [reservation.category]
    return drafting.categories_for(venue, wish.category, party, window)


def _lock_for(ask: Ask, seen: _Seen) -> set[int]:
    """Lock old and new units in one go, in id order; returns the reservations lapsed on them."""
    ids = set(seen.units)
    if ask.resource is not None:
        ids.add(ask.resource)
    else:
        categories = [category.pk for category in ask.categories]
        pool = Resource.objects.filter(category_id__in=categories, retired_at__isnull=True)
        ids.update(pool.values_list("pk", flat=True))
    allocation.lock_units(ids)
    return allocation.lapsed_ids(ids, ask.locked().span) - {seen.reservation.pk}


def _taken(reservation: Reservation) -> frozenset[int]:
    return frozenset(live(reservation).values_list("resource_id", flat=True))


def _judge(reservation: Reservation, wish: Change, now: datetime) -> None:
    if wish.version is not None and reservation.version != wish.version:
        raise ChangedMeanwhile
    match reservation.status_at(now):
        case Status.EXPIRED:
            raise HoldExpired
        case Status.HELD if not has_its_time(reservation):
            raise HoldExpired
        case status if status not in ACTIVE:
            raise WrongStatus(f"A reservation that is {status.word} cannot be changed.")
