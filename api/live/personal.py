"""The socket of one person: it says that one of their files has changed, and nothing else.

The session of the pages says who it is. It only sends; after a message a page asks again.
"""

import logging

from channels.auth import get_user
from channels.generic.websocket import AsyncWebsocketConsumer
from redis import RedisError

from api.live import hub, messages
from api.schemas import to_z
from guests.models import User
from reservations import clock

log = logging.getLogger(__name__)

NOT_LOGGED_IN = 4401
"""Close code: the browser is not logged in."""


class Personal(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels is untyped
    """Joins the hub, which sends the messages of this person alone."""

    place: hub.Place | None = None

    async def connect(self) -> None:
        """Accepts the socket and joins the hub. Closes with NOT_LOGGED_IN without a session."""
        user = await get_user(self.scope)
        # Accept first: a browser does not learn the close code of a refused handshake.
        await self.accept()
        if not isinstance(user, User):
            await self.close(NOT_LOGGED_IN)
            return
        self.place = hub.Place(hub.key_of(user.pk), self.base_send, greeting=_hello)
        hub.here().join(self.place)

    async def disconnect(self, code: int) -> None:
        """Leaves the hub."""
        if self.place is not None:
            hub.here().leave(self.place)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignores all input."""


def announce(user_id: int) -> None:
    """Says to the sockets of a person that one of their files has changed. Never raises."""
    try:
        hub.publish([hub.key_of(user_id)])
    except (RedisError, OSError) as error:
        log.warning("A person was not told: %s", error)


def _hello() -> str:
    return messages.line({"type": "hello", "at": to_z(clock.now())})
