"""Where the embedded server listens, and how word of a change reaches the sockets."""

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
"""Boards that one address may have open at a process; 0 is any number."""
CONNECTIONS_PER_ADDRESS = integer("CONNECTIONS_PER_ADDRESS", 300)
"""Connections beside those that the embedded server keeps for one address; 0 is any number, and so
is any value where proxies are trusted, since all guests then come by theirs."""

LIVE_REDIS_URL = REDIS_URL
"""Where processes tell each other of changes; empty where there is only this one."""
LIVE_CHANNEL = f"holdfast-live{urlsplit(REDIS_URL).path}"
"""Redis has one room of channels for all its databases, so the name says which one is meant."""
