"""Texts for channels that carry a few plain sentences: text messages and chat.

Each kind of delivery registers how its text is written, in `AppConfig.ready`.
"""

from collections.abc import Callable

from django.conf import settings

from notices.models import Delivery

Escape = Callable[[str], str]
"""Makes a value harmless on a channel that reads marks, such as `*` in chat."""
Render = Callable[[Delivery, Escape], str | None]
"""Writes the text in the active language. None when there is nothing to tell any more."""

_renders: dict[str, Render] = {}


def register(kind: str, render: Render) -> None:
    """Names how deliveries of a kind are written. The last one counts."""
    _renders[kind] = render


def can_be_sent() -> bool:
    """Says whether this installation can send text messages."""
    return settings.SMS is not None or bool(settings.SMS_TO_FILES)


def write(delivery: Delivery, escape: Escape = str) -> str | None:
    """Returns the text of a delivery in the active language; None when it is to be dropped.

    Every value that people entered goes through `escape`. Raises KeyError for an unknown kind.
    """
    return _renders[delivery.kind](delivery, escape)
