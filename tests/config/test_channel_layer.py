"""Word of a change reaches a socket from whatever thread it was made in."""

import asyncio
import threading
import time

from asgiref.sync import async_to_sync

from config.channel_layer import OneProcessChannelLayer


def test_a_message_from_another_thread_arrives_at_once() -> None:
    layer = OneProcessChannelLayer()

    def tell() -> None:
        async_to_sync(layer.group_send)("venue", {"type": "allocation"})

    async def listen() -> float:
        channel = await layer.new_channel()
        await layer.group_add("venue", channel)
        began = time.monotonic()
        threading.Thread(target=tell).start()
        message = await asyncio.wait_for(layer.receive(channel), 5)
        assert message == {"type": "allocation"}
        return time.monotonic() - began

    assert asyncio.run(listen()) < 0.5


def test_a_message_to_nobody_is_no_fault() -> None:
    async_to_sync(OneProcessChannelLayer().group_send)("venue", {"type": "allocation"})
