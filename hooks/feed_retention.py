"""Deletes entries of feeds that were kept long enough.

Nothing is numbered anew. An entry gets its position before it goes, also where nobody ever read, so
that `FeedGap` can say up to which one some are missing: `feed.page` refuses readers before it.
"""

from datetime import datetime
from itertools import takewhile

from django.conf import settings
from django.db import transaction

from hooks import feed
from hooks.models import FeedEntry, FeedGap
from reservations import clock


def delete_old(*, batch: int) -> int:
    """Deletes at most `batch` old entries of each partner. Returns how many; 0 when none are left.

    Opens its own transactions, one for each partner.
    """
    before = clock.now() - settings.FEED_KEPT
    old = FeedEntry.objects.filter(written_at__lte=before).order_by("partner")
    partners = list(old.values_list("partner", flat=True).distinct())
    return sum(_delete(partner, before, batch) for partner in partners)


def _delete(partner: str, before: datetime, batch: int) -> int:
    feed.give_positions(partner)
    with transaction.atomic(durable=True):
        # Two clean-ups of one partner wait for each other.
        feed.lock(partner)
        entries = FeedEntry.objects.filter(partner=partner, position__isnull=False)
        first = entries.order_by("position").only("position", "venue_id", "type", "written_at")
        # From the front alone: all up to a position are gone, or it is not in a gap.
        rows = list(takewhile(lambda row: row.written_at <= before, first[:batch]))
        _note(partner, rows)
        FeedEntry.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _note(partner: str, rows: list[FeedEntry]) -> None:
    # Of several the last one counts, which is the furthest.
    last = {(row.venue_id, row.type): row.position or 0 for row in rows}
    gaps = [
        FeedGap(partner=partner, venue_id=venue_id, type=name, position=position)
        for (venue_id, name), position in sorted(last.items())
    ]
    FeedGap.objects.bulk_create(
        gaps,
        update_conflicts=True,
        unique_fields=["partner", "venue", "type"],
        update_fields=["position"],
    )
