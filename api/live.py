"""The live board: word of every change of a unit's time, to whoever watches a venue.

A socket only tells; who was away asks /slots or /plan again. Nothing personal is said on it.
"""

import logging
from collections.abc import Iterator
from typing import Any

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from django.db import transaction

from api.schemas import to_z
from reservations import clock
from reservations.models import Allocation, Event, Reservation
from venues.models import Venue

log = logging.getLogger(__name__)

UNKNOWN_VENUE = 4404
"""Close code: there is no such venue."""


class Board(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels is untyped
    """Says hello, then hands on what `tell` sends to the venue's group."""

    group = ""

    async def connect(self) -> None:
        slug = self.scope["url_route"]["kwargs"]["slug"]
        venue_id = await database_sync_to_async(_venue_id)(slug)
        if venue_id is None:
            # Accepted first: a browser is not told the code of a refused handshake.
            await self.accept()
            await self.close(UNKNOWN_VENUE)
            return
        self.group = group_of(venue_id)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send_json({"type": "hello", "venue": slug, "at": to_z(clock.now())})

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Whatever is said here is not heard: commands have their own calls."""

    async def allocation(self, message: dict[str, Any]) -> None:
        await self.send_json(message)


def tell(event: Event) -> None:
    """Tell a venue's boards what an event changed, once its dispatch has committed."""
    if event.reservation_id is None and "closure" not in event.data:
        return
    messages = list(_messages(event))
    transaction.on_commit(lambda: _send(group_of(event.venue_id), messages))


def group_of(venue_id: int) -> str:
    """The group of everybody who watches a venue."""
    return f"venue.{venue_id}"


def _venue_id(slug: str) -> int | None:
    return Venue.objects.filter(slug=slug, is_active=True).values_list("pk", flat=True).first()


def _send(group: str, messages: list[dict[str, Any]]) -> None:
    layer = get_channel_layer()
    try:
        for message in messages:
            async_to_sync(layer.group_send)(group, message)
    except Exception as error:  # noqa: BLE001 - boards ask again; nothing else may suffer
        log.warning("Boards were not told: %r", error)


def _messages(event: Event) -> Iterator[dict[str, Any]]:
    rows = Allocation.objects.select_related("reservation")
    if event.reservation_id is None:
        rows = rows.filter(closure_id=event.data["closure"])
    else:
        rows = rows.filter(reservation_id=event.reservation_id)
    said = {
        "type": "allocation",
        "event": event.name,
        "at": to_z(event.at),
    }
    for row in rows.order_by("pk"):
        for resource, start, end, state in _stretches(row, event):
            yield {
                **said,
                "resource": str(resource),
                "starts_at": to_z(start),
                "ends_at": to_z(end),
                "state": state,
            }


def _stretches(row: Allocation, event: Event) -> Iterator[tuple[Any, ...]]:
    """A row's time as it is now: what it takes, what it gave back, where it was before."""
    now = clock.now()
    is_over = row.ends_at <= now and event.name == "reservation.completed"
    is_lapsed = row.lapses_at is not None and row.lapses_at <= now
    takes = row.is_live and not is_lapsed and not is_over
    yield row.resource_id, row.starts_at, row.ends_at, "taken" if takes else "free"
    sold: Reservation | None = row.reservation
    if takes and sold is not None and row.ends_at < sold.ends_at:
        yield row.resource_id, row.ends_at, sold.ends_at, "free"
    if event.name == "reservation.reseated":
        yield event.data["from"], row.starts_at, row.ends_at, "free"
