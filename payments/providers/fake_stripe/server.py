"""Serves the stand-in on a socket, and lets a test or a person command it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx

from payments.providers.fake_stripe import commands, refunds
from payments.providers.fake_stripe.account import FakeAccount, Thing
from payments.providers.fake_stripe.application import Application
from payments.providers.fake_stripe.cards import Card
from payments.providers.fake_stripe.faults import Failure, Planned
from payments.providers.fake_stripe.forms import Params
from payments.providers.fake_stripe.webhooks import Post, Webhooks

API_VERSION = "2026-10-28.endive"
SECRET = "whsec_fake"  # noqa: S105 - known to everybody, for tests and for trying out
KEY = "sk_test_fake"


class FakeStripe:
    """One merchant at a stand-in for Stripe. `url` is its base address once it is served."""

    def __init__(
        self,
        *,
        api_version: str = API_VERSION,
        secret: str = SECRET,
        late_seconds: float = 60,
        now: Callable[[], float] = lambda: datetime.now(UTC).timestamp(),
        post: Post | None = None,
    ) -> None:
        self.url = ""
        self.account = FakeAccount(api_version, now)
        self.application = Application(self.account, late_seconds, self.command)
        self.webhooks = Webhooks(secret, post or _post, now)
        self.account.on_event = self.webhooks.add

    def failure(self, failure: Failure | str, *, path: str = "", times: int = 1) -> None:
        """Makes the next calls fail whose path ends with `path`."""
        self.application.planned.append(Planned(Failure(failure), path, times))

    def calls(self, path: str = "") -> list[tuple[str, str, dict[str, Any]]]:
        """Returns the calls so far whose path ends with `path`."""
        return [one for one in self.application.calls if one[1].endswith(path)]

    def command(self, name: str, params: Params) -> Thing:
        """Does what is asked over HTTP. Raises StripeRefusal."""
        return commands.carry_out(self, name, params)

    def intent_of(self, ref: str) -> Thing:
        """Returns the payment intent of a session, or of its own id."""
        with self.account.lock:
            pk = self.account.objects[ref].get("payment_intent") or ref
            return self.account.get("payment_intent", str(pk))

    def refund(self, ref: str, amount: int | None = None) -> Thing:
        """Gives money back as somebody does in Stripe's dashboard."""
        given = {"payment_intent": self.intent_of(ref)["id"]}
        with self.account.lock:
            return refunds.create(
                self.account, given if amount is None else given | {"amount": str(amount)}
            )

    def dispute(self, ref: str, amount: int | None = None) -> Thing:
        """Makes the guest dispute a payment at the bank."""
        with self.account.lock:
            charge = self.account.get("charge", self.intent_of(ref)["latest_charge"])
            return refunds.dispute(self.account, charge, amount)

    def close_dispute(self, dispute: Thing, status: str) -> Thing:
        """Ends a dispute, `won` or `lost`."""
        with self.account.lock:
            return refunds.close(self.account, dispute, status)

    def use_card(self, pk: str, card: Card) -> None:
        """Makes a stored card behave as another test card from now on."""
        with self.account.lock:
            self.account.get("payment_method", pk)["_card"] = card


@contextmanager
def serving(fake: FakeStripe, host: str = "127.0.0.1", port: int = 0) -> Iterator[FakeStripe]:
    """Serves inside the block, on a free port unless one is given."""
    server = make_server(host, port, fake.application, _Server, _Handler)
    fake.url = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    try:
        return httpx.post(url, headers=dict(headers), content=body, timeout=10).status_code
    except httpx.HTTPError:
        return 0


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass

    def address_string(self) -> str:
        return str(self.client_address[0])
