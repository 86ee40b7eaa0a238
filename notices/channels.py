"""The channels by which deliveries leave. Each room registers its own with `register`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from notices.models import Delivery

RETRY = "retry"
"""The outcome of an attempt after which another follows, while there are tries left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one attempt.

    `outcome` is one of `Outcome`, or RETRY. `status` is of HTTP or SMTP, None without an answer;
    `detail` is kept to 500 characters; `retry_after` replaces the usual pause.
    """

    outcome: str
    status: int | None = None
    detail: str = ""
    took_ms: int = 0
    message_id: str = ""
    retry_after: timedelta | None = None


Report = Callable[[Delivery, Result], Awaitable[None]]
"""Records a result. It is awaited at once after the answer: what a crash leaves unrecorded is sent
again."""


class Sender(Protocol):
    """Sends the deliveries of a channel."""

    @property
    def pauses(self) -> Sequence[timedelta]:
        """The pause before each attempt: the first is zero, the last is before the last one."""
        ...

    def quota(self, lane: str) -> int:
        """Returns how many deliveries of this lane may be tried at once."""
        ...

    async def send(self, deliveries: Sequence[Delivery], report: Report) -> None:
        """Tries each delivery once, and reports each result as soon as it is known.

        It must not outlast `claims.DEADLINE`, and is cancelled then. Blocking work runs in threads;
        the database is read through `sync_to_async`.
        """
        ...


_senders: dict[str, Sender] = {}


def register(channel: str, sender: Sender) -> None:
    """Names the sender of a channel, for `AppConfig.ready`. The last one counts."""
    _senders[channel] = sender


def sender_of(channel: str) -> Sender:
    """Returns the sender of a channel. Raises KeyError where none is registered."""
    return _senders[channel]


def names() -> list[str]:
    """Returns the channels that can be sent by."""
    return list(_senders)
