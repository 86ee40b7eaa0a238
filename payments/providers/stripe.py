"""Stripe: hosted Checkout, cards authorised first and captured later, cards stored for later.

`ref` is a Checkout session (`cs_…`), or a payment intent (`pi_…`) where a stored card was charged.
`mandate` is the customer and the card, `cus_…/pm_…`.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from stripe.checkout import Session

from payments.providers import stripe_readings
from payments.providers.protocol import (
    PAGE_CLOSED,
    BadSignature,
    Charged,
    Declined,
    Found,
    Incoming,
    Order,
    Purpose,
    Reading,
    Started,
    Unreachable,
)
from payments.providers.stripe_amounts import to_stripe

API_VERSION = "2026-10-28.endive"
"""The version that this module was written for. Stripe keeps answering in it."""

TOLERANCE = 300
"""How many seconds old, or ahead, the signature of an event may be."""

LONGER = timedelta(minutes=31)
"""How long a page stays open beyond the order: Stripe closes none before 30 minutes. Whoever pays
after the order's end is not charged."""

LONGEST = timedelta(hours=23)

AUTHENTICATION = "authentication_required"
"""The bank wants to see the guest. Stripe's word, as a code and as the reason of a decline."""

LATER = {
    "affirm", "afterpay_clearpay", "alma", "amazon_pay", "billie", "card", "cashapp", "klarna",
    "link", "mobilepay", "paypal", "revolut_pay", "satispay",
}  # fmt: skip
"""Methods that can be authorised first. The others take the money at once."""

LOCALES = {
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "ja", "ko",
    "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi",
    "zh",
}  # fmt: skip

_PAGE = ["payment_intent.latest_charge", "setup_intent.payment_method"]
_OBJECTS = ("checkout.session", "payment_intent")

log = logging.getLogger(__name__)


