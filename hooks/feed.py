"""A partner's feed of events, in an order into which nothing is ever inserted.

Events commit in another order than that of their ids, so a reader who asks for what follows an id
would miss some. `fan_out` therefore writes entries without a position. `page` gives them theirs,
one reader at a time, after they are committed: the lock of the partner's `Subscriber` is held until
the positions are committed too, so whoever sees a position sees all before it.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Max

from hooks.errors import EventsExpired
from hooks.models import FeedEntry, FeedGap, Subscriber

BATCH = 1_000
"""Entries that get their position in one transaction."""


def page(
    partner: str,
    *,
    after: int,
    limit: int,
    venue_ids: Collection[int] | None,
    type_name: str = "",
) -> list[FeedEntry]:
    """Returns up to `limit` entries after a position, oldest first; 0 for the oldest there is.

    `venue_ids` are those that may be seen, None for all. Raises EventsExpired where some that
    follow are deleted. Opens its own transactions.
    """
    give_positions(partner)
    asked: dict[str, Any] = {"partner": partner}
    if venue_ids is not None:
        asked["venue_id__in"] = venue_ids
    if type_name:
        asked["type"] = type_name
    rows = FeedEntry.objects.filter(**asked, position__gt=after).order_by("position")
    found = list(rows[:limit])
    # Only now: what was deleted before the rows were read must not be passed over in silence.
    deleted = FeedGap.objects.filter(**asked).aggregate(last=Max("position"))["last"]
    if after and deleted is not None and deleted > after:
        raise EventsExpired(deleted)
    return found


def give_positions(partner: str) -> None:
    """Gives every committed entry of a partner its position."""
    while _waiting(partner).exists() and _give(partner) == BATCH:
        pass


@transaction.atomic(durable=True)
def _give(partner: str) -> int:
    subscriber = lock(partner)
    # A statement of its own, after the lock: it sees what others gave while this one waited.
    rows = list(_waiting(partner).order_by("event_id")[:BATCH])
    for number, row in enumerate(rows, start=subscriber.last_position + 1):
        row.position = number
    FeedEntry.objects.bulk_update(rows, ["position"])
    subscriber.last_position += len(rows)
    subscriber.save(update_fields=["last_position"])
    return len(rows)


def lock(partner: str) -> Subscriber:
    """Locks the row of a partner until the end of the transaction, and makes it where needed."""
    Subscriber.objects.bulk_create([Subscriber(partner=partner)], ignore_conflicts=True)
    return Subscriber.objects.select_for_update().get(partner=partner)


def _waiting(partner: str):  # type: ignore[no-untyped-def]
    return FeedEntry.objects.filter(partner=partner, position__isnull=True)
