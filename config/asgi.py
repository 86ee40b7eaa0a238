"""How an ASGI server reaches everything: pages and API over HTTP, boards over WebSocket."""

import os
from collections.abc import Awaitable, Callable
from typing import Any, cast

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")

# Django is set up by this call; consumers are imported after it.
_pages = get_asgi_application()


async def _refuse(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4404})


_sockets: list[Any] = [
    # Whatever is not an address of ours is closed, instead of failing.
    re_path(r"", cast(Any, _refuse)),
]

application = ProtocolTypeRouter(
    {"http": _pages, "websocket": AllowedHostsOriginValidator(URLRouter(_sockets))}
)
