"""The live board: word of every change of a unit's time, to whoever watches a venue.

A socket only tells; who was away asks /slots or /plan again. Nothing personal is said on it.
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
    """Takes a place in the hub, which says hello and then what happens at the venue."""

    place: hub.Place | None = None

    async def connect(self) -> None:
        slug = self.scope["url_route"]["kwargs"]["slug"]
        venue_id = await database_sync_to_async(_venue_id)(slug)
        # Accepted first: a browser is not told the code of a refused handshake.
        await self.accept()
        if venue_id is None:
            await self.close(UNKNOWN_VENUE)
            return
        self.place = hub.Place(venue_id, self.base_send, greeting=lambda: _hello(slug))
        hub.here().join(self.place)

    async def disconnect(self, code: int) -> None:
        if self.place is not None:
            hub.here().leave(self.place)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Whatever is said here is not heard: commands have their own calls."""


def tell(event: Event) -> None:
    """Have boards told of an event once its dispatch has committed, unless they were before."""
    if messages.is_of_time(event):
        transaction.on_commit(lambda: announce([event.pk]))


def announce(event_ids: list[int]) -> None:
    """Have boards told of committed events, now. Never fails: the outbox tells of them again."""
    try:
        hub.publish(event_ids)
    except (RedisError, OSError) as error:
        log.warning("Boards were not told: %s", error)


def _venue_id(slug: str) -> int | None:
    return Venue.objects.filter(slug=slug, is_active=True).values_list("pk", flat=True).first()


def _hello(slug: str) -> str:
    return messages.line({"type": "hello", "venue": slug, "at": to_z(clock.now())})
