"""The messages of the live boards: which unit's time an event took, and which it made free.

They hold no personal data. Messages may come late or out of order, so each states what is true when
it is written.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from api.schemas import to_z
from reservations import clock
from reservations.allocation import presence
from reservations.event_types import CHECKED_OUT, COMPLETED, RESEATED
from reservations.models import Allocation, Event
from venues.hours import Window

DAY = timedelta(days=1)
"""How far ahead a unit is told as free whose guest left late."""


def words(event_ids: Collection[int], venue_ids: Collection[int]) -> dict[int, list[str]]:
    """Returns the messages of these events, as JSON texts by venue id, in the order of the events.

    Leaves out events of other venues.
    """
    found: defaultdict[int, list[str]] = defaultdict(list)
    events = Event.objects.filter(pk__in=event_ids, venue_id__in=venue_ids)
    for event in events.order_by("pk"):
        found[event.venue_id] += [line(one) for one in _messages(event)]
    return found


def is_of_time(event: Event) -> bool:
    """Says whether an event can change which time of a unit is taken. Money never does."""
    if event.name.startswith("payment."):
        return False
    return event.reservation_id is not None or "closure" in event.data


FILES_CHANGED = '{"type":"files"}'
"""The message to a person one of whose files has changed: which, the page reads for itself."""


def line(message: dict[str, Any]) -> str:
    """Returns a message as JSON. Write it once and send it to many sockets."""
    return orjson.dumps(message).decode()


def _messages(event: Event) -> Iterator[dict[str, Any]]:
    if not is_of_time(event):
        return
    said = {"type": "allocation", "event": event.name, "at": to_z(event.at)}
    for resource, window, state in _stretches(event, clock.now()):
        yield {
            **said,
            "resource": str(resource),
            "starts_at": to_z(window.start),
            "ends_at": to_z(window.end),
            "state": state,
        }


def _stretches(event: Event, now: datetime) -> Iterator[tuple[int, Window, str]]:
    """Yields the ranges that an event's rows take now, and the ranges that they no longer take.

    A range that somebody else takes by now is not free.
    """
    rows = Allocation.objects.select_related("reservation")
    if event.reservation_id is None:
        rows = rows.filter(closure_id=event.data["closure"])
    else:
        rows = rows.filter(reservation_id=event.reservation_id)
    for row in rows.order_by("pk"):
        own, seen = Window(row.starts_at, row.ends_at), _given_back(row, event)
        if _takes(row, event, now):
            yield row.resource_id, own, "taken"
        else:
            seen.append(own)
        freed = [(row.resource_id, window) for window in (*seen, *_left(row, event))]
        if event.name == RESEATED.name:
            freed.append((int(event.data["from"]), own))
        for resource, window in freed:
            for gap in _gaps(resource, window, now, but=row):
                yield resource, gap, "free"


def _takes(row: Allocation, event: Event, now: datetime) -> bool:
    is_over = row.ends_at <= now and event.name == COMPLETED.name
    is_lapsed = row.lapses_at is not None and row.lapses_at <= now
    return row.is_live and not is_lapsed and not is_over


def _given_back(row: Allocation, event: Event) -> list[Window]:
    """The ranges after the end of a live row that were sold or taken before."""
    ends = [datetime.fromisoformat(text) for text in _ends_before(event)]
    if row.reservation is not None:
        ends.append(row.reservation.ends_at)
    last = max(ends, default=row.ends_at)
    return [Window(row.ends_at, last)] if row.is_live and row.ends_at < last else []


def _left(row: Allocation, event: Event) -> list[Window]:
    """The time from now on of a unit that a guest left after their end, in a list; else []."""
    stay = row.reservation
    is_leaving = event.name == CHECKED_OUT.name and stay is not None and stay.checked_in_at
    if stay is None or not is_leaving or not row.is_live:
        return []
    is_late = stay.ends_at <= event.at and row.ends_at >= stay.ends_at
    return [Window(event.at, event.at + DAY)] if is_late else []


def _ends_before(event: Event) -> list[str]:
    """The end before the change, or []. Events of versions before 0.2 have it in `before`."""
    changed = event.data.get("changed", {})
    if isinstance(changed, dict) and "ends_at" in changed:
        return [changed["ends_at"]["from"]]
    return list(event.data.get("before", [])[1:])


def _gaps(resource: int, window: Window, now: datetime, *, but: Allocation) -> Iterator[Window]:
    """Yields the parts of a range in which no row but this one takes the unit.

    Leaves out the part that contains now while another guest is in the unit past their end.
    """
    for gap in _untaken(resource, window, now, but=but):
        is_now = gap.start <= now < gap.end
        if not is_now or presence.occupied_by(resource, now, but=but.reservation_id) is None:
            yield gap


def _untaken(resource: int, window: Window, now: datetime, *, but: Allocation) -> Iterator[Window]:
    others = Allocation.objects.filter(resource_id=resource).exclude(pk=but.pk)
    others = others.taking_time(at=now).overlapping(window.start, window.end)
    start = window.start
    for begins, ends in others.order_by("starts_at").values_list("starts_at", "ends_at"):
        if start < begins:
            yield Window(start, begins)
        start = max(start, ends)
    if start < window.end:
        yield Window(start, window.end)
