"""Deletes deliveries that are done and were kept long enough. Their numbers stay."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date

from django.conf import settings
from django.db import transaction
from django.db.models import F

from notices.models import Attempt, Delivery, DeliveryCount
from reservations import clock

_Sum = tuple[date, int, str, str, str]


def delete_old(*, batch: int) -> int:
    """Counts and deletes at most `batch` deliveries in a transaction. Returns how many.

    Those that wait are kept, however old. Skips locked ones: the next run takes them.
    """
    before = clock.now() - settings.DELIVERIES_KEPT
    old = Delivery.objects.filter(done_at__lte=before).order_by("done_at")
    with transaction.atomic(durable=True):
        rows = list(old.select_for_update(skip_locked=True, of=("self",))[:batch])
        sums: Counter[_Sum] = Counter(_sum_of(row) for row in rows)
        # In one order, so that two clean-ups do not wait for each other.
        for each in sorted(sums):
            _add(each, sums[each])
        _delete([row.pk for row in rows])
    return len(rows)


def delete_of_lane(lane: str, *, batch: int) -> int:
    """Deletes at most `batch` deliveries of a lane, those that wait too, and counts none.

    Opens its own transaction. Returns how many. Skips locked ones, which are being recorded.
    """
    rows = Delivery.objects.filter(lane=lane).order_by("-pk")
    with transaction.atomic(durable=True):
        locked = rows.select_for_update(skip_locked=True, of=("self",))
        ids = list(locked.values_list("pk", flat=True)[:batch])
        _delete(ids)
    return len(ids)


def _delete(ids: Sequence[int]) -> None:
    Attempt.objects.filter(delivery__in=ids).delete()
    Delivery.objects.filter(pk__in=ids).delete()


def _sum_of(row: Delivery) -> _Sum:
    assert row.done_at is not None
    day = row.done_at.astimezone(UTC).date()
    return day, row.venue_id or 0, row.kind, row.channel, row.outcome


def _add(each: _Sum, number: int) -> None:
    day, venue_id, kind, channel, outcome = each
    row, is_new = DeliveryCount.objects.get_or_create(
        day=day,
        venue_id=venue_id,
        kind=kind,
        channel=channel,
        outcome=outcome,
        defaults={"count": number},
    )
    if not is_new:
        DeliveryCount.objects.filter(pk=row.pk).update(count=F("count") + number)
