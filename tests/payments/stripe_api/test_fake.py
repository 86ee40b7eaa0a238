"""The stand-in itself: keys, refusals, its page, and webhooks that come well or badly."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from freezegun.api import FrozenDateTimeFactory

from payments.providers.fake_stripe.forms import decode
from payments.providers.fake_stripe.server import KEY, FakeStripe
from payments.providers.stripe import Stripe
from tests.guests.races import race
from tests.payments.stripe_api.guests import choose, order

CARD = {"amount": "900", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}


def post(fake: FakeStripe, path: str, params: dict[str, str], key: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {KEY}"} | ({"Idempotency-Key": key} if key else {})
    return httpx.post(f"{fake.url}/v1/{path}", data=params, headers=headers)


def test_calls_of_one_key_at_once_are_carried_out_once(fake: FakeStripe) -> None:
    answers = race(8, lambda: post(fake, "payment_intents", CARD, "k"))
    statuses = [one.status_code for one in answers]
    assert set(statuses) <= {200, 409} and 200 in statuses
    assert len(list(fake.account.all("payment_intent"))) == 1
    # Without keys, each is one.
    race(4, lambda: post(fake, "payment_intents", CARD))
    assert len(list(fake.account.all("payment_intent"))) == 5


def test_a_key_that_is_in_flight_is_refused(fake: FakeStripe) -> None:
    fingerprint = f"POST /v1/payment_intents {httpx.QueryParams(CARD)}"
    fake.application.keys.take("k", fingerprint)
    told = post(fake, "payment_intents", CARD, "k")
    assert told.status_code == 409
    assert told.json()["error"]["code"] == "idempotency_key_in_use"


def test_a_decline_is_kept_for_its_key_and_a_bad_form_is_not(fake: FakeStripe) -> None:
    poor = CARD | {"payment_method": "pm_card_chargeDeclined"}
    first = post(fake, "payment_intents", poor, "k")
    again = post(fake, "payment_intents", poor, "k")
    assert first.status_code == 402 and again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert post(fake, "payment_intents", {"amount": "x", "currency": "eur"}, "l").status_code == 400
    assert post(fake, "payment_intents", CARD, "l").status_code == 200


BAD: dict[str, tuple[str, dict[str, str], int]] = {
    "an unknown call": ("plans", {}, 404),
    "an unknown verb": ("payment_intents/pi_1/steal", {}, 404),
    "no amount": ("payment_intents", {"currency": "eur"}, 400),
    "an amount of words": ("payment_intents", {"amount": "ten", "currency": "eur"}, 400),
    "an amount of nothing": ("payment_intents", {"amount": "0", "currency": "eur"}, 400),
    "a currency in capitals": ("payment_intents", {"amount": "1", "currency": "EUR"}, 400),
    "no mode": ("checkout/sessions", {}, 400),
    "no way back": ("checkout/sessions", {"mode": "payment"}, 400),
    "nothing to pay": ("checkout/sessions", {"mode": "payment", "success_url": "x"}, 400),
    "an unknown customer": ("payment_intents", CARD | {"customer": "cus_1"}, 404),
    "a refund of nothing": ("refunds", {}, 404),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_calls_are_refused_as_stripe_does(fake: FakeStripe, name: str) -> None:
    path, params, status = BAD[name]
    told = post(fake, path, params)
    assert told.status_code == status
    assert told.json()["error"]["type"] == "invalid_request_error"


def test_a_call_without_a_key_of_test_mode_is_refused(fake: FakeStripe) -> None:
    for given in ({}, {"Authorization": "Bearer sk_live_x"}):
        assert httpx.get(f"{fake.url}/v1/refunds", headers=given).status_code == 401


def test_forms_are_nested() -> None:
    body = "a%5Bb%5D%5B0%5D%5Bc%5D=1&a%5Bb%5D%5B1%5D%5Bc%5D=2&e[]=x&e[]=y&f=&g[h]=3"
    assert decode(body) == {
        "a": {"b": [{"c": "1"}, {"c": "2"}]}, "e": ["x", "y"], "f": "", "g": {"h": "3"},
    }  # fmt: skip


def test_the_page_has_four_buttons_and_escapes_what_it_shows(
    fake: FakeStripe, provider: Stripe
) -> None:
    started = provider.start(order(back_url='http://testserver/?"><script>'))
    page = httpx.get(started.url).text
    assert page.count("<form") == 1 and "<script>" not in page
    for value in ("pay", "authenticate", "decline", "late"):
        assert f'name="outcome" value="{value}"' in page
    assert httpx.post(started.url, data={"outcome": "steal"}).status_code == 400
    assert httpx.get(f"{fake.url}/pay/cs_none").status_code == 404
    choose(started, "pay")
    assert httpx.get(started.url).status_code == 410


class Inbox:
    """Takes webhooks, or not: `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[Mapping[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == "http://us/events"
        self.got.append((headers, body))
        return self.status

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@pytest.fixture
def inbox(fake: FakeStripe) -> Inbox:
    made = Inbox()
    fake.webhooks.url, fake.webhooks.post = "http://us/events", made
    return made


def test_events_are_signed_and_sent_once_where_they_are_taken(
    fake: FakeStripe, provider: Stripe, inbox: Inbox
) -> None:
    choose(provider.start(order()), "pay")
    fake.webhooks.deliver()
    assert fake.webhooks.deliver() == 0
    assert inbox.types() == [
        "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated",
        "checkout.session.completed",
    ]  # fmt: skip
    for headers, body in inbox.got:
        assert provider.parse(headers, body)


def test_events_that_are_not_taken_come_again(
    fake: FakeStripe, provider: Stripe, inbox: Inbox, frozen: FrozenDateTimeFactory
) -> None:
    inbox.status = 500
    provider.void(provider.start(order()).ref, key="v")
    assert fake.webhooks.deliver() == 0 and len(inbox.got) == 1
    assert fake.webhooks.deliver() == 0 and len(inbox.got) == 1
    inbox.status = 204
    frozen.tick(timedelta(seconds=2))
    assert fake.webhooks.deliver() == 1
    first, again = inbox.got
    assert first[1] == again[1] and first[0] != again[0]


def test_events_that_nobody_takes_are_given_up(
    fake: FakeStripe, provider: Stripe, inbox: Inbox, frozen: FrozenDateTimeFactory
) -> None:
    inbox.status = 0
    provider.void(provider.start(order()).ref, key="v")
    for _turn in range(20):
        fake.webhooks.deliver()
        frozen.tick(timedelta(hours=1))
    assert len(inbox.got) == 8 and fake.webhooks.waiting == []


@pytest.mark.parametrize(
    ("setting", "value", "judge"),
    [
        ("copies", 2, lambda sent, kept: len(sent) == 2 * len(kept)),
        ("is_reversed", True, lambda sent, kept: sent == kept[::-1]),
        ("delay", 60.0, lambda sent, _kept: sent == []),
        ("is_lost", True, lambda sent, _kept: sent == []),
    ],
    ids=["twice", "disorder", "delay", "lost"],
)
def test_events_come_badly_on_command(
    fake: FakeStripe, provider: Stripe, inbox: Inbox, setting: str, value: Any,
    judge: Callable[[list[str], list[str]], bool],
) -> None:  # fmt: skip
    setattr(fake.webhooks, setting, value)
    choose(provider.start(order()), "pay")
    fake.webhooks.deliver()
    kept = [one["type"] for one in fake.account.all("event")][::-1]
    assert kept and judge(inbox.types(), kept)
