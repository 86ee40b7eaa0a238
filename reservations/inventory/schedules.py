"""Enters providers and their schedules. A schedule is blocks on dates, stored all or none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext

from guests.callers import Caller
from reservations import clock, idempotency
from reservations.allocation import ledger
from reservations.errors import AlreadyEntered, Invalid, NotFound
from reservations.idempotency import Once
from reservations.inventory import affected_reservations
from reservations.models import Reservation
from reservations.rules.permissions import judge_staff
from reservations.transactions import Restart, in_transaction
from venues import kinds, time_zones
from venues.models import Category, Opening, Provider, Resource, Venue
from venues.time_zones import is_same_zone

DAY = timedelta(days=1)
MIDNIGHT = time(0)
MOST_BLOCKS = 1_000
"""The largest number of blocks in one request."""


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A part `[start, end)` of one local day, in the provider's zone. An end of 00:00 is midnight.

    `id` is that of the stored row; None for weekly hours, and before the block is stored.
    """

    date: date
    start: time
    end: time
    id: int | None = field(default=None, compare=False)


def enter_provider(
    *,
    venue: Venue,
    person: dict[str, str],
    time_zone: str,
    by: Caller,
    once: Once | None = None,
) -> Provider:
    """Creates a provider and their unit. Staff of the venue only. Opens its own transaction.

    An empty `time_zone` means the venue's. Raises AlreadyEntered for a known e-mail address or
    phone, Forbidden, or what `idempotency.claim` raises.
    """
    judge_staff(venue.pk, by)
    return idempotency.carry_out(lambda: _enter_provider(venue, person, time_zone), once)


def add_blocks(
    *,
    provider_id: int,
    blocks: Sequence[Block],
    time_zone: str,
    by: Caller,
    once: Once | None = None,
) -> list[Block]:
    """Adds these blocks to a provider's schedule. Returns all blocks of those dates, sorted.

    Opens its own transaction. Raises Invalid, with nothing stored, for a block that ends before it
    starts, is too short for one slot, overlaps a stored or sent one, or is in the past by the
    provider's clock; NotFound or Forbidden.
    """
    return idempotency.carry_out(lambda: _add_blocks(provider_id, blocks, time_zone, by=by), once)


def remove_blocks(*, provider_id: int, block_id: int | None = None, by: Caller) -> None:
    """Takes one block (by id) out of a provider's schedule, or the whole schedule.

    Appointments stay. Staff of the venue only. Opens its own transaction. Raises NotFound or
    Forbidden.
    """
    in_transaction(lambda: _remove_blocks(provider_id, block_id, by=by))


def change_provider(
    *, provider_id: int, person: dict[str, str], time_zone: str | None, by: Caller
) -> Provider:
    """Changes who a provider is and how to reach them, or the zone of a provider without schedule.

    Values left out of `person` stay. Staff of the venue only. Opens its own transaction. Raises
    AlreadyEntered for the address or phone of another provider, Invalid, NotFound or Forbidden.
    """
    return in_transaction(lambda: _change_provider(provider_id, person, time_zone, by=by))


def blocks_of(unit: Resource, first: date, last: date | None) -> list[Block]:
    """The stored blocks of a provider on dates from `first` to `last` (None: all later), sorted."""
    rows = unit.openings.filter(date__gte=first, opens__isnull=False)
    if last is not None:
        rows = rows.filter(date__lte=last)
    return sorted(
        Block(row.date, row.opens, row.closes, row.pk)
        for row in rows
        if row.date and row.opens is not None and row.closes is not None
    )


def outside_hours(unit: Resource, now: datetime) -> list[Reservation]:
    """The provider's reservations that are not over and not within their hours, earliest first."""
    found = affected_reservations.outside_hours(unit.venue, now, unit)
    return [one.reservation for one in found]


