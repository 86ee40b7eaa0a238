"""Records who at work viewed personal data of others: which reader, where, whose, and why."""

import json
import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
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

_Shown = dict[str, list[tuple[int | None, int]]]
"""By column of the log: pairs of a venue's id, or None, and the id that the column gets."""

# The rows of the JSON text `shown`. A list of a hundred is recorded in one statement, because as
# objects of the ORM it would cost more than the list itself.
_FROM = {
    "postgresql": "json_to_recordset(%(shown)s::json) AS shown(venue bigint, pk bigint)",
    "sqlite": """(
        SELECT json_extract(value, '$.venue') AS venue, json_extract(value, '$.pk') AS pk
        FROM json_each(%(shown)s)
    ) AS shown""",
}


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

    One statement for reservations and one for accounts. Never raises: if it cannot be written, the
    reader is served and the log of the server says so.
    """
    shown: _Shown = {
        "reservation_id": list(dict.fromkeys(rows)),
        "user_id": [(None, pk) for pk in dict.fromkeys(user_ids)],
    }
    if not any(shown.values()):
        return
    try:
        with transaction.atomic():
            _write(reader, kind, place, why, shown)
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


def _write(reader: str, kind: str, place: str, why: AccessRecord.Why, shown: _Shown) -> None:
    now = clock.now()
    facts = {"reader": reader, "reader_kind": kind, "place": place, "why": str(why)}
    times = {"now": _adapted(now), "since": _adapted(now - ONCE_IN)}
    with connection.cursor() as cursor:
        for column, pairs in shown.items():
            if pairs:
                found = json.dumps([{"venue": venue, "pk": pk} for venue, pk in pairs])
                cursor.execute(_statement(column), {**facts, **times, "shown": found})


def _statement(column: str) -> str:
    source = _FROM[connection.vendor]
    return f"""
INSERT INTO reservations_accessrecord
    (reader, reader_kind, place, why, venue_id, {column}, at)
SELECT %(reader)s, %(reader_kind)s, %(place)s, %(why)s, shown.venue, shown.pk, %(now)s
FROM {source} WHERE NOT EXISTS (
    SELECT 1 FROM reservations_accessrecord AS known
    WHERE known.{column} = shown.pk AND known.at > %(since)s
    AND known.reader = %(reader)s AND known.place = %(place)s AND known.why = %(why)s
)
"""  # noqa: S608 - the names of our own columns


def _adapted(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)
