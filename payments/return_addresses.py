"""Judges where a guest may be led back to after paying: to us, or to origins that settings name."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext

from reservations.errors import Invalid

LONGEST = 2_000
"""Characters."""


def judged(url: str, *, origin: str = "") -> str:
    """Returns an address that a guest may be led back to, "" for none.

    `origin` is ours as the caller reached it, beside PUBLIC_URL. Raises Invalid at `return_url`.
    """
    if not url:
        return ""
    allowed = {origin, settings.PUBLIC_URL, *settings.PAY_RETURN_ORIGINS}
    if _origin_of(url) in {_origin_of(one) for one in allowed if one}:
        return url
    raise Invalid(
        "return_url",
        gettext("Give an address of this site, or of an origin that PAY_RETURN_ORIGINS names."),
    )


def _origin_of(url: str) -> str | None:
    """Returns scheme, host and port in lower case; None for what browsers may read otherwise."""
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>`{|}')
    if not is_plain or len(url) > LONGEST:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return f"{parts.scheme}://{parts.hostname}:{port or (443 if parts.scheme == 'https' else 80)}"
