"""Puts instants right after the rules of a time zone have changed.

What was promised is a local time. By new rules its instant is another, and with the old one the
guest would come an hour late, while the hour that they were promised is sold to somebody else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from django.db import transaction
from django.db.models import Q, QuerySet

from guests.callers import system
from reservations import clock, events, records
from reservations.allocation import ledger
from reservations.event_types import MODIFIED
from reservations.models import Allocation, Reservation
from reservations.rules import differences, local_promises
from reservations.transactions import in_transaction
from venues.hours import Window
from venues.models import Venue

RULES = system("zone rules")
MOST_CHECKED = 20_000
"""How many promises a check reads at most, the latest first: new rules begin in the future."""


@dataclass(slots=True)
class Restated:
    """What became of a venue's promises: codes of reservations, and ids of closures.

    `stuck` keep their instants, because others have the time that they were promised. `untold` were
    written without local times, so nobody knows what they mean.
    """

    slug: str
    moved: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)


def due(now: datetime) -> int:
    """How many of the promises to come mean other instants by the rules of this process."""
    rows = _promised(now).order_by("-starts_at").values_list(*_PROMISE)[:MOST_CHECKED]
    closed = Allocation.objects.filter(is_live=True, ends_at__gt=now, closure_id__isnull=False)
    closures = closed.filter(promised_local__isnull=False).values_list(*_PROMISE)[:MOST_CHECKED]
    return sum(
        local_promises.meant(text, Window(start, end)) != Window(start, end)
        for some in (rows, closures)
        for start, end, text in some
        if start > now
    )


def restate(*, is_dry_run: bool = False) -> Iterator[Restated]:
    """Puts the promises of every venue right, in one transaction each. Yields what became of them.

    With `is_dry_run` nothing is kept. Raises Busy.
    """
    for slug, pk in list(Venue.objects.order_by("pk").values_list("slug", "pk")):
        found = in_transaction(lambda slug=slug, pk=pk: _restate(slug, pk, is_dry_run=is_dry_run))  # type: ignore[misc]
        if found.moved or found.stuck or found.untold:
            yield found


_PROMISE = ("starts_at", "ends_at", "promised_local")

_MOVED = ("starts_at", "ends_at", "no_show_at", "cancel_free_until")


def _restate(slug: str, venue_id: int, *, is_dry_run: bool) -> Restated:
    venue, found = records.load_venue(venue_id), Restated(slug)
    ledger.lock_units(venue.resources.values_list("pk", flat=True))
    now = clock.now()
    ids = _promised(now, told=False).filter(venue=venue_id).values_list("pk", flat=True)
    rows = {row.pk: row for row in ledger.lock_reservations(ids)}
    live = list(Allocation.objects.filter(venue=venue_id, is_live=True, ends_at__gt=now))
    found.untold = [row.code for row in rows.values() if row.promised_local is None]
    meant = {pk: _meant(row, now) for pk, row in rows.items() if row.promised_local}
    plan = {
        row.pk: window
        for row in live
        if (window := _planned(row, rows, meant, now)) != Window(row.starts_at, row.ends_at)
    }
    _keep_apart(live, plan)
    _write(live, plan)
    moved = {row.reservation_id for row in live if row.pk in plan}
    for pk, window in meant.items():
        if window == Window(rows[pk].starts_at, rows[pk].ends_at):
            continue
        # Who has no time any more can be restated as well.
        is_placed = any(row.reservation_id == pk for row in live)
        if is_placed and pk not in moved:
            found.stuck.append(rows[pk].code)
            continue
        rows[pk].venue = venue
        _move(rows[pk], window, now)
        found.moved.append(rows[pk].code)
    for row in live:
        if row.closure_id and row.promised_local and _closed(row) != _range(row):
            (found.moved if row.pk in plan else found.stuck).append(str(row.closure_id))
    if is_dry_run:
        transaction.set_rollback(True)
    return found


def _promised(now: datetime, *, told: bool = True) -> QuerySet[Reservation]:
    """The reservations that are not over, those with local times alone or all."""
    rows = Reservation.objects.filter(
        Q(confirmed_at__isnull=False) | Q(hold_expires_at__gt=now),
        ends_at__gt=now,
        cancelled_at__isnull=True,
        expired_at__isnull=True,
        checked_out_at__isnull=True,
    )
    return rows.filter(promised_local__isnull=False) if told else rows


def _meant(row: Reservation, now: datetime) -> Window:
    """The range that was promised, by present rules. What has begun began when it did."""
    sold = Window(row.starts_at, row.ends_at)
    window = local_promises.meant(row.promised_local or "", sold)
    start = sold.start if sold.start <= now else window.start
    return Window(start, window.end if window.end > max(start, now) else sold.end)


def _planned(
    row: Allocation, rows: dict[int, Reservation], meant: dict[int, Window], now: datetime
) -> Window:
    """Where an allocation belongs: as far from the range promised as it was from the range sold."""
    if row.closure_id is not None:
        window = _closed(row)
        return Window(row.starts_at if row.starts_at <= now else window.start, window.end)
    sold = rows.get(row.reservation_id or 0)
    if sold is None or sold.pk not in meant:
        return _range(row)
    window = meant[sold.pk]
    start = (
        row.starts_at + (window.start - sold.starts_at) if row.starts_at > now else row.starts_at
    )
    # A row that ends before is history: a unit that the guest has left.
    reaches_end = row.ends_at >= sold.ends_at
    end = row.ends_at + (window.end - sold.ends_at) if reaches_end else row.ends_at
    return Window(start, end) if start < end else _range(row)


def _closed(row: Allocation) -> Window:
    return (
        local_promises.meant(row.promised_local, _range(row)) if row.promised_local else _range(row)
    )


def _range(row: Allocation) -> Window:
    return Window(row.starts_at, row.ends_at)


def _keep_apart(live: Iterable[Allocation], plan: dict[int, Window]) -> None:
    """Takes out of the plan whatever would overlap. Of two the younger keeps its old range."""
    rows = list(live)
    while clash := _clash(rows, plan):
        last = max(clash, key=lambda row: row.pk)
        group = (last.reservation_id, last.closure_id)
        for row in rows:
            if (row.reservation_id, row.closure_id) == group:
                plan.pop(row.pk, None)


def _clash(rows: Iterable[Allocation], plan: dict[int, Window]) -> list[Allocation]:
    """Those of two rows that overlap which the plan moves; [] when no rows overlap."""
    by_unit: dict[int, list[tuple[Window, Allocation]]] = {}
    for row in rows:
        by_unit.setdefault(row.resource_id, []).append((plan.get(row.pk, _range(row)), row))
    for ranges in by_unit.values():
        ranges.sort(key=lambda one: one[0])
        for (window, row), (other_window, other) in pairwise(ranges):
            if other_window.start < window.end:
                return [one for one in (row, other) if one.pk in plan]
    return []


def _write(live: Iterable[Allocation], plan: dict[int, Window]) -> None:
    # The constraint is checked row by row, so first all rows leave their ranges, then all arrive.
    moving = [row for row in live if row.pk in plan]
    Allocation.objects.filter(pk__in=plan).update(is_live=False)
    for row in moving:
        row.starts_at, row.ends_at = plan[row.pk].start, plan[row.pk].end
        row.save(update_fields=["starts_at", "ends_at", "is_live"])


def _move(row: Reservation, window: Window, now: datetime) -> None:
    before, shift = differences.of(row, has_units=False), window.start - row.starts_at
    row.starts_at, row.ends_at = window.start, window.end
    for name in ("no_show_at", "cancel_free_until"):
        at = getattr(row, name)
        if at is not None and at > now:
            setattr(row, name, at + shift)
    records.save(row, *_MOVED)
    moved = MODIFIED({"changed": differences.since(before, row)})
    events.record(row, moved, at=now, by=RULES)
