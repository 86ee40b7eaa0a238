"""The other side of `fanout`: the bare library with one Redis subscription."""

import asyncio
import sys

import redis.asyncio
from websockets.asyncio.server import ServerConnection, broadcast, serve

CHANNEL = "fanout-bare"


async def main(port: int, url: str) -> None:
    """Sends every published message to every connection."""
    pages: set[ServerConnection] = set()

    async def stay(page: ServerConnection) -> None:
        pages.add(page)
        try:
            await page.wait_closed()
        finally:
            pages.discard(page)

    async with redis.asyncio.Redis.from_url(url, decode_responses=True).pubsub() as line:
        await line.subscribe(CHANNEL)
        async with serve(stay, "127.0.0.1", port, compression=None):
            async for said in line.listen():
                if said["type"] == "message":
                    broadcast(pages, said["data"])


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
