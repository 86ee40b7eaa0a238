"""Opens, changes and closes venues."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.text import slugify
from django.utils.translation import gettext

from guests.callers import Caller
from guests.phones import is_region
from reservations import clock, events, idempotency
from reservations.allocation import ledger
from reservations.errors import Invalid, NotFound, VenueInUse
from reservations.event_types import VENUE_CHANGED, VENUE_CLOSED, VENUE_OPENED, Entry
from reservations.idempotency import Once
from reservations.inventory import commitments, spots
from reservations.models import Allocation
from reservations.rules.permissions import Act, judge, judge_administrator
from reservations.transactions import Restart, in_transaction
from spelling import texts
from venues import kinds, presets
from venues.currencies import is_currency
from venues.models import Resource, Venue
from venues.time_zones import is_same_zone

MOST_NAMED = 20
"""The largest number of reservations that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueWish:
    """The values to set for a venue: `fields` by name, and for parking the number of spots."""

    fields: dict[str, Any]
    capacity: int | None = None


def open_venue(*, kind: str, wish: VenueWish, by: Caller, once: Once | None = None) -> Venue:
    """Creates a venue with the usual policy of its kind. Administrators only.

    Opens its own transaction. Raises Forbidden, Invalid, or what `idempotency.claim` raises.
    """
    judge_administrator(by)
    return idempotency.carry_out(lambda: _open_venue(kind, wish, by=by), once)


def change_venue(*, slug: str, wish: VenueWish, by: Caller) -> Venue:
    """Change what is told of a venue, and of parking the number of its spots. Managers only.

    Opens its own transaction. Raises VenueInUse when reservations depend on a value, LotInUse for
    spots in use, NotFound, Invalid or Forbidden.
    """
    return in_transaction(lambda: _change_venue(slug, wish, by=by))


def close_venue(*, slug: str, by: Caller) -> None:
    """Closes a venue and retires its units; its history stays. Administrators only.

    Opens its own transaction. Raises VenueInUse, which names reservations that are not over; for
    parking LotInUse; NotFound or Forbidden.
    """
    judge_administrator(by)
    in_transaction(lambda: _close_venue(slug, by=by))


def make(kind: str, wish: VenueWish, **policy: Any) -> Venue:
    """Creates a venue with its spots and returns it. Assumes a transaction.

    `policy` changes values of the usual policy. Raises Invalid, or Restart when another request
    took the name.
    """
    _judge_fields(wish)
    fields = dict(wish.fields)
    name = _name(fields.pop("name", ""))
    _judge_capacity(kind, wish)
    try:
        venue = presets.create_venue(
            slug=_free_slug(name, kind), name=name, kind=kind, policy=policy, **fields
        )
    except IntegrityError:
        raise Restart from None
    except ValidationError as fault:
        # Another request has just taken this slug.
        if "slug" in fault.message_dict:
            raise Restart from None
        raise _invalid(fault) from fault
    if wish.capacity is not None:
        spots.set_capacity(venue, wish.capacity)
    return venue


def alter(venue: Venue, wish: VenueWish) -> None:
    """Changes a locked venue. Assumes a transaction. Raises Invalid, VenueInUse or LotInUse."""
    _judge_fields(wish)
    if wish.capacity is not None:
        _judge_capacity(venue.kind, wish)
        spots.set_capacity(venue, wish.capacity)
    changed = {name: to for name, to in wish.fields.items() if getattr(venue, name) != to}
    if "name" in changed:
        changed["name"] = _name(changed["name"])
    _judge_change(venue, changed, clock.now())
    for name, to in changed.items():
        setattr(venue, name, to)
    others = {field.name for field in Venue._meta.fields}.difference(changed)
    try:
        venue.clean_fields(exclude=others)
    except ValidationError as fault:
        raise _invalid(fault) from fault
    venue.save(update_fields=list(changed))


def give_up(venue: Venue) -> None:
    """Closes a locked venue and retires its units. Assumes a transaction.

    Raises VenueInUse, or for parking LotInUse.
    """
    now = clock.now()
    if kinds.named(venue.kind).has_spots:
        spots.set_capacity(venue, 0)
    else:
        # The locks make a booking wait, which then finds its unit retired.
        units = ledger.lock_units(venue.resources.values_list("pk", flat=True))
        judge_unused(venue, now)
        used = [unit.pk for unit in units if unit.retired_at is None]
        Resource.objects.filter(pk__in=used).update(retired_at=now)
    venue.is_active = False
    venue.save(update_fields=["is_active"])


