"""The stand-in's API and pages, as a WSGI application."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from payments.providers.fake_stripe import page, routes, sessions
from payments.providers.fake_stripe.account import FakeAccount, Thing, shown
from payments.providers.fake_stripe.cards import Card
from payments.providers.fake_stripe.faults import Failure, Planned, StripeRefusal
from payments.providers.fake_stripe.forms import Params, decode
from payments.providers.fake_stripe.idempotency import Keys, Reply, in_flight

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]

Command = Callable[[str, Params], Thing]

PAGES = "/pay/"
COMMANDS = "/fake/"


class Application:
    """Answers for one merchant. `planned` failures strike the next calls that they name."""

    def __init__(self, account: FakeAccount, late_seconds: float, command: Command) -> None:
        self.account = account
        self.command = command
        self.keys = Keys()
        self.planned: list[Planned] = []
        self.late_seconds = late_seconds
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        """Method, path and parameters of each call, in order."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode() if length else ""
        if path.startswith(PAGES):
            status, headers, text = self._page(environ, path.removeprefix(PAGES), body)
            told = text.encode()
            headers.append(("Content-Type", "text/html; charset=utf-8"))
        else:
            reply, headers = self._call(environ, path, body)
            status, told = reply.status, reply.body
            headers.append(("Content-Type", "application/json"))
        headers.append(("Content-Length", str(len(told))))
        start_response(f"{status} {_PHRASES.get(status, 'Answer')}", headers)
        return [told]

    def _call(self, environ: Environ, path: str, body: str) -> tuple[Reply, list[tuple[str, str]]]:
        method = str(environ["REQUEST_METHOD"])
        key = str(environ.get("HTTP_IDEMPOTENCY_KEY", "")) if method == "POST" else ""
        fingerprint = f"{method} {path} {body}"
        params = dict(decode(body or str(environ.get("QUERY_STRING", ""))))
        headers = [("Request-Id", f"req_fake{len(self.calls):08d}")]
        try:
            _authenticate(environ)
            self.calls.append((method, path, params))
            planned = self._planned(path)
            self._fail_before(planned, key)
            kept = self.keys.take(key, fingerprint) if key else None
            if kept is not None:
                return kept, [*headers, ("Idempotent-Replayed", "true")]
        except StripeRefusal as refusal:
            return _refused(refusal), headers
        reply = self._carry_out(environ, method, path, params)
        # A call that was refused for its form was not begun: its key may be used again.
        if key and (reply.status < 300 or reply.status == 402):
            self.keys.keep(key, fingerprint, reply)
        elif key:
            self.keys.free(key)
        if planned is Failure.LOST_ANSWER:
            raise ConnectionAbortedError
        return reply, headers

    def _carry_out(self, environ: Environ, method: str, path: str, params: Thing) -> Reply:
        host = environ.get("HTTP_HOST", "127.0.0.1")
        pages = f"{environ.get('wsgi.url_scheme', 'http')}://{host}{PAGES}"
        with self.account.lock:
            try:
                sessions.lapse(self.account)
                if path.startswith(COMMANDS):
                    made = self.command(path.removeprefix(COMMANDS), params)
                    return Reply(200, json.dumps(made).encode())
                made = routes.answer(self.account, method, path, params, pages)
            except StripeRefusal as refusal:
                return _refused(refusal)
            except (KeyError, TypeError, ValueError, AttributeError) as fault:
                return _refused(StripeRefusal(f"Invalid request: {fault!r}"))
            return Reply(200, json.dumps(made).encode())

    def _planned(self, path: str) -> Failure | None:
        for one in self.planned:
            if path.endswith(one.path):
                one.times -= 1
                if one.times <= 0:
                    self.planned.remove(one)
                return one.failure
        return None

    def _fail_before(self, planned: Failure | None, key: str) -> None:
        match planned:
            case Failure.LOST_CALL:
                raise ConnectionAbortedError
            case Failure.ERROR:
                raise StripeRefusal("An unknown error occurred.", kind="api_error", status=500)
            case Failure.BUSY:
                raise StripeRefusal("Too many requests.", code="rate_limit", status=429)
            case Failure.IN_FLIGHT:
                raise in_flight(key)

    def _page(self, environ: Environ, pk: str, body: str) -> tuple[int, list[tuple[str, str]], str]:
        pk, _, step = pk.partition("/")
        with self.account.lock:
            sessions.lapse(self.account)
            try:
                session = self.account.get("checkout.session", pk)
            except StripeRefusal:
                return 404, [], page.over({"status": "unknown"})
            if session["status"] != "open":
                return 410, [], page.over(session)
            if environ["REQUEST_METHOD"] != "POST":
                return 200, [], page.bank() if step else page.choices(session)
            chosen = parse_qs(body).get("outcome", [""])[0]
            return self._choose(session, chosen)

    def _choose(self, session: Thing, chosen: str) -> tuple[int, list[tuple[str, str]], str]:
        done = [("Location", session["success_url"])]
        match chosen:
            case "late":
                sessions.pay_late(self.account, session, self.late_seconds)
                return 303, done, ""
            case "authenticate":
                with suppress(StripeRefusal):
                    sessions.pay(self.account, session, Card.AUTHENTICATION, is_authenticated=False)
                return 303, [("Location", f"{session['url']}/bank")], ""
            case "pay" | "confirm" | "decline":
                card = {"pay": Card.GOOD, "confirm": Card.AUTHENTICATION}.get(chosen, Card.DECLINED)
                try:
                    sessions.pay(self.account, session, card, is_authenticated=chosen == "confirm")
                except StripeRefusal as refusal:
                    return 200, [], page.choices(session, str(refusal))
                return 303, done, ""
            case "refuse":
                return 200, [], page.choices(session, "Your bank did not let this payment pass.")
            case _:
                return 400, [], page.choices(session, "Choose one.")


_PHRASES = {200: "OK", 303: "See Other", 400: "Bad Request", 402: "Payment Required"}


def _authenticate(environ: Environ) -> None:
    scheme, _, key = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    if scheme != "Bearer" or not key.startswith(("sk_test_", "rk_test_")):
        raise StripeRefusal("Invalid API Key provided.", status=401)


def _refused(refusal: StripeRefusal) -> Reply:
    return Reply(refusal.status, json.dumps(shown(refusal.body)).encode())
