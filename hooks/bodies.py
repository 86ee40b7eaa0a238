"""The bodies of webhooks: thin by default, without anything that a person said or is called."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from hooks.catalogue import TYPES
from reservations import clock
from reservations.models import Allocation, Event, Reservation
from reservations.status import status_of

MOST_LISTED = 25
"""Ids that a list in a body holds: a body is smaller than a kilobyte."""

_renderers: list[Callable[[Reservation], dict[str, Any]]] = []


def render_reservations_with(render: Callable[[Reservation], dict[str, Any]]) -> None:
    """Names what writes a whole reservation, for `AppConfig.ready`. The last one counts."""
    _renderers.append(render)


def thin(event: Event) -> dict[str, Any]:
    """Returns the document of an event as a partner may see it.

    It has the reservation's facts of this moment, and no personal data.
    """
    data = _of_reservation(event, event.reservation) if event.reservation else _of_venue(event)
    return document(event.name, event.at, data)


def fat(event: Event) -> dict[str, Any]:
    """Returns the thin document with the whole reservation in it, where there is one."""
    told = thin(event)
    if event.reservation and _renderers:
        told["data"]["reservation"] = _renderers[-1](event.reservation)
    return told


def document(name: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """Returns the document of a webhook."""
    return {"type": name, "timestamp": _z(at), "data": data}


def text(told: dict[str, Any]) -> str:
    """Returns a document as it is sent."""
    return orjson.dumps(told, option=orjson.OPT_UTC_Z, default=str).decode()


def _of_reservation(event: Event, row: Reservation) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "code": row.code,
        "venue": event.venue.slug,
        "sequence": event.pk,
        "status": status_of(row, clock.now()).word,
        "version": row.version,
        "starts_at": _z(row.starts_at),
        "ends_at": _z(row.ends_at),
        "resource": _unit(row),
        # Names of fields alone: what they held is asked for by who may read it.
        "changed": sorted(event.data.get("changed") or ()),
    }


def _of_venue(event: Event) -> dict[str, Any]:
    shown = TYPES[event.name].properties if event.name in TYPES else {}
    facts = {name: _cut(value) for name, value in event.data.items() if name in shown}
    return {"venue": event.venue.slug, "sequence": event.pk, **facts}


def _unit(row: Reservation) -> str | None:
    taken = list(Allocation.objects.filter(reservation=row).order_by("pk"))
    last = [one for one in taken if one.is_live] or taken[-1:]
    return str(max(last, key=lambda one: one.ends_at).resource_id) if last else None


def _cut(value: Any) -> Any:
    return value[:MOST_LISTED] if isinstance(value, list) else value


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
