"""Sends the stand-in's events: signed, again until they are taken, and badly on command."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from payments.providers.fake_stripe.account import Thing

Post = Callable[[str, Mapping[str, str], bytes], int]
"""Sends a body with headers to an address, and returns the status; 0 where nobody answered."""

TRIES = 8


@dataclass(slots=True)
class _Waiting:
    event: Thing
    due_at: float
    tries: int = 0


@dataclass(slots=True)
class Webhooks:
    """What is sent where, and how well. Without an address events are only kept."""

    secret: str
    post: Post
    now: Callable[[], float]
    url: str = ""
    copies: int = 1
    """How often each event is sent, though it was taken."""
    is_reversed: bool = False
    """Whether the newest event is sent first."""
    delay: float = 0.0
    """Seconds before an event is sent."""
    is_lost: bool = False
    """Whether events are dropped instead."""
    waiting: list[_Waiting] = field(default_factory=list)

    def add(self, event: Thing) -> None:
        """Plans an event."""
        if self.url and not self.is_lost:
            self.waiting += [_Waiting(event, self.now() + self.delay) for _ in range(self.copies)]

    def deliver(self) -> int:
        """Sends what is due. What is not taken is tried again later. Returns how many were."""
        due = [one for one in self.waiting if one.due_at <= self.now()]
        taken = 0
        for one in reversed(due) if self.is_reversed else due:
            body = json.dumps(one.event).encode()
            if 200 <= self.post(self.url, self.headers(body), body) < 300:
                self.waiting.remove(one)
                taken += 1
                continue
            one.tries += 1
            one.due_at = self.now() + 2.0**one.tries
            if one.tries >= TRIES:
                self.waiting.remove(one)
        return taken

    def headers(self, body: bytes) -> dict[str, str]:
        """Returns the headers of a body that is sent now."""
        return {
            "Content-Type": "application/json",
            "Stripe-Signature": signature(body, self.secret, self.now()),
        }


def signature(body: bytes, secret: str, at: float) -> str:
    """Returns Stripe's signature of a body, made at an instant (seconds since 1970)."""
    made = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, hashlib.sha256)
    return f"t={int(at)},v1={made.hexdigest()}"