class Stripe:
    """The provider of this name in PAYMENTS. Raises ImproperlyConfigured's cause, ValueError."""

    takes_cards = True

    def __init__(
        self,
        *,
        key: str,
        webhook_secret: str | Sequence[str],
        methods: Sequence[str] = ("card",),
        api_version: str = API_VERSION,
        api_base: str = "",
        timeout: float = 10,
        retries: int = 1,
    ) -> None:
        """Two secrets are both accepted, while one replaces the other."""
        if not key.startswith(("sk_", "rk_")):
            raise ValueError("a secret key begins with sk_ or rk_")
        secrets = [webhook_secret] if isinstance(webhook_secret, str) else list(webhook_secret)
        if not all(one.startswith("whsec_") for one in secrets) or not secrets:
            raise ValueError("a secret of a webhook begins with whsec_")
        self._secrets = secrets
        self._methods = list(methods)
        self._api_version = api_version
        self._client = stripe.StripeClient(
            key,
            stripe_version=api_version,
            base_addresses={"api": api_base} if api_base else None,
            max_network_retries=retries,
            http_client=stripe.RequestsClient(timeout=(3, timeout)),
        )

    def start(self, order: Order) -> Started:
        return _started(self._open(order, order.key, customer=""))

    def read(self, ref: str) -> Reading:
        with _asking():
            if ref.startswith("pi_"):
                intent = self._client.v1.payment_intents.retrieve(
                    ref, {"expand": ["latest_charge"]}
                )
                # The guest is not there: one without a card has failed.
                return stripe_readings.of_intent(intent, self._disputed(intent), is_over=True)
            session = self._client.v1.checkout.sessions.retrieve(ref, {"expand": _PAGE})
            paid = stripe_readings.expanded(session.payment_intent)
            return stripe_readings.of_session(session, self._disputed(paid) if paid else 0)

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        with _asking():
            intent, currency = self._intent(ref)
            amount = to_stripe(amount_minor, currency)
            try:
                self._client.v1.payment_intents.capture(
                    intent, {"amount_to_capture": amount}, _once(key)
                )
            except stripe.InvalidRequestError as refusal:
                if refusal.code != "payment_intent_unexpected_state":
                    raise
        # Captured or given up before: the reading says which.
        return self.read(ref)

    def void(self, ref: str, *, key: str) -> Reading:
        found = self.read(ref)
        if found.state is Found.OPEN and ref.startswith("cs_"):
            with _asking():
                try:
                    self._client.v1.checkout.sessions.expire(ref, {}, _once(f"{key}:page"))
                except stripe.InvalidRequestError as refusal:
                    # The guest was faster.
                    log.info("stripe: a session could not be closed: %s", refusal.code)
            found = self.read(ref)
        if found.mandate:
            return self._forget(found, key)
        if found.state in {Found.AUTHORISED, Found.OPEN}:
            self._cancel(ref, key)
            found = self.read(ref)
        return found

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Reading:
        with _asking():
            intent, currency = self._intent(ref)
            if not self._is_refunded(intent, key):
                made = self._client.v1.refunds.create(
                    {
                        "payment_intent": intent,
                        "amount": to_stripe(amount_minor, currency),
                        "metadata": {"key": key},
                    },
                    _once(key),
                )
                if made.status in ("failed", "canceled"):
                    raise Declined(made.failure_reason or made.status)
        return self.read(ref)

    def charge_saved(self, mandate: str, order: Order) -> Charged:
        customer, _, card = mandate.partition("/")
        key = f"{order.key}:charge"
        try:
            with _asking():
                intent = self._charged(customer, key) or self._charge(customer, card, order, key)
            match intent.status:
                case "requires_action":
                    reason = AUTHENTICATION
                case "requires_payment_method" | "canceled":
                    # It failed before, and Stripe has forgotten the key since.
                    reason = stripe_readings.reason(intent) or "card_declined"
                case _:
                    return Charged(intent.id, self.read(intent.id))
        except Declined as refusal:
            reason = refusal.reason
        if reason != AUTHENTICATION:
            raise Declined(reason)
        started = _started(self._open(order, f"{order.key}:page", customer=customer))
        return Charged(started.ref, Reading(state=Found.OPEN, reason=reason), started.url)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        given = {name.lower(): value for name, value in headers.items()}
        self._verify(body, given.get("stripe-signature", ""))
        try:
            event = json.loads(body)
            thing = event["data"]["object"]
            incoming = Incoming(
                id=str(event["id"]),
                type=str(event["type"]),
                ref=_ref(thing),
                version=str(event.get("api_version") or ""),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadSignature from None
        if incoming.version != self._api_version:
            # Only ids are read from it, and the payment is asked for in our own version.
            log.warning(
                "stripe: an event of API version %r came, and %r is expected",
                incoming.version,
                self._api_version,
            )
        return [incoming]

    def locate(self, ref: str) -> str:
        """Returns the session of a payment intent, as events about money name the intent alone.

        Returns the intent itself where it has none.
        """
        if not ref.startswith("pi_"):
            return ref
        with _asking():
            found = self._client.v1.checkout.sessions.list({"payment_intent": ref, "limit": 1})
            return found.data[0].id if found.data else ref

    def _open(self, order: Order, key: str, *, customer: str) -> Session:
        kept = {"order": order.key}
        params: dict[str, Any] = {
            "success_url": order.back_url,
            "cancel_url": order.back_url,
            "client_reference_id": order.key,
            "metadata": kept,
            "locale": order.language if order.language in LOCALES else "auto",
        }
        if self._methods:
            params["allowed_payment_method_types"] = self._methods
        # A session lasts at most a day; without an end it lasts that long.
        if order.expires_at + LONGER <= datetime.now(UTC) + LONGEST:
            params["expires_at"] = int((order.expires_at + LONGER).timestamp())
        if customer:
            params["customer"] = customer
        elif order.email:
            params["customer_email"] = order.email
        if order.purpose == Purpose.GUARANTEE:
            params |= {
                "mode": "setup",
                "customer_creation": "always",
                "currency": order.currency.lower(),
                "setup_intent_data": {"description": order.text, "metadata": kept},
            }
        else:
            params |= self._bill(order) | {
                "mode": "payment",
                "payment_intent_data": {"description": order.text, "metadata": kept},
            }
        with _asking():
            return self._client.v1.checkout.sessions.create(params, _once(key))  # type: ignore[arg-type]

    def _bill(self, order: Order) -> dict[str, Any]:
        price = {
            "currency": order.currency.lower(),
            "unit_amount": to_stripe(order.amount_minor, order.currency),
            "product_data": {"name": order.text},
        }
        later = {one: {"capture_method": "manual"} for one in self._methods if one in LATER}
        return {
            "line_items": [{"quantity": 1, "price_data": price}],
            "payment_method_options": later or {"card": {"capture_method": "manual"}},
        }

    def _charge(self, customer: str, card: str, order: Order, key: str) -> stripe.PaymentIntent:
        return self._client.v1.payment_intents.create(
            {
                "amount": to_stripe(order.amount_minor, order.currency),
                "currency": order.currency.lower(),
                "customer": customer,
                "payment_method": card,
                "off_session": True,
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "description": order.text,
                "metadata": {"order": order.key, "key": key},
            },
            _once(key),
        )

    def _charged(self, customer: str, key: str) -> stripe.PaymentIntent | None:
        """Finds what was charged by this key, as Stripe forgets keys after a day."""
        found = self._client.v1.payment_intents.list({"customer": customer, "limit": 100})
        same = (one for one in found.data if stripe_readings.kept(one, "key") == key)
        return next(same, None)

    def _is_refunded(self, intent: str, key: str) -> bool:
        """True for a key that gave money back, also after Stripe has forgotten it."""
        found = self._client.v1.refunds.list({"payment_intent": intent, "limit": 100})
        return any(
            stripe_readings.kept(one, "key") == key and one.status not in ("failed", "canceled")
            for one in found.data
        )

    def _cancel(self, ref: str, key: str) -> None:
        with _asking():
            try:
                intent, _ = self._intent(ref)
                self._client.v1.payment_intents.cancel(intent, {}, _once(key))
            except stripe.InvalidRequestError as refusal:
                # Captured or given up before. The next reading says which.
                log.info("stripe: an intent could not be canceled: %s", refusal.code)
            except Declined:
                # It has no intent yet.
                return

    def _forget(self, found: Reading, key: str) -> Reading:
        """Gives up a stored card: it can be charged no more."""
        with _asking():
            try:
                self._client.v1.payment_methods.detach(
                    found.mandate.partition("/")[2], {}, _once(f"{key}:card")
                )
            except stripe.InvalidRequestError as refusal:
                log.info("stripe: a card could not be detached: %s", refusal.code)
        return Reading(state=Found.VOIDED)

    def _intent(self, ref: str) -> tuple[str, str]:
        """Returns the intent of a payment and its currency. Raises Declined where it has none."""
        if ref.startswith("pi_"):
            return ref, self._client.v1.payment_intents.retrieve(ref).currency.upper()
        session = self._client.v1.checkout.sessions.retrieve(ref)
        if session.payment_intent is None:
            raise Declined("not_paid")
        return stripe_readings.id_of(session.payment_intent), str(session.currency).upper()

    def _disputed(self, intent: stripe.PaymentIntent) -> int:
        """Asks only where Stripe says that there is a dispute."""
        charge = stripe_readings.expanded(intent.latest_charge)
        if charge is None or not charge.disputed:
            return 0
        found = self._client.v1.disputes.list({"payment_intent": intent.id, "limit": 100})
        return stripe_readings.disputed(found.data)

    def _verify(self, body: bytes, header: str) -> None:
        # One time alone: the SDK signs over the first, and what follows would be judged.
        times = [part for part in header.split(",") if part.startswith("t=")]
        if not header.isascii() or len(times) != 1:
            raise BadSignature
        for secret in self._secrets:
            try:
                stripe.WebhookSignature.verify_header(body, header, secret)
            except (stripe.SignatureVerificationError, UnicodeDecodeError):
                continue
            # The SDK judges the age alone, and takes one from the future.
            told = dict(part.partition("=")[::2] for part in header.split(","))
            if abs(int(told["t"]) - int(datetime.now(UTC).timestamp())) <= TOLERANCE:
                return
        raise BadSignature


def _once(key: str) -> stripe.RequestOptions:
    return {"idempotency_key": key}


def _started(session: Session) -> Started:
    if not session.url:
        # A page that was asked for again after it was closed.
        raise Declined(PAGE_CLOSED)
    return Started(session.id, session.url, datetime.fromtimestamp(session.expires_at, UTC))


def _ref(thing: Mapping[str, Any]) -> str:
    """Returns the session or the intent that an object of an event is or belongs to."""
    if thing.get("object") in _OBJECTS:
        return str(thing["id"])
    belongs = thing.get("payment_intent")
    return belongs if isinstance(belongs, str) else ""


@contextmanager
def _asking() -> Iterator[None]:
    """Turns the SDK's errors into ours. A key, once sent, is sent again by whoever asks again."""
    try:
        yield
    except stripe.CardError as refusal:
        told = getattr(refusal.error, "decline_code", None) or refusal.code or "card_declined"
        raise Declined(AUTHENTICATION if refusal.code == AUTHENTICATION else told) from refusal
    except stripe.InvalidRequestError as refusal:
        log.warning("stripe: refused, %s %s", refusal.code, refusal.request_id)
        if refusal.http_status == 404:
            # Another account's key, or test and live mixed up: it says nothing of the payment.
            raise Unreachable from refusal
        raise Declined(refusal.code or refusal.param or "invalid_request") from refusal
    except stripe.StripeError as fault:
        log.warning("stripe: %s %s", type(fault).__name__, fault.request_id)
        raise Unreachable from fault
