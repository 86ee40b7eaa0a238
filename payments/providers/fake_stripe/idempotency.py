"""Remembers answers by Idempotency-Key, as Stripe does."""

import threading
from dataclasses import dataclass, field

from payments.providers.fake_stripe.faults import StripeRefusal


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, and its body as JSON."""

    status: int
    body: bytes


@dataclass(slots=True)
class Keys:
    """The keys of one merchant. A call takes its key first, and then keeps its answer or frees it.

    A key used with another body is refused with 400, one whose call still runs with 409.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _used: dict[str, tuple[str, Reply | None]] = field(default_factory=dict)

    def take(self, key: str, fingerprint: str) -> Reply | None:
        """Returns the answer that is kept, or None where this call is the first."""
        with self._lock:
            if key not in self._used:
                self._used[key] = (fingerprint, None)
                return None
            first, kept = self._used[key]
        if first != fingerprint:
            raise StripeRefusal(
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}'.",
                kind="idempotency_error",
            )
        if kept is None:
            raise in_flight(key)
        return kept

    def keep(self, key: str, fingerprint: str, reply: Reply) -> None:
        """Keeps the answer of a call that was carried out."""
        with self._lock:
            self._used[key] = (fingerprint, reply)

    def free(self, key: str) -> None:
        """Forgets a call that was not carried out."""
        with self._lock:
            self._used.pop(key, None)


def in_flight(key: str) -> StripeRefusal:
    """Returns the refusal of a key whose call still runs."""
    return StripeRefusal(
        f"There is currently another in-progress request using the Idempotency Key '{key}'.",
        code="idempotency_key_in_use",
        kind="idempotency_error",
        status=409,
    )
