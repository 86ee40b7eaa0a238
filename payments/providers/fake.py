"""A provider that takes no money, for trying out and for tests. Its page is `web/fake_provider`.

It keeps what a provider would in tables of its own, and does what the guest presses there: pays,
authenticates, is declined, or pays late, whether the hold still stands or not.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction

from payments.models import FakeCharge, FakeRefund
from payments.providers.protocol import (
    BadSignature,
    Charged,
    Declined,
    Found,
    Incoming,
    Order,
    Purpose,
    Reading,
    Started,
)
from reservations import clock

OUTCOMES = ("pay", "authenticate", "decline", "late")
"""What a guest can press."""

TOLERANCE = timedelta(minutes=5)
"""How old a signed event may be."""

HEADER = "Fake-Signature"
_AUTHENTICATES = "_authenticate"
"""The end of a stored card whose bank asks for the guest at each charge."""

_TAKEN = (Found.CAPTURED, Found.PAID)


class Fake:
    """The provider. `at_once` makes it take money as it is paid, as some methods do."""

    takes_cards = True

    def __init__(self, *, key: str = "", at_once: bool = False) -> None:
        self._key = key or settings.SECRET_KEY
        self._at_once = at_once

    def start(self, order: Order) -> Started:
        """Opens a payment, once for each key."""
        charge, _ = FakeCharge.objects.get_or_create(
            key=order.key, defaults=_fields(order) | {"state": Found.OPEN}
        )
        return Started(charge.ref, page_of(charge.ref), charge.expires_at)

    def read(self, ref: str) -> Reading:
        """Returns what became of a payment."""
        return _reading(self._now(ref))

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        """Takes what was authorised. Repeated, it changes nothing."""
        charge = self._now(ref)
        if charge.state == Found.AUTHORISED and amount_minor <= charge.amount_minor:
            _moved(charge, Found.CAPTURED, captured_minor=amount_minor)
            charge.refresh_from_db()
        if charge.state not in _TAKEN:
            raise Declined(f"it is {charge.state}")
        return _reading(charge)

    def void(self, ref: str, *, key: str) -> Reading:
        """Gives a payment up. One that was made late is under way, and cannot be stopped."""
        charge = self._now(ref)
        if charge.state == Found.AUTHORISED or (
            charge.state == Found.OPEN and charge.succeeds_at is None
        ):
            _moved(charge, Found.VOIDED)
            charge.refresh_from_db()
        return _reading(charge)

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        """Gives money back, once for each key."""
        with transaction.atomic():
            charge = FakeCharge.objects.select_for_update().get(ref=ref)
            if not charge.refunds.filter(key=key).exists():
                if amount_minor > charge.captured_minor - _refunded(charge):
                    raise Declined("above what was captured")
                FakeRefund.objects.create(charge=charge, key=key, amount_minor=amount_minor)
        return _reading(charge)

    def charge_saved(self, mandate: str, order: Order) -> Charged:
        """Charges a stored card at once, or says where its guest must authenticate."""
        asks = mandate.endswith(_AUTHENTICATES)
        state = (
            {"state": Found.OPEN}
            if asks
            else {"state": Found.CAPTURED, "captured_minor": order.amount_minor}
        )
        charge, _ = FakeCharge.objects.get_or_create(
            key=order.key, defaults=_fields(order) | state | {"mandate": mandate}
        )
        return Charged(charge.ref, _reading(charge), page_of(charge.ref) if asks else "")

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        """Returns the events of a signed request, as `signed` makes them."""
        found = {name.lower(): value for name, value in headers.items()}
        parts = dict(
            part.split("=", 1) for part in found.get(HEADER.lower(), "").split(",") if "=" in part
        )
        at = parts.get("t", "")
        if not at.isascii() or not at.isdigit() or len(at) > 12:
            raise BadSignature
        if abs(clock.now().timestamp() - int(at)) > TOLERANCE.total_seconds():
            raise BadSignature
        if not hmac.compare_digest(
            self._digest(at, body).encode(), parts.get("v1", "").encode(errors="replace")
        ):
            raise BadSignature
        return [Incoming(**one) for one in orjson.loads(body)["events"]]

    def signed(
        self, events: list[dict[str, Any]], *, at: datetime | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Returns headers and body of a request that `parse` reads."""
        body = orjson.dumps({"events": events})
        stamp = str(int((at or clock.now()).timestamp()))
        return {HEADER: f"t={stamp},v1={self._digest(stamp, body)}"}, body

    def press(self, ref: str, outcome: str) -> FakeCharge:
        """Does what a guest pressed, once. Raises FakeCharge.DoesNotExist."""
        charge = self._now(ref)
        is_waiting = charge.state == Found.OPEN and charge.succeeds_at is None
        if is_waiting and outcome == "late":
            charge.succeeds_at = clock.now() + timedelta(seconds=settings.PAY_LATE_SECONDS)
            charge.save(update_fields=["succeeds_at"])
        elif is_waiting and outcome == "decline":
            _moved(charge, Found.FAILED, reason="card_declined")
        elif is_waiting:
            self._succeed(charge, asks=outcome == "authenticate")
        return FakeCharge.objects.get(ref=ref)

    def news(self) -> list[Incoming]:
        """Returns what it would report: late payments that have succeeded by now."""
        due = FakeCharge.objects.filter(state=Found.OPEN, succeeds_at__lte=clock.now())
        return [succeeded(ref) for ref in due.values_list("ref", flat=True)]

    def _digest(self, at: str, body: bytes) -> str:
        told = at.encode() + b"." + body
        return hmac.new(self._key.encode(), told, hashlib.sha256).hexdigest()

    def _now(self, ref: str) -> FakeCharge:
        """Returns a charge as time has made it."""
        charge, now = FakeCharge.objects.get(ref=ref), clock.now()
        if charge.state != Found.OPEN:
            return charge
        if charge.succeeds_at is not None:
            if charge.succeeds_at <= now:
                self._succeed(charge)
        elif charge.expires_at <= now:
            _moved(charge, Found.EXPIRED)
        charge.refresh_from_db()
        return charge

    def _succeed(self, charge: FakeCharge, *, asks: bool = False) -> None:
        if charge.purpose == Purpose.GUARANTEE:
            card = f"card_{secrets.token_hex(8)}{_AUTHENTICATES if asks else ''}"
            _moved(charge, Found.AUTHORISED, mandate=card)
        elif charge.mandate:
            # A charge of a stored card, which the guest has authenticated.
            _moved(charge, Found.CAPTURED, captured_minor=charge.amount_minor)
        elif self._at_once:
            _moved(charge, Found.PAID, captured_minor=charge.amount_minor)
        else:
            _moved(charge, Found.AUTHORISED)


