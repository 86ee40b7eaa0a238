"""The live board: word of every change of a unit's time, to whoever watches a venue.

A socket only tells; who was away asks /slots or /plan again. Nothing personal is said on it.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import transaction
from redis import RedisError

from api import hub
from api.schemas import to_z
from reservations import clock
from reservations.models import Allocation, Event
from venues.hours import Window
from venues.models import Venue

log = logging.getLogger(__name__)

UNKNOWN_VENUE = 4404
"""Close code: there is no such venue."""
FELL_BEHIND = 1013
"""Close code, "try again later": more was told than this page took."""


class Board(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels is untyped
    """Says hello, then hands on what `tell` has told of the venue."""

    place: hub.Place | None = None
    task: asyncio.Task[None]

    async def connect(self) -> None:
        slug = self.scope["url_route"]["kwargs"]["slug"]
        venue_id = await database_sync_to_async(_venue_id)(slug)
        # Accepted first: a browser is not told the code of a refused handshake.
        await self.accept()
        if venue_id is None:
            await self.close(UNKNOWN_VENUE)
            return
        self.place = hub.Place(venue_id, lambda: _hello(slug))
        hub.here().join(self.place)
        self.task = asyncio.create_task(self._hand_on(self.place))

    async def disconnect(self, code: int) -> None:
        if self.place is not None:
            hub.here().leave(self.place)
            self.task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Whatever is said here is not heard: commands have their own calls."""

    async def _hand_on(self, place: hub.Place) -> None:
        # A page that does not read waits here, and nobody waits for it.
        with suppress(OSError, RuntimeError):  # the page has gone meanwhile
            async for word in place.words():
                await self.send(text_data=word)
            await self.close(FELL_BEHIND)


def tell(event: Event) -> None:
    """Tell a venue's boards what an event changed, once its dispatch has committed."""
    if event.reservation_id is None and "closure" not in event.data:
        return
    words = [_line(message) for message in _messages(event)]
    transaction.on_commit(lambda: _publish(event.venue_id, words))


def _venue_id(slug: str) -> int | None:
    return Venue.objects.filter(slug=slug, is_active=True).values_list("pk", flat=True).first()


def _hello(slug: str) -> str:
    return _line({"type": "hello", "venue": slug, "at": to_z(clock.now())})


def _line(message: dict[str, Any]) -> str:
    """Written once, however many read it."""
    return orjson.dumps(message).decode()


def _publish(venue_id: int, words: list[str]) -> None:
    try:
        hub.publish(venue_id, words)
    except (RedisError, OSError) as error:
        # Boards ask again once it is back; nothing else may suffer.
        log.warning("Boards were not told: %s", error)


def _messages(event: Event) -> Iterator[dict[str, Any]]:
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
    """What an event's rows take now, and what is free of all that they took or were sold.

    Words may arrive late or out of order, so only time that nobody else has by now is free.
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
        freed = [(row.resource_id, window) for window in seen]
        if event.name == "reservation.reseated":
            freed.append((int(event.data["from"]), own))
        for resource, window in freed:
            for gap in _gaps(resource, window, now, but=row):
                yield resource, gap, "free"


def _takes(row: Allocation, event: Event, now: datetime) -> bool:
    is_over = row.ends_at <= now and event.name == "reservation.completed"
    is_lapsed = row.lapses_at is not None and row.lapses_at <= now
    return row.is_live and not is_lapsed and not is_over


def _given_back(row: Allocation, event: Event) -> list[Window]:
    """What comes after the end of a live row and was sold, or taken, before."""
    ends = [datetime.fromisoformat(text) for text in event.data.get("before", [])[1:]]
    if row.reservation is not None:
        ends.append(row.reservation.ends_at)
    last = max(ends, default=row.ends_at)
    return [Window(row.ends_at, last)] if row.is_live and row.ends_at < last else []


def _gaps(resource: int, window: Window, now: datetime, *, but: Allocation) -> Iterator[Window]:
    """The stretches of a window in which no row but this one takes the unit."""
    others = Allocation.objects.filter(resource_id=resource).exclude(pk=but.pk)
    others = others.taking_time(at=now).overlapping(window.start, window.end)
    start = window.start
    for begins, ends in others.order_by("starts_at").values_list("starts_at", "ends_at"):
        if start < begins:
            yield Window(start, begins)
        start = max(start, ends)
    if start < window.end:
        yield Window(start, window.end)
