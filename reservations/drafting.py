"""A reservation's rows before they are saved: contact, prices, and the instants promised."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.conf import settings

from guests import accounts, emails, phones
from guests.callers import Caller
from guests.errors import Faults
from reservations import judging, quotes, tariffs
from reservations.errors import PartyTooLarge
from reservations.models import Allocation, Reservation
from reservations.placing import Ask, Placement
from reservations.requests import Booking
from venues import prices
from venues.hours import Window
from venues.models import Category, Policy, Resource, Venue


def read_details(
    details: Mapping[str, str | bool], region: str, *, may_lack_phone: bool = False
) -> dict[str, str | bool]:
    """Contact and other details in their stored form; national numbers are read for `region`.

    Raises ContactInvalid carrying every field that is wrong.
    """
    read = dict(details)
    faults = Faults()
    for field, value in details.items():
        with faults.gathered():
            match field:
                case "first_name" | "last_name":
                    read[field] = accounts.name(str(value), field)
                case "phone" if value or not may_lack_phone:
                    read[field] = phones.parse(str(value), region)
                case "email" if value:
                    read[field] = emails.parse(str(value))
    faults.raise_if_any()
    return read


def categories_for(venue: Venue, code: str | None, party: int, window: Window) -> list[Category]:
    """The category with that code, or else the cheapest that fit the party. Raises NotFound."""
    if code is not None:
        return judging.categories_named(venue, code)
    given = [category for category in venue.categories.all() if not category.is_on_request]
    fitting = [category for category in given if _seats(category, party)] or given
    priced = [(price_of(venue, category, window), category) for category in fitting]
    cheapest = min((price for price, _ in priced), default=0)
    return [category for price, category in priced if price == cheapest]


def those_seating(categories: Iterable[Category], party: int) -> list[Category]:
    """Those that seat the party, on one unit or several together. Raises PartyTooLarge."""
    found = [category for category in categories if _seats(category, party)]
    if not found:
        raise PartyTooLarge
    return found


def price_of(venue: Venue, category: Category, window: Window) -> int:
    """The price of a range in a category, in minor units of the venue's currency."""
    items = prices.itemise(list(category.rates.all()), window.start, window.end, venue.zone)
    return prices.total(items)


def reservation(
    booking: Booking,
    details: Mapping[str, str | bool],
    *,
    ask: Ask,
    category: Category,
    now: datetime,
) -> Reservation:
    """The row for a new reservation, held or confirmed as the policy says."""
    venue, by, policy = ask.venue, ask.by, ask.venue.policy
    row = Reservation(
        venue=venue,
        category=category,
        guest_id=owner_of(booking, venue, by),
        partner=by.partner or "",
        guest_count=booking.guest_count,
        occasion=booking.occasion,
        vehicle_plate=booking.vehicle_plate,
        remarks=booking.remarks,
        is_arrival_assumed=not policy.records_arrival,
        is_departure_assumed=not policy.records_departure,
        is_no_show_released=policy.releases_no_shows,
        currency=venue.currency,
        created_at=now,
        **details,
    )
    if policy.confirms_at_once:
        row.confirmed_at = now
    else:
        row.hold_expires_at = now + policy.hold_time
        if by.limits_apply and settings.HOLDS_PER_ADDRESS:
            row.held_from = by.origin or None
    price = price_of(venue, category, ask.window)
    if booking.quote:
        price = quotes.honour(booking.quote, venue, category, ask.window, ask.party, now=now)
    row.tariff = tariffs.tariff(venue, category, ask.window)
    promise(row, policy, ask.window, price)
    return row


def owner_of(booking: Booking, venue: Venue, by: Caller) -> int | None:
    """Whose a new reservation is: the caller's own, unless they make it for the venue."""
    is_own = by.kind == "guest" or not by.may_run(venue.pk)
    return by.user_id if is_own else booking.guest_id


def promise(row: Reservation, policy: Policy, window: Window, price_minor: int) -> None:
    """Set the range, and what is promised for it: price, fee, and the instants that matter."""
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
"""What `promise` sets."""


def events_of(row: Reservation) -> list[str]:
    """What happens when a drafted reservation is written."""
    return ["reservation.created"] + ["reservation.confirmed"] * bool(row.confirmed_at)


def allocations(row: Reservation, placement: Placement) -> list[Allocation]:
    """The time a reservation takes on its units, buffers included."""
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
    """The instant from which the reservation's time is free to others unless a verb prevents it."""
    if not row.confirmed_at:
        return row.hold_expires_at
    is_awaited = row.is_no_show_released and not row.checked_in_at
    return row.no_show_at if is_awaited else None


def _seats(category: Category, party: int) -> bool:
    units: list[Resource] = [unit for unit in category.resources.all() if not unit.retired_at]
    largest = [unit.capacity for unit in units]
    largest += [combination.capacity for combination in category.combinations.all()]
    return max(largest, default=0) >= party
