"""Exports as jobs: started once, written part after part by any worker, ended, deleted.

Each part is claimed with a lease and recorded by compare-and-set, like deliveries. A worker that is
killed loses at most the part it was writing: the lease ends, and another goes on after the last
part that was recorded.
"""

import logging
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from guests import callers
from guests.models import User
from notices import outgoing
from notices.exports import columns, files, selection
from notices.models import Delivery, Export
from notices.models.delivery import Channel
from notices.models.export import ExportKind, ExportState
from reservations import clock
from reservations.models import Reservation
from reservations.privacy import access_log
from reservations.rules import languages, permissions
from reservations.rules.permissions import Act
from spelling import csv_files
from venues.models import Venue

log = logging.getLogger(__name__)

SLICE = 1_000
"""Reservations in one part. Memory holds no more, however long the file is."""
LEASE = timedelta(seconds=60)
"""How long a claim of a part holds; a part takes about a second."""
PAUSE = timedelta(seconds=20)
"""Before a part that failed is tried again, times the attempts so far."""
TRIES = 5
"""Attempts at one part before the export fails."""
MOST_KEPT = 10
"""Files of one kind that a person has at a time. The oldest end when more are made."""
DONE = "export.done"
"""The kind of the letter that says that a file is ready."""

_listeners: list[Callable[[Export], None]] = []


def on_changed(listener: Callable[[Export], None]) -> None:
    """Registers `listener`, which is called after each commit that changed an export."""
    if listener not in _listeners:
        _listeners.append(listener)


def start(
    user: User,
    kind: str,
    *,
    venue: Venue | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    language: str = "",
) -> Export:
    """Starts an export of stays that begin in [since, until). While one runs, returns that one.

    The caller has checked that `user` may have it; it is asked again when it is written and read.
    Opens its own transaction.
    """
    now = clock.now()
    key = f"{user.pk}:{kind}:{venue.pk if venue else ''}"
    draft = Export(
        user=user,
        kind=kind,
        venue=venue,
        since=since,
        until=until,
        language=language,
        open_key=key,
        created_at=now,
        next_try_at=now,
    )
    with transaction.atomic():
        Export.objects.bulk_create([draft], ignore_conflicts=True)
        export = Export.objects.filter(open_key=key).first()
        if export is None:
            # It ended at this very moment: that is the one that was asked for.
            export = Export.objects.filter(user=user, kind=kind, venue=venue).latest("pk")
        if export.state == ExportState.WAITING:
            _tell(export)
    return export


def write_part() -> Export | None:
    """Writes the next part of the export that waits longest. Returns it, or None for none due.

    Safe to run in several processes at once.
    """
    export = _claim()
    if export is None or export.state == ExportState.FAILED:
        return export
    if not is_allowed(export):
        _give_up(export)
        return export
    try:
        now = clock.now()
        rows = selection.after(export, export.last_id, most=SLICE, now=now)
        part = files.save(export.pk, _name(export), _text(export, rows, now))
    except Exception:
        log.exception("A part of export %s could not be written", export.pk)
        _record_failure(export)
    else:
        _note_readers(export, rows)
        _record(export, part, rows)
    return export


def is_ready(export: Export) -> bool:
    """Says whether its owner can have the file now. Runs up to two queries for one of a venue."""
    is_over = export.ends_at is None or export.ends_at <= clock.now()
    return export.state == ExportState.DONE and not is_over and is_allowed(export)


def is_allowed(export: Export) -> bool:
    """Says whether who asked for it may have it still: roles end, also while it is written."""
    user = export.user
    if not user.is_active:
        return False
    if export.kind != ExportKind.VENUE or export.venue_id is None:
        return True
    return permissions.may(callers.for_user(user), Act.EXPORTS, export.venue_id)


def note_told(exports: Collection[Export]) -> None:
    """Notes that their owner sees that these are done."""
    if exports:
        ids = [one.pk for one in exports]
        Export.objects.filter(pk__in=ids).update(told_at=clock.now())


def delete_old(*, batch: int) -> int:
    """Deletes exports that are over, with their files. Returns how many, at most `batch`."""
    now = clock.now()
    old = Export.objects.filter(done_at__isnull=False, ends_at__lte=now).order_by("ends_at")
    ids = list(old.values_list("pk", flat=True)[:batch])
    for pk in ids:
        files.delete(pk)
    return Export.objects.filter(pk__in=ids).delete()[0]


