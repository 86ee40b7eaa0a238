"""Drafts a reservation and its allocations before they are saved."""

from collections.abc import Mapping
from datetime import datetime

from reservations import records
from reservations.allocation.ask import Ask, Placement
from reservations.event_types import CONFIRMED, CREATED, BookedData, EventType
from reservations.models import Allocation, Reservation
from reservations.pricing import quotes, settlement
from reservations.requests import Booking
from reservations.rules import guest_fields
from venues.hours import Window
from venues.models import Category, Policy
from venues.prices import price_of


def reservation(
    booking: Booking,
    details: Mapping[str, str | bool],
    *,
    ask: Ask,
    category: Category,
    now: datetime,
) -> Reservation:
    """The unsaved row of a new reservation, held or confirmed as the policy says.

    `now` (UTC) becomes `created_at`. Raises QuoteExpired.
    """
    venue, by, policy = ask.venue, ask.by, ask.venue.policy
    row = Reservation(
        venue=venue,
        category=category,
        guest_id=ask.owner,
        partner=by.partner or "",
        guest_count=booking.guest_count,
        is_arrival_assumed=not policy.records_arrival,
        is_departure_assumed=not policy.records_departure,
        is_no_show_released=policy.releases_no_shows,
        currency=venue.currency,
        created_at=now,
        **guest_fields.extras_of(booking),
        **details,
    )
    if policy.confirms_at_once:
        row.confirmed_at = now
    else:
        row.hold_expires_at = now + policy.hold_time
    price = price_of(venue, category, ask.window)
    if booking.quote:
        price = quotes.honour(booking.quote, venue, category, ask.window, ask.party, now=now)
    row.tariff = settlement.tariff(venue, category, ask.window)
    promise(row, policy, ask.window, price)
    if by.limits_apply_at(venue.pk) and records.counts_by_address(row):
        row.held_from = by.origin or None
    return row


def promise(row: Reservation, policy: Policy, window: Window, price_minor: int) -> None:
    """Sets the fields named in PROMISED for this range and price (minor units). Does not save.

    `no_show_at` becomes None where the venue does not record arrivals.
    """
    row.starts_at, row.ends_at = window.start, window.end
    row.price_minor = price_minor
    row.no_show_at = (
        min(window.start + policy.grace, window.end) if policy.records_arrival else None
    )
    row.cancel_free_until = window.start - policy.cancel_deadline
    row.cancel_fee_minor = price_minor * policy.cancel_fee_percent // 100


PROMISED = (
    "starts_at",
    "ends_at",
    "price_minor",
    "no_show_at",
    "cancel_free_until",
    "cancel_fee_minor",
)
"""The fields that `promise` sets."""


def events_of(row: Reservation) -> list[EventType[BookedData]]:
    """The types of the events to record when the draft is saved, in the order of their ids."""
    return [CREATED, CONFIRMED] if row.confirmed_at else [CREATED]


def allocations(row: Reservation, placement: Placement) -> list[Allocation]:
    """The unsaved allocations of a reservation, one for each unit, buffers included, in UTC."""
    policy = row.venue.policy
    return [
        Allocation(
            venue_id=row.venue_id,
            resource=unit,
            reservation=row,
            starts_at=row.starts_at - policy.buffer_before,
            ends_at=row.ends_at + policy.buffer_after,
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
