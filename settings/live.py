"""The embedded server's address, and how changes reach the sockets."""

from urllib.parse import urlsplit

from settings import environment
from settings.cache import REDIS_URL
from settings.environment import flag, integer, text

DATA_DIR = environment.DATA_DIR
HOST = text("HOST", "127.0.0.1")
PORT = integer("PORT", 8000, least=1, most=65_535)
DEMO = flag("DEMO", default=True)
"""Whether `serve` loads the demonstration data into an empty database."""

SOCKETS_PER_ADDRESS = integer("SOCKETS_PER_ADDRESS", 200)
"""Boards that one network may have open at a process. 0 means no limit."""
CONNECTIONS_PER_ADDRESS = integer("CONNECTIONS_PER_ADDRESS", 300)
"""Connections that the embedded server keeps for one network. 0 means no limit. There is no limit
with trusted proxies either: all guests then have the proxy's address."""

LIVE_REDIS_URL = REDIS_URL
"""Redis, through which processes announce changes. Empty if there is one process only."""
LIVE_CHANNEL = f"holdfast-live{urlsplit(REDIS_URL).path}"
"""The channel of this installation. All databases of one Redis share their channels."""
