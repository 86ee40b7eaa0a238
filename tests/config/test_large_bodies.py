"""A body without end does not fill the disk of an embedded server."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from config.asgi import application

PART, PARTS = b" " * 2**20, 24
KEPT = 4 * 2**20


def on_disk() -> int:
    """The largest file that this process has open and nobody else can see."""
    found = [0]
    for line in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if line.readlink().name.endswith("(deleted)"):
                found.append(line.stat().st_size)
    return max(found)


@pytest.mark.django_db
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
@pytest.mark.parametrize("is_told", [True, False])
def test_no_more_of_a_body_is_kept_than_could_be_read(is_told: bool) -> None:
    sent: list[dict[str, Any]] = []
    left, sizes = PARTS, []
    length = [(b"content-length", str(PARTS * len(PART)).encode())] if is_told else []

    async def receive() -> dict[str, Any]:
        nonlocal left
        left -= 1
        sizes.append(on_disk())
        if left < 0:
            # Its client stays, and says nothing more.
            await asyncio.sleep(60)
        return {"type": "http.request", "body": PART, "more_body": left > 0}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/auth/login",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), *length],
    }
    asyncio.run(application(scope, receive, send))
    assert sent[0]["status"] == 413
    # It did come all the way, and was put down for as long as it is kept.
    assert left <= 0
    assert 0 < max(sizes) <= KEPT
