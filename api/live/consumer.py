"""The live board: a WebSocket that sends a message for every change of a unit's time at a venue.

The socket only sends. After a break, a page asks /slots or /plan again. Messages hold no personal
data.
"""

import logging

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import transaction
from redis import RedisError

from api.live import hub, messages
from api.schemas import to_z
from reservations import clock
from reservations.models import Event
from venues.models import Venue

log = logging.getLogger(__name__)

UNKNOWN_VENUE = 4404
"""Close code: there is no such venue."""


class Board(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels is untyped
    """Joins the hub, which greets the socket and then sends the messages of the venue."""

    place: hub.Place | None = None

    async def connect(self) -> None:
        """Accepts the socket and joins the hub. Closes with UNKNOWN_VENUE if there is no such
        venue.
        """
        slug = self.scope["url_route"]["kwargs"]["slug"]
        venue_id = await database_sync_to_async(_venue_id)(slug)
        # Accept first: a browser does not learn the close code of a refused handshake.
        await self.accept()
        if venue_id is None:
            await self.close(UNKNOWN_VENUE)
            return
        self.place = hub.Place(venue_id, self.base_send, greeting=lambda: _hello(slug))
        hub.here().join(self.place)

    async def disconnect(self, code: int) -> None:
        """Leaves the hub."""
        if self.place is not None:
            hub.here().leave(self.place)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignores all input. Commands go through the HTTP API."""


def tell(event: Event) -> None:
    """Sends an event to the boards after the dispatch commits. A handler of the outbox.

    The hub skips events that it sent before.
    """
    if messages.is_of_time(event):
        transaction.on_commit(lambda: announce([event.pk]))


def announce(event_ids: list[int]) -> None:
    """Sends committed events (their ids) to the boards now. Never raises: the outbox sends them
    again.
    """
    try:
        hub.publish(event_ids)
    except (RedisError, OSError) as error:
        log.warning("Boards were not told: %s", error)


def _venue_id(slug: str) -> int | None:
    return Venue.objects.filter(slug=slug, is_active=True).values_list("pk", flat=True).first()


def _hello(slug: str) -> str:
    return messages.line({"type": "hello", "venue": slug, "at": to_z(clock.now())})
