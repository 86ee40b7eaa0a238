"""Judges If-Match and If-None-Match, by the ETags of reservations."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from api import documents
from guests.callers import Caller
from reservations import clock, records
from reservations.errors import ChangedMeanwhile
from reservations.models import Reservation
from reservations.rules import modes, parties
from reservations.rules.guest_fields import DETAILS
from reservations.rules.references import may_see_notes
from venues.hours import Window

_NO_VERSION = 0
"""No reservation has this version."""


@contextmanager
def judged(request: HttpRequest, seen: Reservation, *, is_repeat: bool = False) -> Iterator[None]:
    """Judges the conditions of a request that changes a reservation, as it was seen.

    Inside the block, saving another version raises ChangedMeanwhile. A repeat that changes nothing
    saves nothing, so it is accepted whatever its tag. Raises ChangedMeanwhile at once for anything
    but a repeat, and where If-None-Match asks that there be no such row.
    """
    unwanted = request.headers.get("If-None-Match")
    if unwanted is not None and _names(unwanted, seen):
        raise ChangedMeanwhile
    wanted = request.headers.get("If-Match")
    if wanted is None or _names(wanted, seen):
        version = seen.version if wanted is not None and wanted.strip() != "*" else None
    elif is_repeat:
        version = _NO_VERSION
    else:
        raise ChangedMeanwhile
    if version is None:
        yield
        return
    with records.expecting(seen.pk, version):
        yield


def is_known(request: HttpRequest, row: Reservation) -> bool:
    """True when the caller has the document of this reservation as it is now, by If-None-Match.

    Some of it changes with time alone, such as the status; then it is not the one they have.
    """
    tags = request.headers.get("If-None-Match")
    if tags is None or not _names(tags, row):
        return False
    since = row.events.order_by("-pk").values_list("recorded_at", flat=True).first()
    return since is not None and _at(row, since) == _at(row, clock.now())


def is_as_asked(seen: Reservation, asked: Mapping[str, Any], *, by: Caller) -> bool:
    """Says whether the reservation has these values already, so that to ask again changes nothing.

    `asked` is by field of the API. A unit or category is never judged so, since naming one fixes
    it. Who may not say a thing learns nothing of it here.
    """
    sold = Window(seen.starts_at, seen.ends_at)
    nights = modes.dates(seen.venue, sold) or (None, None)
    present = {
        "starts_at": sold.start,
        "ends_at": sold.end,
        "check_in": nights[0],
        "check_out": nights[1],
        "guest_count": seen.guest_count,
        "adults": parties.adults_of(seen),
        "children": parties.children_of(seen),
        "language": seen.language,
        **{name: getattr(seen, name) for name in DETAILS},
    }
    if may_see_notes(seen.partner, seen.venue_id, by):
        present["metadata"] = seen.metadata or {}
    if by.kind == "partner":
        present["reference"] = seen.reference or ""
    return all(name in present and value == present[name] for name, value in asked.items())


def not_modified(row: Reservation) -> HttpResponse:
    """Returns the answer 304 with the ETag of a reservation."""
    response = HttpResponse(status=304)
    response["ETag"] = documents.etag(row)
    return response


def _names(tags: str, row: Reservation) -> bool:
    return tags.strip() == "*" or documents.etag(row) in (tag.strip() for tag in tags.split(","))


def _at(row: Reservation, now: datetime) -> dict[str, object]:
    return documents.reservation(row, now)
