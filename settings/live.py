"""Where the embedded server listens, and how word of a change reaches the sockets."""

from typing import Any

from settings import environment
from settings.cache import REDIS_URL
from settings.environment import flag, integer, text

DATA_DIR = environment.DATA_DIR
HOST = text("HOST", "127.0.0.1")
PORT = integer("PORT", 8000, least=1, most=65_535)
DEMO = flag("DEMO", default=True)
"""Whether `serve` loads the demonstration data into an empty database."""

CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "holdfast-live"},
    }
    if REDIS_URL
    else {"BACKEND": "config.channel_layer.OneProcessChannelLayer"}
}
