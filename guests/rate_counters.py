"""Counts for rates, stored as rows: exact over all processes, and independent of the cache."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from guests.models import Tally
from guests.rates import Allowance, read_rate

KEPT = timedelta(days=2)
"""How long a count is stored: longer than the period of any rate."""


def name(*parts: str) -> str:
    """The key of a count: a keyed digest of its parts.

    The parts must not be readable later: people sometimes type their password into the field for
    their e-mail address.
    """
    return salted_hmac("guests.tallies", "\n".join(parts), algorithm="sha256").hexdigest()


def read(who: str, rate: str) -> Allowance:
    """What is left of the rate (such as `20/m`) now. Counts nothing and takes no lock."""
    return read_each([(who, rate)])[0]


def read_each(counters: Sequence[tuple[str, str]]) -> list[Allowance]:
    """What is left of each (name, rate), in this order, by one query."""
    now = timezone.now()
    rows = Tally.objects.in_bulk([who for who, _ in counters])
    left = []
    for who, rate in counters:
        row = rows.get(who)
        left.append(_left(row if row and _is_current(row, now, rate) else None, now, rate))
    return left


def count(who: str, rate: str) -> Allowance:
    """Counts one more, and returns what is left of the rate (such as `20/m`).

    Opens its own transaction and locks the row, so that each of several callers at once gets
    another number.
    """
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
    """Deletes at most `batch` counts older than KEPT. Returns how many.

    Opens its own transaction.
    """
    stale = Tally.objects.filter(since__lte=timezone.now() - KEPT).order_by("pk")
    with transaction.atomic(durable=True):
        rows = stale.select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch]
        return Tally.objects.filter(pk__in=list(rows)).delete()[0]


def _is_current(row: Tally, now: datetime, rate: str) -> bool:
    """True when the row still counts.

    A row far in the future comes from a clock that was corrected.
    """
    _, period = read_rate(rate)
    return now - period < row.since <= now + period


def _left(row: Tally | None, now: datetime, rate: str) -> Allowance:
    limit, period = read_rate(rate)
    if row is None:
        return Allowance(limit=limit, period=period, used=0, wait=period)
    wait = min(row.since + period - now, period)
    return Allowance(limit=limit, period=period, used=row.count, wait=wait)
