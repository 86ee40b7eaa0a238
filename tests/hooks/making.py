"""Makes endpoints, deliveries and receivers."""

from typing import Any

from hooks import signing_secrets
from hooks.endpoints import draft
from hooks.models import Endpoint
from notices.models import Delivery
from reservations import clock

PUBLIC = "https://93.184.216.34/"


def make_endpoint(partner: str = "acme", url: str = PUBLIC, **facts: Any) -> Endpoint:
    """An endpoint with a secret, which takes everything unless `facts` say otherwise."""
    now = clock.now()
    columns = {"types": ["*"], "created_at": now} | facts
    endpoint = Endpoint.objects.create(partner=partner, url=url, **columns)
    endpoint.known_secret = signing_secrets.make(endpoint, now)  # type: ignore[attr-defined]
    return endpoint


def make_delivery(endpoint: Endpoint, key: str = "", **facts: Any) -> Delivery:
    """A delivery to an endpoint that is due now and about no event."""
    key = key or f"evt_{Delivery.objects.count() + 1}"
    body = '{"type":"reservation.confirmed","timestamp":"2027-01-01T00:00:00Z","data":{}}'
    row = draft(endpoint, "reservation.confirmed", key, clock.now(), body=body)
    for name, value in facts.items():
        setattr(row, name, value)
    row.save()
    return row