def find_provider(provider_id: int) -> Resource:
    """The unit of a provider, with its venue and policy. Raises NotFound.

    Leaves out retired units and venues that take no reservations.
    """
    units = Resource.objects.select_related("venue__policy", "category")
    units = units.filter(venue__kind=kinds.PRACTICE.code, venue__is_active=True)
    unit = units.filter(pk=provider_id, retired_at__isnull=True).first()
    if unit is None:
        raise NotFound(gettext("There is no such provider."))
    return unit


def _enter_provider(venue: Venue, person: dict[str, str], time_zone: str) -> Provider:
    known = venue.providers.filter(Q(email=person["email"]) | Q(phone=person["phone"])).first()
    if known is not None:
        raise AlreadyEntered(id=known.pk)
    category = venue.categories.order_by("position", "pk").first()
    if category is None:
        category = Category.objects.create(venue=venue, code="consult", name="Consultation")
    try:
        with transaction.atomic():
            unit = Resource.objects.create(
                venue=venue,
                category=category,
                name=_free_name(venue, f"{person['first_name']} {person['last_name']}"),
                capacity=1,
                time_zone=time_zone,
                rank=venue.resources.count(),
            )
    except IntegrityError:
        # Another request has just taken this unit's name.
        raise Restart from None
    try:
        with transaction.atomic():
            return Provider.objects.create(resource=unit, venue=venue, **person)
    except IntegrityError:
        # Somebody else entered them in between.
        raise Restart from None


def _add_blocks(
    provider_id: int, blocks: Sequence[Block], time_zone: str, *, by: Caller
) -> list[Block]:
    judge_staff(find_provider(provider_id).venue_id, by)
    # The lock makes requests for one provider run one after another.
    ledger.lock_units([provider_id])
    # Read again: the other request may have given the provider a zone.
    unit = find_provider(provider_id)
    _judge_zone(unit, time_zone)
    _judge_dates(blocks, _today(time_zones.named(time_zone) if time_zone else unit.zone))
    dates = {block.date for block in blocks}
    rows = list(unit.openings.all())
    _judge_lengths(blocks, unit)
    _judge_blocks(blocks, _stored(rows, _with_neighbours(dates)))
    dates_without_own = dates - _dated(rows)
    kept = [block for block in _stored(rows, dates) if block.date in dates_without_own]
    Opening.objects.bulk_create(_opening(unit, block) for block in [*kept, *blocks])
    return _stored(list(unit.openings.filter(date__in=dates)), dates)


def _remove_blocks(provider_id: int, block_id: int | None, *, by: Caller) -> None:
    unit = find_provider(provider_id)
    judge_staff(unit.venue_id, by)
    ledger.lock_units([unit.pk])
    if block_id is None:
        unit.openings.all().delete()
        return
    block = unit.openings.filter(pk=block_id, date__isnull=False, opens__isnull=False).first()
    if block is None or block.date is None:
        raise NotFound(gettext("There is no such block."))
    others = unit.openings.exclude(pk=block.pk)
    is_last = not others.filter(date=block.date).exists()
    if is_last and others.filter(weekday=block.date.weekday()).exists():
        # Without a row of its own, the day would be open by its weekly hours again.
        Opening.objects.filter(pk=block.pk).update(opens=None, closes=None)
    else:
        block.delete()


def _change_provider(
    provider_id: int, person: dict[str, str], time_zone: str | None, *, by: Caller
) -> Provider:
    unit = find_provider(provider_id)
    judge_staff(unit.venue_id, by)
    ledger.lock_units([unit.pk])
    provider = Provider.objects.filter(pk=unit.pk).first()
    if provider is None:
        raise NotFound(gettext("There is no such provider."))
    _judge_zone(unit, time_zone or "")
    known = Q(pk__in=[])
    for name in ("email", "phone"):
        if name in person:
            known |= Q(**{name: person[name]})
    other = Provider.objects.filter(known, venue=unit.venue_id).exclude(pk=unit.pk).first()
    if other is not None:
        raise AlreadyEntered(id=other.pk)
    was = f"{provider.first_name} {provider.last_name}"
    for name, value in person.items():
        setattr(provider, name, value)
    try:
        with transaction.atomic():
            provider.save(update_fields=list(person))
            if unit.name == was:
                name = _free_name(unit.venue, f"{provider.first_name} {provider.last_name}", unit)
                Resource.objects.filter(pk=unit.pk).update(name=name)
    except IntegrityError:
        raise Restart from None
    provider.resource = find_provider(provider_id)
    return provider