def judge_unused(venue: Venue, now: datetime) -> None:
    """Raises VenueInUse, which names the reservations of the venue that have not ended."""
    rows = Allocation.objects.filter(venue=venue, reservation__isnull=False)
    used = spots.in_use(rows, now).order_by("starts_at", "pk")
    codes = list(dict.fromkeys(used.values_list("reservation__code", flat=True)))
    if codes:
        named = ", ".join(codes[:MOST_NAMED])
        raise VenueInUse(
            gettext("Reservations %(codes)s have not ended.") % {"codes": named},
            reservations=codes[:MOST_NAMED],
        )


def locked(slug: str, **of: Any) -> Venue:
    """The active venue with this slug, locked until the transaction ends. Raises NotFound.

    `of` are further conditions, such as its kind.
    """
    venues = Venue.objects.select_for_update(no_key=True)
    venue = venues.filter(slug=slug, is_active=True, **of).first()
    if venue is None:
        raise NotFound(gettext("There is no venue %(slug)r.") % {"slug": slug})
    return venue


def tell(venue: Venue, entry: Entry, by: Caller) -> None:
    """Records an event of a venue at the present instant. Assumes a transaction."""
    events.record_of_venue(venue.pk, entry, at=clock.now(), by=by)


def _open_venue(kind: str, wish: VenueWish, *, by: Caller) -> Venue:
    venue = make(kind, wish)
    tell(venue, VENUE_OPENED({"capacity": wish.capacity}), by)
    return venue


def _change_venue(slug: str, wish: VenueWish, *, by: Caller) -> Venue:
    venue = locked(slug)
    judge(by, Act.VENUE, venue.pk)
    if wish.capacity is not None:
        judge(by, Act.UNITS, venue.pk)
    alter(venue, wish)
    changed = VENUE_CHANGED({"fields": sorted(wish.fields), "capacity": wish.capacity})
    tell(venue, changed, by)
    return venue


def _close_venue(slug: str, *, by: Caller) -> None:
    venue = locked(slug)
    give_up(venue)
    tell(venue, VENUE_CLOSED({}), by)


def _judge_fields(wish: VenueWish) -> None:
    code, region = wish.fields.get("currency"), wish.fields.get("phone_region")
    if code is not None and not is_currency(code):
        raise Invalid("currency", gettext("Give the currency as an ISO 4217 code, such as EUR."))
    if region is not None and not is_region(region):
        raise Invalid("phone_region", gettext("Give the region as an ISO 3166 code, such as NL."))


def _judge_capacity(kind: str, wish: VenueWish) -> None:
    if wish.capacity is not None and not kinds.named(kind).has_spots:
        raise Invalid(
            "capacity",
            gettext("Only a parking venue has a number of spots. Leave the capacity out."),
        )


def _judge_change(venue: Venue, changed: dict[str, Any], now: datetime) -> None:
    zone = changed.get("time_zone", venue.time_zone)
    if not is_same_zone(zone, venue.time_zone) and commitments.zone_is_fixed(venue, now):
        raise VenueInUse(
            "The time zone cannot change while there are future reservations.",
            field="time_zone",
        )
    if "currency" in changed and commitments.currency_is_fixed(venue, now):
        raise VenueInUse(
            "The currency cannot change while there are rates or future reservations in it.",
            field="currency",
        )


def _name(given: str) -> str:
    name = texts.clean(given)
    if not name or not texts.is_printable(name):
        raise Invalid("name", gettext("Give a name of printable characters."))
    return name


def _free_slug(name: str, kind: str) -> str:
    base = slugify(name)[:50] or ("lot" if kinds.named(kind).has_spots else kind)
    slug, number = base, 1
    while Venue.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


def _invalid(fault: ValidationError) -> Invalid:
    field, details = next(iter(fault.message_dict.items()))
    return Invalid(field, gettext(" ").join(details))
