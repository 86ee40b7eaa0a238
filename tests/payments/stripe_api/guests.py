"""What a guest does at the stand-in's page."""

import ssl
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from payments.providers.protocol import Order, Purpose, Started

BACK = "http://testserver/back/"
_numbers = count(1)

# Each client would load the authorities anew, though the stand-in's page is plain HTTP.
_TLS = ssl.create_default_context()


def order(amount: int = 12_000, currency: str = "EUR", **changed: Any) -> Order:
    given: dict[str, Any] = {
        "key": f"order{next(_numbers)}",
        "amount_minor": amount,
        "currency": currency,
        "purpose": Purpose.PAY,
        "text": "Hotel, two nights",
        "language": "nl",
        "email": "guest@example.com",
        "back_url": BACK,
        "expires_at": datetime.now(UTC) + timedelta(minutes=15),
    }
    return Order(**given | changed)


def guarantee(**changed: Any) -> Order:
    return order(0, purpose=Purpose.GUARANTEE, **changed)


def choose(started: Started, outcome: str) -> httpx.Response:
    """Presses a button of the page, and the bank's where it asks."""
    answer = httpx.post(started.url, data={"outcome": outcome}, verify=_TLS)
    if answer.status_code == 303 and answer.headers["Location"].endswith("/bank"):
        return httpx.post(answer.headers["Location"], data={"outcome": "confirm"}, verify=_TLS)
    return answer
