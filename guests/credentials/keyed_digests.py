"""Digests by which a row finds what it does not say, such as an address. Each needs our key.

A row is written by SECRET_KEY. It is looked up by SECRET_KEY_FALLBACKS too: what was written before
a rotation counts as long as its key is kept there.
"""

from collections.abc import Sequence

from django.conf import settings
from django.utils.crypto import salted_hmac


def newest(salt: str, value: str | bytes) -> str:
    """Returns the digest to write, 64 hexadecimal digits. `salt` names what it is for."""
    return _digest(salt, value, settings.SECRET_KEY)


def known(salt: str, value: str | bytes) -> Sequence[str]:
    """Returns the digests to look up, the newest first."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [_digest(salt, value, key) for key in keys]


def _digest(salt: str, value: str | bytes, key: str) -> str:
    return salted_hmac(salt, value, secret=key, algorithm="sha256").hexdigest()
