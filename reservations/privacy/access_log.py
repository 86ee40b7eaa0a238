"""Records who at work viewed personal data of others: which reader, where, whose, and why."""

import logging
from collections.abc import Collection, Iterable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from guests.callers import Caller
from reservations import clock
from reservations.models import AccessRecord
from reservations.privacy.subjects import DataSubject

log = logging.getLogger(__name__)

SEARCH, OPEN, EXPORT = AccessRecord.Why.SEARCH, AccessRecord.Why.OPEN, AccessRecord.Why.EXPORT

ONCE_IN = timedelta(minutes=10)
"""A reader who views one person at one place again within this time is recorded once."""

NOT_AT_WORK = ("guest", "anonymous", "system")
"""Kinds of caller that are not recorded: guests see their own data only."""

Row = tuple[int, int]
"""Ids of a venue and of one of its reservations."""


def record_call(by: Caller, place: str, why: AccessRecord.Why, rows: Iterable[Row]) -> None:
    """Records reservations that a caller was shown, if the caller is at work at their venues."""
    if by.kind in NOT_AT_WORK:
        return
    others = [(venue, pk) for venue, pk in rows if by.may_run(venue)]
    record(by.name, by.kind, place=place, why=why, rows=others)


def record(
    reader: str,
    kind: str,
    *,
    place: str,
    why: AccessRecord.Why,
    rows: Collection[Row] = (),
    user_ids: Collection[int] = (),
) -> None:
    """Records that a reader was shown these reservations and accounts.

    One query, and one insert for all that are new. Never raises: if it cannot be written, the
    reader is served and the log of the server says so.
    """
    if not rows and not user_ids:
        return
    try:
        with transaction.atomic():
            _write(reader, kind, place, why, rows, user_ids)
    except DatabaseError:
        log.exception("Who viewed personal data could not be recorded")


def delete_old(*, batch: int) -> int:
    """Deletes records that were kept long enough. Returns how many, at most `batch`."""
    old = AccessRecord.objects.filter(at__lte=clock.now() - settings.ACCESS_LOG_KEPT)
    with transaction.atomic():
        ids = old.order_by("at").select_for_update(skip_locked=True).values_list("pk", flat=True)
        return AccessRecord.objects.filter(pk__in=list(ids[:batch])).delete()[0]


def of_subject(subject: DataSubject) -> QuerySet[AccessRecord]:
    """Returns the records about a person, newest first."""
    theirs = Q(reservation_id__in=subject.reservations().values("pk"))
    return AccessRecord.objects.filter(theirs | Q(user_id__in=subject.user_ids))


def _write(
    reader: str,
    kind: str,
    place: str,
    why: AccessRecord.Why,
    rows: Collection[Row],
    user_ids: Collection[int],
) -> None:
    now = clock.now()
    lately = AccessRecord.objects.filter(reader=reader, place=place, why=why, at__gt=now - ONCE_IN)
    known = Q(reservation_id__in=[pk for _, pk in rows]) | Q(user_id__in=user_ids)
    seen = set(lately.filter(known).values_list("reservation_id", "user_id"))
    facts = {"reader": reader, "reader_kind": kind, "place": place, "why": why, "at": now}
    new = [
        AccessRecord(**facts, venue_id=venue, reservation_id=pk)
        for venue, pk in dict.fromkeys(rows)
        if (pk, None) not in seen
    ]
    new += [AccessRecord(**facts, user_id=pk) for pk in user_ids if (None, pk) not in seen]
    if new:
        AccessRecord.objects.bulk_create(new)
