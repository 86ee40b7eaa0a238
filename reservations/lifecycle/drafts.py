"""Drafts a reservation and its allocations before they are saved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from reservations import records
from reservations.allocation.ask import Ask, Placement
from reservations.event_types import CONFIRMED, CREATED, EventType
from reservations.lifecycle.prepayment import gate
from reservations.models import Allocation, Reservation
from reservations.pricing import due_now, offered, payment_terms, quotes, terms
from reservations.pricing.promises import Promised, promised_by
from reservations.pricing.quotes import Wanted
from reservations.pricing.terms import charges_today
from reservations.requests import Booking
from reservations.rules import guest_fields, languages, local_promises, parties, plates
from venues import catalogue
from venues.hours import Window
from venues.models import Category


def reservation(
    booking: Booking,
    details: Mapping[str, str | bool],
    *,
    ask: Ask,
    category: Category,
    now: datetime,
) -> Reservation:
    """The unsaved row of a new reservation, held or confirmed as the policy says.

    A guest who stands at the desk is not asked to confirm.
    `now` (UTC) becomes `created_at`. Raises QuoteExpired or Invalid.
    """
    venue, by, policy = ask.venue, ask.by, ask.venue.policy
    row = Reservation(
        venue=venue,
        category=category,
        guest_id=ask.owner,
        partner=by.partner or "",
        guest_count=booking.guest_count,
        children=list(booking.children) or None,
        reference=booking.reference or None,
        metadata=dict(booking.metadata) or None,
        is_arrival_assumed=not policy.records_arrival,
        is_departure_assumed=not policy.records_departure,
        is_no_show_released=policy.releases_no_shows,
        currency=venue.currency,
        created_at=now,
        language=booking.language or languages.of_venue(venue),
        plate_key=plates.key_of(booking.vehicle_plate),
        **guest_fields.extras_of(booking),
        **details,
    )
    row.search_text = row.searched_by()
    _price(row, booking, ask, category)
    if by.limits_apply_at(venue.pk) and records.counts_by_address(row):
        row.held_from = by.origin or None
    return row


def _price(row: Reservation, booking: Booking, ask: Ask, category: Category) -> None:
    """Sets price, terms, what is asked now, and whether the reservation is confirmed at once.

    Raises QuoteExpired, or Invalid for an extra that is not sold here.
    """
    venue, now, party, is_of_partner = ask.venue, row.created_at, parties.of(row), bool(row.partner)
    sold = charges_today(venue, ask.window, booking.extras, is_of_partner=is_of_partner)
    price = usual = offered.price_with(venue, category, ask.window, sold, party)
    if booking.quote:
        wanted = Wanted(category, ask.window, party, booking.extras)
        price = quotes.honour(booking.quote, venue, wanted, now=now, is_of_partner=is_of_partner)
    promised = promised_by(venue, category, ask.window)
    row.tariff = terms.booked(
        venue,
        category,
        ask.window,
        promised=promised,
        sold=sold,
        party=party,
        usual_minor=usual,
        price_minor=price,
    )
    row.price_minor, row.due_now_minor = price, promised.asked.due_now(price)
    row.asks_guarantee = promised.asked.is_guarantee
    if booking.is_walk_in:
        # They pay at the desk.
        due_now.set_aside(row)
    is_held = gate.opens_held(row, by=ask.by, is_override=ask.is_override)
    if booking.is_walk_in or (venue.policy.confirms_at_once and not is_held):
        row.confirmed_at = now
    else:
        # `promise` bounds it by the grace.
        row.hold_expires_at = now + venue.policy.hold_time
    promise(row, promised, ask.window, price, now=now, zone=_zone_of(ask))


def promise(
    row: Reservation,
    promised: Promised,
    window: Window,
    price_minor: int,
    *,
    now: datetime,
    zone: ZoneInfo | None = None,
) -> None:
    """Sets the fields named in PROMISED for this range and price (minor units). Does not save.

    `no_show_at` becomes None where the venue does not record arrivals. For a range that has begun
    by `now`, such as tonight's, the grace counts from `now`. A hold ends at the latest when its
    guest would count as a no-show. Local times are those of `zone`, by default of the promise
    before, else of the venue.
    """
    row.starts_at, row.ends_at = window.start, window.end
    before = row.promised_local
    zone = zone or (local_promises.zone_of(before) if before else row.venue.zone)
    row.promised_local = local_promises.told(window, zone)
    row.no_show_at = (
        None if row.is_arrival_assumed else min(max(window.start, now) + promised.grace, window.end)
    )
    if not row.confirmed_at and row.hold_expires_at:
        row.hold_expires_at = min(row.hold_expires_at, _last_hold(row, now))
    row.cancel_free_until = window.start - promised.deadline
    set_price(row, promised, price_minor)


def promise_again(
    row: Reservation,
    promised: Promised,
    window: Window,
    price_minor: int,
    *,
    now: datetime,
    zone: ZoneInfo | None = None,
) -> None:
    """Sets those fields named in PROMISED that a change of range or price touches.

    `promised` is the policy as it was promised. Instants that depend on the start alone stay as
    they are while the start stays. Does not save.
    """
    if window.start != row.starts_at:
        promise(row, promised, window, price_minor, now=now, zone=zone)
        return
    if row.no_show_at is not None and window.end != row.ends_at:
        awaited_until = row.no_show_at
        if awaited_until == row.ends_at:
            # It was cut off at the old end.
            awaited_until = max(awaited_until, window.start + promised.grace)
        row.no_show_at = min(awaited_until, window.end)
    if window.end != row.ends_at and row.promised_local:
        row.promised_local = local_promises.ending(row.promised_local, window.end)
    row.ends_at = window.end
    if not row.confirmed_at and row.hold_expires_at:
        row.hold_expires_at = min(row.hold_expires_at, _last_hold(row, now))
    if promised.deadline != (sold := terms.terms_of(row).promised).deadline:
        row.cancel_free_until = window.start - promised.deadline
    if price_minor != row.price_minor or promised != sold:
        set_price(row, promised, price_minor)


def set_price(row: Reservation, promised: Promised, price_minor: int) -> list[str]:
    """Sets the price and what follows from it as promised. Does not save.

    Returns the names of the fields.
    """
    row.due_now_minor = asked_after(row, promised, price_minor)
    row.asks_guarantee |= asks_card_after(row, promised)
    row.price_minor = price_minor
    row.cancel_fee_minor = price_minor * promised.fee_percent // 100
    return ["price_minor", "cancel_fee_minor", "due_now_minor", "asks_guarantee"]


def asked_after(row: Reservation, promised: Promised, price_minor: int) -> int:
    """What must be paid before confirming once the price is another, in minor units.

    What staff have set aside is asked no more, unless a change asks for something else.
    """
    sold = payment_terms.as_sold(row.tariff)
    is_set_aside = not row.due_now_minor and sold.due_now(row.price_minor) > 0
    if is_set_aside and promised.asked == sold:
        return 0
    return promised.asked.due_now(price_minor)


def asks_card_after(row: Reservation, promised: Promised) -> bool:
    """True where these terms ask for a stored card and those that were sold do not."""
    asked = promised.asked
    return asked.is_guarantee and asked != payment_terms.as_sold(row.tariff)


PROMISED = (
    "starts_at",
    "ends_at",
    "promised_local",
    "price_minor",
    "no_show_at",
    "hold_expires_at",
    "cancel_free_until",
    "cancel_fee_minor",
    "due_now_minor",
    "asks_guarantee",
)
"""The fields that `promise` sets."""


def hold_end(row: Reservation, now: datetime) -> datetime:
    """When a hold that begins at `now` (UTC) ends: after the hold time, or with the grace."""
    return min(now + row.venue.policy.hold_time, _last_hold(row, now))


def awaited_until(row: Reservation, now: datetime) -> datetime | None:
    """`no_show_at` of a reservation confirmed at `now`: a late one gets its whole grace from now.

    At most its end. None where the venue does not record arrivals.
    """
    if row.no_show_at is None:
        return None
    return max(row.no_show_at, min(now + row.venue.policy.grace, row.ends_at))


def _last_hold(row: Reservation, now: datetime) -> datetime:
    """The latest end of a hold; for one that begins after its grace, the end of its range."""
    awaited = row.no_show_at
    return awaited if awaited is not None and awaited > now else max(row.ends_at, now)


def _zone_of(ask: Ask) -> ZoneInfo:
    """The zone of the unit that is asked for, such as a provider's own, else the venue's."""
    unit = catalogue.units_by_id(ask.venue).get(ask.resource or 0)
    return unit.zone if unit is not None and unit.time_zone else ask.venue.zone


def events_of(row: Reservation) -> list[EventType[Any]]:
    """The types of the events to record when the draft is saved, in the order of their ids."""
    return [CREATED, CONFIRMED] if row.confirmed_at else [CREATED]


def allocations(row: Reservation, placement: Placement, taken: Window) -> list[Allocation]:
    """The unsaved allocations of a reservation, one for each unit, of the range taken there."""
    return [
        Allocation(
            venue_id=row.venue_id,
            resource=unit,
            reservation=row,
            starts_at=taken.start,
            ends_at=taken.end,
            is_locked=placement.is_locked,
            lapses_at=lapses_at(row),
        )
        for unit in placement.units
    ]


def lapses_at(row: Reservation) -> datetime | None:
    """The instant (UTC) at which others may take the reservation's time; None when it keeps it.

    A hold lapses at `hold_expires_at`, and a guest who is awaited at `no_show_at` where the policy
    releases no-shows.
    """
    if not row.confirmed_at:
        return row.hold_expires_at
    is_awaited = row.is_no_show_released and not row.checked_in_at
    return row.no_show_at if is_awaited else None