def page_of(ref: str) -> str:
    """Returns the address of the page of a payment."""
    return f"{settings.PUBLIC_URL}/fake-provider/{ref}/"


def succeeded(ref: str) -> Incoming:
    """Returns the event of a payment of which something became."""
    return Incoming(id=f"evt_{ref}", type="payment.changed", ref=ref)


def _fields(order: Order) -> dict[str, Any]:
    return {
        "ref": f"fake_{secrets.token_hex(12)}",
        "purpose": order.purpose,
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "text": order.text[:255],
        "back_url": order.back_url,
        "expires_at": order.expires_at,
    }


def _moved(charge: FakeCharge, state: Found, **fields: object) -> None:
    """Compares and sets: of two who come at once, one decides."""
    FakeCharge.objects.filter(pk=charge.pk, state=charge.state).update(state=state, **fields)


def _reading(charge: FakeCharge) -> Reading:
    has_paid = charge.state in (Found.AUTHORISED, *_TAKEN)
    return Reading(
        state=Found(charge.state),
        authorised_minor=charge.amount_minor if has_paid else 0,
        captured_minor=charge.captured_minor,
        refunded_minor=_refunded(charge),
        mandate=charge.mandate,
        reason=charge.reason,
    )


def _refunded(charge: FakeCharge) -> int:
    return sum(charge.refunds.values_list("amount_minor", flat=True))
