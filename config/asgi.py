"""The ASGI application: pages and API over HTTP, live boards over WebSocket."""

import os
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import urlsplit

from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from channels.sessions import SessionMiddlewareStack
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")


def pages(*, ahead: int = 0) -> WSGIMiddleware:
    """Returns the pages and the API as WSGI, in threads.

    Coroutines gain nothing for work that waits for a database, and each switch costs time. A thread
    hands over its whole answer at once, so it never waits for a slow reader. With `ahead` it waits
    when the reader is so many parts of the answer behind.
    """
    return WSGIMiddleware(cast(Any, get_wsgi_application()), workers=8, send_queue_size=ahead)


_pages = pages()
_files = pages(ahead=8)
"""Files that people asked for can be long: memory holds a part of them. A slow reader takes a
thread, so these are apart too."""
_log_ins = pages()
"""Threads of their own: while passwords are hashed, or wait to be, all else is answered."""

_DOORS = re.compile(r"^/(api/v1/(auth|parking)/(login|signup)|accounts/.*|admin/login/)$")
_FILES = re.compile(r"^(/api/v1/me/exports/[0-9]+/file|/me/exports/[0-9]+/)$")

# Import these now: they need models, and the call above sets up the applications.
from api.live.consumer import Board  # noqa: E402
from api.live.personal import Personal  # noqa: E402
from api.live.socket_limit import PerAddress  # noqa: E402
from config.monitoring.counters import SOCKETS  # noqa: E402

_Scope = dict[str, Any]
_Receive = Callable[[], Awaitable[dict[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]

_NOT_ASCII = re.compile(rb"[^\x21-\x7e]")

_MOST_KEPT = max(4 * 2**20, 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
"""Bytes of a body. Django stores the whole body before anybody reads it, which could
fill the disk."""


class _BrowserOrigins(OriginValidator):  # type: ignore[misc]  # channels is untyped
    """Refuses pages of other sites, except origins that may call the API.

    Programs send no Origin and pass.
    """

    def __init__(self, application: Any) -> None:
        super().__init__(application, ())

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if not _is_address(dict(scope["headers"]).get(b"origin")):
            await _refuse(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def valid_origin(self, parsed_origin: Any) -> bool:
        # Read at each request: the embedded server adds the names at which it listens.
        self.allowed_origins = (*settings.ALLOWED_HOSTS, *settings.CORS_ALLOWED_ORIGINS)
        return parsed_origin is None or bool(super().valid_origin(parsed_origin))


def _is_address(origin: bytes | None) -> bool:
    """Says whether the validator can parse the origin. It raises for text that is no address."""
    try:
        urlsplit((origin or b"").decode("latin1")).port  # noqa: B018 - read for its fault
    except ValueError:
        return False
    return True


async def _bounded(scope: _Scope, receive: _Receive, send: _Send) -> None:
    """Passes a request on to the pages with at most _MOST_KEPT bytes of its body.

    A thread is taken only when the body is complete, so that none waits for a slow sender.
    """
    body, has_more = bytearray(), True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")[: _MOST_KEPT - len(body)]
        has_more = message.get("more_body", False)

    async def received() -> dict[str, Any]:
        return {"type": "http.request", "body": bytes(body)}

    await cast(Any, _threads(scope))(_plain(scope, len(body)), received, send)


def _threads(scope: _Scope) -> WSGIMiddleware:
    if scope["method"] == "POST" and _DOORS.match(scope["path"]):
        return _log_ins
    return _files if _FILES.match(scope["path"]) else _pages


def _plain(scope: _Scope, length: int) -> _Scope:
    """Adjusts a request as WSGI servers do: sets the length and drops headers with an
    underscore.
    """
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    if length and b"content-length" not in dict(headers):
        headers.append((b"content-length", str(length).encode()))
    query = _NOT_ASCII.sub(lambda found: b"%%%02X" % found[0][0], scope["query_string"])
    return scope | {"headers": headers, "query_string": query}


async def _refuse(scope: _Scope, receive: _Receive, send: _Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4404})


_board = Board.as_asgi()
_personal = SessionMiddlewareStack(Personal.as_asgi())


async def _watched(scope: _Scope, receive: _Receive, send: _Send) -> None:
    watch = _board if scope["url_route"]["kwargs"] else _personal
    await watch(scope, receive, send)


_bounded_sockets = PerAddress(_watched)


async def _counted(scope: _Scope, receive: _Receive, send: _Send) -> None:
    with SOCKETS.track_inprogress():
        await _bounded_sockets(scope, receive, send)


_sockets: list[Any] = [
    path("ws/venues/<slug:slug>/", cast(Any, _counted)),
    path("ws/me/", cast(Any, _counted)),
    # Close any other address. Otherwise it raises.
    re_path(r"", cast(Any, _refuse)),
]

application = ProtocolTypeRouter(
    {"http": _bounded, "websocket": _BrowserOrigins(URLRouter(_sockets))}
)
