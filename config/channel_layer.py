"""Word to sockets inside one process, from whatever thread a change was made in."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from channels.layers import InMemoryChannelLayer

_FOREVER = 10**10
"""Seconds."""


class OneProcessChannelLayer(InMemoryChannelLayer):  # type: ignore[misc]  # channels is untyped
    """Channels' in-memory layer, which is not thread-safe, entered only on its sockets' loop.

    Sent from another thread a message lay 2.8 s until something else woke the loop. And a page
    stays in its group while it is open: after a day it would otherwise hear nothing any more.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"group_expiry": _FOREVER, **kwargs})
        self._home: asyncio.AbstractEventLoop | None = None

    async def new_channel(self, prefix: str = "specific.") -> str:
        self._home = asyncio.get_running_loop()
        channel: str = await super().new_channel(prefix)
        return channel

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._at_home(super().send(channel, message))

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._at_home(super().group_send(group, message))

    async def _at_home(self, work: Coroutine[Any, Any, None]) -> None:
        home = self._home
        if home is None or home.is_closed() or home is asyncio.get_running_loop():
            await work
        else:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, home))