def _judge_zone(unit: Resource, time_zone: str) -> None:
    if not time_zone or is_same_zone(time_zone, unit.zone.key):
        return
    if unit.openings.exists():
        raise Invalid(
            "time_zone",
            gettext("This provider's schedule is in the time zone %(zone)s. Use that one.")
            % {"zone": unit.zone.key},
        )
    Resource.objects.filter(pk=unit.pk).update(time_zone=time_zone)


def _today(zone: ZoneInfo) -> date:
    return clock.now().astimezone(zone).date()


def _judge_dates(blocks: Sequence[Block], today: date) -> None:
    for number, block in enumerate(blocks):
        if block.date < today:
            raise Invalid(
                f"blocks/{number}/date",
                gettext("This day is in the past. Today is %(today)s there.") % {"today": today},
            )


def _judge_lengths(blocks: Sequence[Block], unit: Resource) -> None:
    """Raises Invalid for a block that ends before it starts, or in which not one slot fits."""
    length = unit.venue.policy.slot_length
    for number, block in enumerate(blocks):
        if block.end <= block.start and block.end != MIDNIGHT:
            raise Invalid(
                f"blocks/{number}/end",
                gettext(
                    "A block must end after it starts, on that day. What goes past midnight is "
                    "another block, of the next day."
                ),
            )
        begin, end = _span(block)
        if length is not None and end - begin < length:
            raise Invalid(
                f"blocks/{number}/end",
                gettext("This block is too short for one slot. Choose a later end."),
            )


def _judge_blocks(blocks: Sequence[Block], stored: Sequence[Block]) -> None:
    others = [_span(block) for block in stored]
    for number, block in enumerate(blocks):
        start, end = _span(block)
        if any(start < other_end and other_start < end for other_start, other_end in others):
            raise Invalid(
                f"blocks/{number}", gettext("This block overlaps another block of that day.")
            )
        others.append((start, end))


def _span(block: Block) -> tuple[datetime, datetime]:
    """From when to when by local clocks; hours entered elsewhere may end on the next day."""
    last = block.date + DAY if block.end <= block.start else block.date
    return datetime.combine(block.date, block.start), datetime.combine(last, block.end)


def _with_neighbours(dates: set[date]) -> set[date]:
    return {day + days * DAY for day in dates for days in (-1, 0, 1)}


def _stored(rows: Sequence[Opening], dates: set[date]) -> list[Block]:
    """The stored blocks of these dates, sorted: those of the date, else those of its weekday."""
    dated = _dated(rows)
    return sorted(
        Block(day, row.opens, row.closes, row.pk if row.date else None)
        for day in dates
        for row in rows
        if row.opens is not None and row.closes is not None
        if row.date == day or (day not in dated and row.weekday == day.weekday())
    )


def _dated(rows: Sequence[Opening]) -> set[date]:
    return {row.date for row in rows if row.date}


def _opening(unit: Resource, block: Block) -> Opening:
    return Opening(
        venue_id=unit.venue_id,
        resource=unit,
        date=block.date,
        opens=block.start,
        closes=block.end,
    )


def _free_name(venue: Venue, wanted: str, unit: Resource | None = None) -> str:
    others = venue.resources.exclude(pk=unit.pk) if unit is not None else venue.resources
    taken: Iterable[str] = set(others.values_list("name", flat=True))
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
