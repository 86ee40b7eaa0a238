"""The product on an ASGI server in a thread of this process: pages, API and sockets on one port."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from django.db import connections

from config import asgi

PATIENCE = 60


@contextmanager
def served() -> Iterator[str]:
    """The address it answers at."""
    # With the middleware that the test's settings name, and not those the process began with.
    begun_with, asgi._pages = asgi._pages, asgi.pages()
    server = uvicorn.Server(
        uvicorn.Config(
            asgi.application, port=0, lifespan="off", ws="websockets-sansio", log_level="critical"
        )
    )
    # Threads of the server would keep theirs, and the test database could not be dropped.
    kept = connections.settings["default"]["CONN_MAX_AGE"]
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + PATIENCE
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(PATIENCE)
        connections.settings["default"]["CONN_MAX_AGE"] = kept
        asgi._pages = begun_with
