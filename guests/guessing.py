"""Failed log-ins, counted in the database: guessing stays limited whatever else is away.

Nobody learns of more than the rate's number of passwords whether they are right, over any number
of processes and however many are tried at the same moment: the verdict is given only after the
failure was counted under the row's lock. Whoever knows the password is never counted.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from guests.allowance import Allowance, read_rate
from guests.emails import fold
from guests.errors import CredentialsInvalid, TooManyFailures
from guests.models import FailedLogIns, User

KEPT = timedelta(days=2)
"""Longer than any period of the rate."""


def attempt(verify: Callable[[], User], *, email: str, place: str) -> tuple[User, Allowance]:
    """Whom `verify` finds; it raises CredentialsInvalid, which counts for the address at `place`.

    Raises TooManyFailures once the rate is reached, before the password is looked at; what was
    being looked at meanwhile stays untold, right or wrong.
    """
    who = _digest(email, place)
    _judge(_allowance(who))
    try:
        user = verify()
    except CredentialsInvalid as wrong:
        wrong.allowance = _count(who)
        if wrong.allowance.used > wrong.allowance.limit:
            raise TooManyFailures(wrong.allowance) from None
        raise
    allowance = _allowance(who)
    _judge(allowance)
    return user, allowance


def forget_old(*, batch: int) -> int:
    """Delete counts that hold nobody back any more; returns how many."""
    stale = FailedLogIns.objects.filter(since__lte=timezone.now() - KEPT).order_by("pk")
    with transaction.atomic(durable=True):
        rows = stale.select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch]
        return FailedLogIns.objects.filter(pk__in=list(rows)).delete()[0]


def _judge(allowance: Allowance) -> None:
    if allowance.used >= allowance.limit:
        raise TooManyFailures(allowance)


def _allowance(who: str) -> Allowance:
    now = timezone.now()
    row = FailedLogIns.objects.filter(pk=who).first()
    return _left(row, now) if row and _is_current(row, now) else _left(None, now)


def _count(who: str) -> Allowance:
    now = timezone.now()
    with transaction.atomic(durable=True):
        begun = {"since": now, "count": 0}
        row, _ = FailedLogIns.objects.select_for_update().get_or_create(pk=who, defaults=begun)
        if not _is_current(row, now):
            row.since, row.count = now, 0
        row.count += 1
        row.save(update_fields=["since", "count"])
    return _left(row, now)


def _is_current(row: FailedLogIns, now: datetime) -> bool:
    """Whether it still counts; one far ahead was written by a clock that has been put right."""
    _, period = read_rate(settings.LOGIN_FAILURE_RATE)
    return now - period < row.since <= now + period


def _left(row: FailedLogIns | None, now: datetime) -> Allowance:
    limit, period = read_rate(settings.LOGIN_FAILURE_RATE)
    if row is None:
        return Allowance(limit=limit, period=period, used=0, wait=period)
    wait = min(row.since + period - now, period)
    return Allowance(limit=limit, period=period, used=row.count, wait=wait)


def _digest(email: str, place: str) -> str:
    # Keyed: what people type for their address is now and then their password.
    return salted_hmac("guests.guessing", f"{fold(email)} {place}", algorithm="sha256").hexdigest()
