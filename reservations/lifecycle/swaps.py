"""Swaps the units of two stays, in one act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, events, records
from reservations.allocation import lapses, ledger, presence
from reservations.allocation.ledger import Span, live
from reservations.errors import Invalid, NotFound, PartyTooLarge, WrongStatus
from reservations.event_types import SWAPPED
from reservations.lifecycle import drafts, modifications
from reservations.models import Allocation, Reservation
from reservations.pricing import changed_prices
from reservations.records import look
from reservations.requests import Reprice
from reservations.rules import differences, permissions
from reservations.rules.categories import priced_as
from reservations.rules.taken_ranges import taken_range
from reservations.status import Status
from reservations.transactions import Restart
from venues.hours import Window
from venues.models import Resource, Venue

PAIR = 2
"""Stays that one swap is about."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two stays, its row, the unit it leaves and the unit it gets."""

    reservation: Reservation
    row: Allocation
    old: Resource
    new: Resource


def swap(
    slug: str,
    reservations: Sequence[int],
    *,
    reason: str,
    by: Caller,
    reprice: Reprice = Reprice.KEEP,
) -> tuple[Reservation, Reservation]:
    """Gives each of two stays the unit of the other, and fixes both.

    Prices stay as they are, unless `reprice` says otherwise of what another category costs. A guest
    who is here moves from now on. Staff of the venue only. Assumes a transaction. Returns the two
    in the order given. Raises Invalid, NotFound, WrongStatus, PartyTooLarge, Taken or HeldByOther
    when others have the time, Occupied when a third guest is still in a unit.
    """
    venue = records.find_venue(slug)
    permissions.judge_staff(venue.pk, by)
    if not reason.strip():
        raise Invalid("reason", gettext("Say why."))
    if len(set(reservations)) != PAIR:
        raise Invalid("reservations", gettext("Give two different reservations."))
    seen = [look(pk, by=by) for pk in reservations]
    if any(one.venue_id != venue.pk for one in seen):
        raise NotFound(gettext("There is no such reservation."))
    units = {unit.pk: unit for unit in ledger.lock_units(_units_of(seen))}
    now = clock.now()
    _release_lapsed(units, seen, now)
    rows = {row.pk: row for row in ledger.lock_reservations(reservations)}
    first, second = (_row_of(rows[pk], now) for pk in reservations)
    if {first.resource_id, second.resource_id} - units.keys():
        # Re-seated while this waited for the locks.
        raise Restart
    if first.resource_id == second.resource_id:
        raise Invalid("reservations", gettext("Both have the same unit."))
    one, other = units[first.resource_id], units[second.resource_id]
    sides = (
        _Side(rows[reservations[0]], first, one, other),
        _Side(rows[reservations[1]], second, other, one),
    )
    before = [differences.of(side.reservation) for side in sides]
    _exchange(venue, sides, now)
    codes = [side.reservation.code for side in reversed(sides)]
    for side, told, code in zip(sides, before, codes, strict=True):
        _settle(side, venue, reprice, now)
        swapped = SWAPPED(
            {
                "from": side.old.name,
                "to": side.new.name,
                "with": code,
                "reason": reason.strip(),
                "changed": differences.since(told, side.reservation),
            }
        )
        events.record(side.reservation, swapped, at=now, by=by)
    return sides[0].reservation, sides[1].reservation


def _units_of(seen: Sequence[Reservation]) -> set[int]:
    return {row.resource_id for one in seen for row in live(one)}


def _row_of(reservation: Reservation, now: datetime) -> Allocation:
    """The one row of a locked stay that may move. Raises WrongStatus or Invalid."""
    status = reservation.status_at(now)
    if not modifications.may(reservation, now) or reservation.ends_at <= now:
        raise WrongStatus(
            gettext("Reservation %(code)s is %(status)s and cannot change units.")
            % {"code": reservation.code, "status": status.word}
            if status is not Status.PRESENT
            else gettext("The time of reservation %(code)s is over. Extend it first.")
            % {"code": reservation.code}
        )
    rows = list(live(reservation))
    if len(rows) != 1:
        raise Invalid(
            "reservations",
            gettext("Reservation %(code)s does not have one unit. Move it instead.")
            % {"code": reservation.code},
        )
    return rows[0]


def _release_lapsed(units: dict[int, Resource], seen: Sequence[Reservation], now: datetime) -> None:
    """Frees lapsed time of others in the ranges of the two."""
    start, end = min(one.starts_at for one in seen), max(one.ends_at for one in seen)
    taken = taken_range(seen[0].venue.policy, Window(start, end))
    span = Span(start=taken.start, end=taken.end, now=now)
    ids = lapses.lapsed_ids(units.keys(), span) - {one.pk for one in seen}
    lapses.release(ledger.lock_reservations(ids), now=now)


def _exchange(venue: Venue, sides: tuple[_Side, _Side], now: datetime) -> None:
    """Moves both rows. Everybody leaves first: the constraint is checked row by row."""
    own = {side.reservation.pk for side in sides}
    here = {
        one.unit: one for one in presence.past_end_at([venue.pk], now) if one.reservation not in own
    }
    for side in sides:
        _judge(side, own, now)
        if _from(side, now) <= now and side.new.pk in here:
            raise presence.refusal(here[side.new.pk], side.new)
    Allocation.objects.filter(pk__in=[side.row.pk for side in sides]).update(is_live=False)
    for side in sides:
        start = _from(side, now)
        if side.row.starts_at < start:
            # The part of the stay that is over stays on the old unit.
            Allocation.objects.filter(pk=side.row.pk).update(is_live=True, ends_at=start)
    for side in sides:
        _arrive(side, _from(side, now))


def _arrive(side: _Side, start: datetime) -> None:
    row, has_begun = side.row, side.row.starts_at < start
    row.resource, row.starts_at = side.new, start
    row.is_live = row.is_locked = True
    if has_begun:
        row.pk = None
        ledger.take(row)
    else:
        row.save(update_fields=["resource", "is_live", "is_locked"])


def _from(side: _Side, now: datetime) -> datetime:
    """The instant (UTC) from which the stay has its new unit."""
    return max(side.row.starts_at, now)


def _judge(side: _Side, own: set[int], now: datetime) -> None:
    """Raises PartyTooLarge, Taken or HeldByOther where the new unit does not do."""
    if side.new.capacity < side.reservation.guest_count:
        raise PartyTooLarge(
            gettext("%(unit)s takes a party of at most %(capacity)s. Choose a larger unit.")
            % {"unit": side.new.name, "capacity": side.new.capacity}
        )
    span = Span(start=_from(side, now), end=side.row.ends_at, now=now)
    rows = ledger.taken_rows([side.new.pk], span)
    others = [row for row in rows if row.reservation_id not in own]
    if others:
        raise ledger.refusal_for(others)


def _settle(side: _Side, venue: Venue, reprice: Reprice, now: datetime) -> None:
    """Saves the category of the new unit and, unless it is kept, the price."""
    row, category = side.reservation, priced_as(venue, [side.new])
    fields = ["category"]
    if reprice is not Reprice.KEEP:
        window = Window(row.starts_at, row.ends_at)
        cut_at = now if row.checked_in_at else None
        priced = changed_prices.reprice(
            row, venue, category, window, how=reprice, cut_at=cut_at, units=[side.old.pk]
        )
        promised = priced.terms.promised
        drafts.promise_again(row, promised, window, priced.price_minor, now=now)
        row.tariff = priced.terms.to_json()
        fields += ["tariff", *drafts.PROMISED]
    row.category = category
    records.save(row, *fields)
