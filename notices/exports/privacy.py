"""The room of exports: a person's files go with them, and so do a venue's that name them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from notices.exports import files
from notices.models import Export
from notices.models.export import ExportKind, ExportQuerySet
from reservations import clock
from reservations.models import Reservation
from reservations.privacy.rooms import PersonalRows

_TOLD = ("kind", "state", "rows", "created_at", "done_at", "ends_at")


class Exports:
    """Files that people asked for. Each holds what was known when it was written."""

    def keep(self) -> Q:
        """Keeps nothing."""
        return Q()

    def blank(self, rows: PersonalRows) -> dict[str, int]:
        """Deletes the person's files. Files of venues that hold a reservation of theirs end, and
        begin anew where they are not complete. Returns how many there were.
        """
        _let_no_part_be_recorded(rows)
        mine, venues = _of(rows), _naming(rows)
        counts = {"exports": mine.count() + venues.count()}
        for pk in [*mine.values_list("pk", flat=True), *venues.values_list("pk", flat=True)]:
            transaction.on_commit(partial(files.delete, pk), robust=True)
        mine.delete()
        begun_anew = {"parts": [], "rows": 0, "last_id": 0, "claimed_by": ""}
        # In this order: one that is open has no end yet.
        for export in venues.open():
            Export.objects.filter(pk=export.pk).update(**begun_anew, next_try_at=clock.now())
        venues.filter(done_at__isnull=False).update(ends_at=clock.now(), parts=[])
        return counts

    def count(self, rows: PersonalRows) -> dict[str, int]:
        """Returns how many `blank` would delete or end."""
        return {"exports": _of(rows).count() + _naming(rows).count()}

    def export(self, rows: PersonalRows) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Returns which files the person asked for, oldest first."""
        return {"exports": list(_of(rows).order_by("pk").values(*_TOLD))}


def _of(rows: PersonalRows) -> ExportQuerySet:
    return Export.objects.filter(user__in=rows.user_ids).order_by()


def _let_no_part_be_recorded(rows: PersonalRows) -> None:
    """Takes the claims of files of these venues: a part that is being written may name the person.

    Until the erasure is committed no other claim can be made. What was recorded stays.
    """
    venues = Reservation.objects.filter(pk__in=rows.reservation_ids).values("venue")
    running = Export.objects.open().filter(kind=ExportKind.VENUE, venue__in=venues)
    running.update(claimed_by="", attempts=0, next_try_at=clock.now())


def _naming(rows: PersonalRows) -> ExportQuerySet:
    """Returns venues' files that hold one of the reservations, as far as ids tell."""
    found = Export.objects.filter(kind=ExportKind.VENUE, last_id__gt=0).order_by()
    named = Q(pk__in=())
    begun = Reservation.objects.filter(pk__in=rows.reservation_ids)
    # The newest first, so that the oldest of each venue stays.
    oldest = dict(begun.order_by("-pk").values_list("venue_id", "pk"))
    for venue, pk in oldest.items():
        named |= Q(venue=venue, last_id__gte=pk)
    # A file that ended has lost its parts, and is counted once.
    ended = Q(done_at__isnull=False, parts=[])
    return found.filter(named).exclude(ended).exclude(user__in=rows.user_ids)
