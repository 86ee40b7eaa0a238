"""Counts that limits stand on, as rows: exact over all processes, whatever else is away."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from guests.models import Tally
from guests.rates import Allowance, read_rate

KEPT = timedelta(days=2)
"""Longer than any period of a rate."""


def name(*parts: str) -> str:
    """What a count is kept under: keyed, since the parts are nobody's business afterwards.

    What people type for their address is now and then their password.
    """
    return salted_hmac("guests.tallies", "\n".join(parts), algorithm="sha256").hexdigest()


def read(who: str, rate: str) -> Allowance:
    """What is left, counting nothing."""
    now = timezone.now()
    row = Tally.objects.filter(pk=who).first()
    return _left(row if row and _is_current(row, now, rate) else None, now, rate)


def count(who: str, rate: str) -> Allowance:
    """What is left after one more; of several at once each is told another number."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        begun = {"since": now, "count": 0}
        row, _ = Tally.objects.select_for_update().get_or_create(pk=who, defaults=begun)
        if not _is_current(row, now, rate):
            row.since, row.count = now, 0
        row.count += 1
        row.save(update_fields=["since", "count"])
    return _left(row, now, rate)


def forget_old(*, batch: int) -> int:
    """Delete counts that hold nobody back any more; returns how many."""
    stale = Tally.objects.filter(since__lte=timezone.now() - KEPT).order_by("pk")
    with transaction.atomic(durable=True):
        rows = stale.select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch]
        return Tally.objects.filter(pk__in=list(rows)).delete()[0]


def _is_current(row: Tally, now: datetime, rate: str) -> bool:
    """Whether it still counts; one far ahead was written by a clock that has been put right."""
    _, period = read_rate(rate)
    return now - period < row.since <= now + period


def _left(row: Tally | None, now: datetime, rate: str) -> Allowance:
    limit, period = read_rate(rate)
    if row is None:
        return Allowance(limit=limit, period=period, used=0, wait=period)
    wait = min(row.since + period - now, period)
    return Allowance(limit=limit, period=period, used=row.count, wait=wait)
