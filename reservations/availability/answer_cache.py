"""Keeps answers about availability for some seconds, until their subject changes."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from django.core.cache import cache

from reservations.models import Event, Reservation
from venues import catalogue
from venues.models import Venue

log = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST = timedelta(seconds=10)
"""How long an answer is kept at most."""
SLACK = timedelta(seconds=60)
"""A time longer than any transaction takes from writing an event to its commit."""
BUSIEST = 200
"""The largest number of recent events of a venue for which keeping its answers is worth it."""
LARGEST = 1_000_000
"""The largest answer that is kept, in bytes."""

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value, the instant until which it is good, and the number of events since `since`."""

    value: Any
    until: datetime
    since: datetime
    recorded: int


def one(question: str, venue: Venue, *, now: datetime, work_out: Callable[[], T]) -> T:
    """The answer of one venue to a question, from the cache or from `work_out`.

    `question` must name everything that the answer depends on besides venue and time. The value
    must be picklable, and may be shared: do not change it.
    """
    found = several(question, [venue], now=now, work_out=lambda _: {venue.pk: work_out()})
    return found[venue.pk]


def several(
    question: str,
    venues: Sequence[Venue],
    *,
    now: datetime,
    work_out: Callable[[Sequence[Venue]], Mapping[int, T]],
) -> dict[int, T]:
    """The answers of some venues to one question, by venue id.

    Calls `work_out` at most once, with all venues whose answers are not in the cache. Without a
    cache it works out every answer.
    """
    lasting = {
        venue.pk: venue for venue in catalogue.refreshed(venues) if _changes_by_the_minute(venue)
    }
    since = now - SLACK - LONGEST
    # Read before the answers, so that a change in between makes them stale.
    recorded = _recorded(lasting, since)
    found: dict[int, T] = {
        pk: entry.value
        for pk, entry in _ask(question, lasting).items()
        if _is_good(entry, recorded.get(pk), now)
    }
    missing = [venue for venue in venues if venue.pk not in found]
    if missing:
        made = work_out(missing)
        _keep(question, [lasting[pk] for pk in made if pk in recorded], made, recorded, now)
        found.update(made)
    return found


def _recorded(venues: Mapping[int, Venue], since: datetime) -> dict[int, list[datetime]]:
    """When events of each venue were recorded since an instant. Leaves out venues with too many."""
    most = BUSIEST * len(venues)
    rows = Event.objects.filter(venue__in=venues, recorded_at__gt=since).order_by()
    times: dict[int, list[datetime]] = {pk: [] for pk in venues}
    found = list(rows.values_list("venue_id", "recorded_at")[: most + 1]) if venues else []
    if len(found) > most:
        return {}
    for venue_id, recorded_at in found:
        times[venue_id].append(recorded_at)
    return {pk: each for pk, each in times.items() if len(each) <= BUSIEST}


def _is_good(entry: _Kept, recorded: list[datetime] | None, now: datetime) -> bool:
    if recorded is None or not entry.since + SLACK <= now < entry.until:
        return False
    return _count(recorded, entry.since) == entry.recorded


def _count(recorded: Sequence[datetime], since: datetime) -> int:
    return sum(at > since for at in recorded)


def _ask(question: str, venues: Mapping[int, Venue]) -> dict[int, _Kept]:
    keys = {_key(question, venue): pk for pk, venue in venues.items()}
    try:
        found = cache.get_many(keys)
    except Exception as fault:  # noqa: BLE001 - a reader without a cache is slow, not wrong
        log.warning("Answers are not remembered: %r", fault)
        return {}
    return {keys[key]: entry for key, entry in found.items()}


def _keep(
    question: str,
    venues: Sequence[Venue],
    made: Mapping[int, Any],
    recorded: Mapping[int, list[datetime]],
    now: datetime,
) -> None:
    since, edge = now - SLACK, _next_edge(now)
    if edge == now or not venues:
        return
    lapses = _next_lapses(venues, now)
    for venue in venues:
        value = made[venue.pk]
        until = min(now + LONGEST, edge, lapses.get(venue.pk, edge))
        if until == now or (isinstance(value, bytes) and len(value) > LARGEST):
            continue
        entry = _Kept(value, until, since, _count(recorded[venue.pk], since))
        _set(_key(question, venue), entry, (until - now).total_seconds())


def _next_edge(now: datetime) -> datetime:
    """The next whole minute; `now` itself when it is one, since starts pass at that instant."""
    begun = now.replace(second=0, microsecond=0)
    return now if begun == now else begun + MINUTE


def _set(key: str, entry: _Kept, seconds: float) -> None:
    try:
        # Rounded up, since 0 means "do not keep". `until` decides anyway.
        cache.set(key, entry, timeout=int(seconds) + 1)
    except Exception as fault:  # noqa: BLE001 - a reader without a cache is slow, not wrong
        log.warning("Answers are not remembered: %r", fault)


def _next_lapses(venues: Sequence[Venue], now: datetime) -> dict[int, datetime]:
    """By venue id, the first lapse of a hold or no-show while an answer may be kept."""
    soon = (now, now + LONGEST)
    rows = Reservation.objects.filter(venue__in=venues)
    held = rows.open_holds().filter(hold_expires_at__range=soon)
    awaited = rows.awaited().filter(no_show_at__range=soon)
    # A union, since each part has an index of its own.
    lapses = held.order_by().values_list("venue_id", "hold_expires_at")
    found: dict[int, datetime] = {}
    for venue_id, at in lapses.union(awaited.order_by().values_list("venue_id", "no_show_at")):
        if at is not None:
            found[venue_id] = min(at, found.get(venue_id, at))
    return found


def _changes_by_the_minute(venue: Venue) -> bool:
    """True when starts, ends, notice and horizon all fall on whole minutes, as at most venues."""
    policy = venue.policy
    lengths = (
        policy.notice, policy.horizon, policy.step, policy.slot_length, policy.default_length,
        policy.last_arrival,
        policy.shortest_stay, policy.buffer_before, policy.buffer_after,
    )  # fmt: skip
    clocks = [policy.check_in_time, policy.check_out_time]
    clocks += [clock for row in venue.openings.all() for clock in (row.opens, row.closes) if clock]
    return not any(length % MINUTE for length in lengths if length) and not any(
        clock.second or clock.microsecond for clock in clocks
    )


def _key(question: str, venue: Venue) -> str:
    asked = sha256(question.encode()).hexdigest()
    return f"answer:{venue.pk}:{venue.revision}:{asked}"
