"""Enters providers and their schedules. A schedule is blocks on dates, stored all or none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from reservations.rules.permissions import judge_staff
from reservations.transactions import Restart
from venues import kinds
from venues.models import Category, Opening, Provider, Resource, Venue

DAY = timedelta(days=1)
MOST_BLOCKS = 1_000
"""The largest number of blocks in one request."""


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A part `[start, end)` of one local day, in the provider's zone."""

    date: date
    start: time
    end: time


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
    starts, overlaps a stored or sent one, or is in the past by the provider's clock; NotFound or
    Forbidden.
    """
    return idempotency.carry_out(lambda: _add_blocks(provider_id, blocks, time_zone, by=by), once)


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
    _judge_dates(blocks, _today(ZoneInfo(time_zone) if time_zone else unit.zone))
    dates = {block.date for block in blocks}
    rows = list(unit.openings.all())
    _judge_blocks(blocks, _stored(rows, _with_neighbours(dates)))
    stored = _stored(rows, dates)
    dates_without_own = dates - _dated(rows)
    kept = [block for block in stored if block.date in dates_without_own]
    Opening.objects.bulk_create(_opening(unit, block) for block in [*kept, *blocks])
    return sorted([*stored, *blocks])


def _judge_zone(unit: Resource, time_zone: str) -> None:
    if not time_zone or time_zone == unit.zone.key:
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


def _judge_blocks(blocks: Sequence[Block], stored: Sequence[Block]) -> None:
    others = [_span(block) for block in stored]
    for number, block in enumerate(blocks):
        if block.end <= block.start:
            raise Invalid(
                f"blocks/{number}/end", gettext("A block must end after it starts, on that day.")
            )
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
    """The stored blocks of these dates: those of the date, else those of its weekday."""
    dated = _dated(rows)
    return [
        Block(day, row.opens, row.closes)
        for day in sorted(dates)
        for row in rows
        if row.opens and row.closes
        if row.date == day or (day not in dated and row.weekday == day.weekday())
    ]


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


def _free_name(venue: Venue, wanted: str) -> str:
    taken: Iterable[str] = set(venue.resources.values_list("name", flat=True))
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