def delete_orphans() -> int:
    """Deletes files of which no export is left. Returns of how many exports."""
    stored = files.ids()
    orphans = stored.difference(Export.objects.filter(pk__in=stored).values_list("pk", flat=True))
    return sum(bool(files.delete(pk)) for pk in orphans)


def _claim() -> Export | None:
    now = clock.now()
    with transaction.atomic(durable=True):
        due = Export.objects.due(now).order_by("next_try_at", "pk")
        export = due.select_for_update(skip_locked=True, of=("self",)).first()
        if export is None:
            return None
        if export.attempts >= TRIES:
            _end(export, ExportState.FAILED, now)
            return export
        export.state = ExportState.RUNNING
        export.claimed_by, export.next_try_at = uuid.uuid4().hex, now + LEASE
        export.attempts += 1
        export.save(update_fields=["state", "claimed_by", "next_try_at", "attempts"])
    return export


def _text(export: Export, rows: list[Reservation], now: datetime) -> str:
    head = "" if export.parts else csv_files.row(columns.header(export))
    write = columns.writer(export)
    return head + csv_files.rows(write(row, now) for row in rows)


def _name(export: Export) -> str:
    # A worker that was thought dead writes to a name of its own.
    return f"{len(export.parts):05}-{export.claimed_by[:8]}"


def _note_readers(export: Export, rows: list[Reservation]) -> None:
    if export.kind == ExportKind.VENUE:
        access_log.record(
            f"user:{export.user_id}",
            "staff",
            place="export",
            why=access_log.EXPORT,
            rows=[(row.venue_id, row.pk) for row in rows],
        )


def _record(export: Export, part: str, rows: list[Reservation]) -> None:
    now = clock.now()
    with transaction.atomic(durable=True):
        held = _held(export)
        if held is None:
            return
        held.parts.append(part)
        held.rows += len(rows)
        held.last_id = rows[-1].pk if rows else held.last_id
        held.attempts, held.claimed_by, held.next_try_at = 0, "", now
        if len(rows) < SLICE:
            _end(held, ExportState.DONE, now)
            outgoing.add(_letters(held, now))
        else:
            held.save()
            _tell(held)
    if held.state == ExportState.DONE:
        files.delete(held.pk, keep=held.parts)


def _give_up(export: Export) -> None:
    """Ends an export whose owner may not have it any more, with what was written of it."""
    with transaction.atomic(durable=True):
        held = _held(export)
        if held is None:
            return
        held.parts = []
        _end(held, ExportState.FAILED, clock.now())
    files.delete(export.pk)


def _record_failure(export: Export) -> None:
    now = clock.now()
    with transaction.atomic(durable=True):
        held = _held(export)
        if held is None:
            return
        if held.attempts >= TRIES:
            _end(held, ExportState.FAILED, now)
        else:
            held.claimed_by, held.next_try_at = "", now + held.attempts * PAUSE
            held.save(update_fields=["claimed_by", "next_try_at"])


def _held(export: Export) -> Export | None:
    """Returns the export, locked, if this claim still holds."""
    rows = Export.objects.open().filter(pk=export.pk, claimed_by=export.claimed_by)
    return rows.select_for_update(of=("self",)).first()


def _end(export: Export, state: str, now: datetime) -> None:
    export.state, export.open_key, export.claimed_by = state, None, ""
    export.done_at, export.ends_at = now, now + settings.EXPORT_KEPT
    export.save()
    of_kind = Export.objects.filter(user=export.user_id, kind=export.kind, ends_at__gt=now)
    kept = of_kind.order_by("-pk").values_list("pk", flat=True)[:MOST_KEPT]
    of_kind.exclude(pk__in=list(kept)).update(ends_at=now)
    _tell(export)


def _letters(export: Export, now: datetime) -> list[Delivery]:
    """Returns the letter that says it is done, where its owner takes letters."""
    user = export.user
    if not user.email or not user.receive_email_updates:
        return []
    return [
        Delivery(
            kind=DONE,
            channel=Channel.MAIL,
            lane="mail",
            to=user.email,
            language=languages.of_user(user, asked=export.language),
            user=user,
            venue_id=export.venue_id,
            dedupe=f"export:{export.pk}:mail",
            data={"export": export.pk, "rows": export.rows},
            created_at=now,
            next_try_at=now,
            useful_until=export.ends_at,
        )
    ]


def _tell(export: Export) -> None:
    for listener in _listeners:
        transaction.on_commit(lambda told=listener: told(export), robust=True)  # type: ignore[misc]
