"""The API in a process that dies, when asked to, after its work is done and before it answers."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from config.wsgi import application as api

HEADER = "X-Die-Before-Answering"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What is answered is known, and committed; nothing of it has been sent."""
    answer = api(environ, start_response)
    if f"HTTP_{HEADER.upper().replace('-', '_')}" in environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
