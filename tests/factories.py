"""Facts for tests, one line each."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from guests.callers import Caller, system
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Booking, Contact, Times
from venues import kinds, presets
from venues.models import Category, Extra, Opening, PaymentTerm, Rate, Resource, TaxRule, Venue

DESK = system("desk")
GUEST = Caller(kind="guest", name="user:0", user_id=None)

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
"""A Monday far enough from today that nothing in a test depends on today."""


def make_venue(kind: str = "parking", *, units: int = 1, capacity: int = 4, **policy: Any) -> Venue:
    """A venue of its kind's preset, in UTC, with one category of like units."""
    # What `presets.create_venue` saves, without looking it over first: that takes longer than all
    # the rest, and tests make thousands.
    venue = Venue.objects.create(
        slug=f"venue-{Venue.objects.count() + 1}",
        name="Test venue",
        kind=kind,
        mode=kinds.named(kind).mode,
    )
    rules = presets.policy_for(kind, **policy)
    rules.venue = venue
    rules.save()
    category = add_category(venue, units=units, capacity=capacity)
    unit = {"hotel": Rate.Unit.NIGHT, "parking": Rate.Unit.HOUR}.get(kind, Rate.Unit.FLAT)
    Rate.objects.create(venue=venue, category=category, unit=unit, amount_minor=1_000)
    return venue


def add_category(
    venue: Venue, code: str = "standard", *, units: int = 1, capacity: int = 4, **fields: Any
) -> Category:
    """A category with like units, named by code and number."""
    category = Category.objects.create(venue=venue, code=code, name=code.title(), **fields)
    begin = venue.resources.count() + 1
    Resource.objects.bulk_create(
        Resource(venue=venue, category=category, name=str(number), capacity=capacity, floor=1)
        for number in range(begin, begin + units)
    )
    return category


def add_hours(venue: Venue, opens: time, closes: time, **fields: Any) -> None:
    """The same hours on every weekday."""
    for weekday in range(7):
        Opening.objects.create(venue=venue, weekday=weekday, opens=opens, closes=closes, **fields)


def make_charges(venue: Venue) -> tuple[PaymentTerm, TaxRule, Extra]:
    """One row of each that changes no price and asks for nothing: terms, a tax, an extra."""
    return (
        PaymentTerm.objects.create(venue=venue, kind=PaymentTerm.Asks.NONE),
        TaxRule.objects.create(
            venue=venue, code="vat", name="VAT", basis="room", rate_bp=900, included=True
        ),
        Extra.objects.create(
            venue=venue, code="breakfast", name="Breakfast", basis="person_night",
            amount_minor=1_200, tax_code="vat",
        ),
    )  # fmt: skip


def booking(venue: Venue, start: datetime = NOON, hours: float = 2, **fields: Any) -> Booking:
    """A wish for `hours` from `start`, in the only category unless said otherwise."""
    return Booking(
        venue=venue.slug,
        times=fields.pop("times", None)
        or Times(starts_at=start, ends_at=start + timedelta(hours=hours)),
        contact=fields.pop("contact", None)
        or Contact(first_name="Ada", last_name="Lovelace", phone="+31201234567"),
        guest_count=fields.pop("guest_count", 1),
        **fields,
    )


def hold(venue: Venue, start: datetime = NOON, hours: float = 2, **fields: Any) -> Reservation:
    """A reservation taken by the desk."""
    by = fields.pop("by", DESK)
    return actions.hold(booking=booking(venue, start, hours, **fields), by=by)
