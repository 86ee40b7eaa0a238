"""The Stripe provider, over HTTP, against the stand-in: each step of the protocol of payments."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from freezegun.api import FrozenDateTimeFactory

from payments.providers.fake_stripe.cards import Card
from payments.providers.fake_stripe.faults import Failure
from payments.providers.fake_stripe.server import KEY, SECRET, FakeStripe
from payments.providers.fake_stripe.webhooks import signature
from payments.providers.protocol import (
    BadSignature,
    Declined,
    Found,
    Reading,
    Started,
    Unreachable,
)
from payments.providers.stripe import API_VERSION, Stripe
from tests.payments.stripe_api.guests import BACK, choose, guarantee, order


def paid(provider: Stripe, outcome: str = "pay", **changed: Any) -> Started:
    started = provider.start(order(**changed))
    assert choose(started, outcome).headers["Location"] == BACK
    return started


def test_a_page_is_opened_and_not_paid_yet(provider: Stripe, fake: FakeStripe) -> None:
    asked = order()
    started = provider.start(asked)
    assert provider.read(started.ref) == Reading(state=Found.OPEN)
    assert started.expires_at >= asked.expires_at
    ((_, _, params),) = fake.calls("/checkout/sessions")
    assert params["locale"] == "nl" and params["customer_email"] == "guest@example.com"
    assert params["payment_method_options"] == {"card": {"capture_method": "manual"}}
    assert params["line_items"][0]["price_data"]["unit_amount"] == "12000"
    assert params["success_url"] == params["cancel_url"] == BACK


def test_a_page_is_opened_once_for_an_order(provider: Stripe, fake: FakeStripe) -> None:
    asked = order()
    assert provider.start(asked) == provider.start(asked)
    assert len(list(fake.account.all("checkout.session"))) == 1


@pytest.mark.parametrize("outcome", ["pay", "authenticate"])
def test_money_is_authorised_then_captured(provider: Stripe, outcome: str) -> None:
    ref = paid(provider, outcome).ref
    held = Reading(state=Found.AUTHORISED, authorised_minor=12_000)
    assert provider.read(ref) == held
    taken = Reading(state=Found.CAPTURED, authorised_minor=12_000, captured_minor=12_000)
    assert provider.capture(ref, amount_minor=12_000, key="k:capture") == taken
    assert provider.capture(ref, amount_minor=12_000, key="k:capture") == taken
    assert provider.capture(ref, amount_minor=12_000, key="another") == taken
    assert provider.read(ref) == taken


def test_a_declined_card_leaves_the_page_open(provider: Stripe) -> None:
    started = provider.start(order())
    told = choose(started, "decline")
    assert told.status_code == 200 and "declined" in told.text
    assert provider.read(started.ref) == Reading(state=Found.OPEN, reason="generic_decline")
    choose(started, "pay")
    assert provider.read(started.ref).state is Found.AUTHORISED


def test_a_bank_that_asks_and_is_refused_takes_nothing(provider: Stripe) -> None:
    started = provider.start(order())
    bank = httpx.post(started.url, data={"outcome": "authenticate"}).headers["Location"]
    assert "Your bank asks" in httpx.get(bank).text
    httpx.post(bank, data={"outcome": "refuse"})
    assert provider.read(started.ref).state is Found.OPEN


def test_late_money_comes_late(provider: Stripe, frozen: FrozenDateTimeFactory) -> None:
    ref = paid(provider, "late").ref
    assert provider.read(ref).state is Found.OPEN
    frozen.tick(timedelta(seconds=61))
    assert provider.read(ref).state is Found.AUTHORISED


def test_a_page_that_nobody_pays_expires(provider: Stripe, frozen: FrozenDateTimeFactory) -> None:
    started = provider.start(order())
    frozen.move_to(started.expires_at)
    assert provider.read(started.ref).state is Found.EXPIRED
    assert httpx.post(started.url, data={"outcome": "pay"}).status_code == 410


def test_an_order_of_days_has_the_longest_page(provider: Stripe, fake: FakeStripe) -> None:
    provider.start(order(expires_at=datetime.now(UTC) + timedelta(days=3)))
    ((_, _, params),) = fake.calls("/checkout/sessions")
    assert "expires_at" not in params


def test_voiding_closes_an_open_page(provider: Stripe) -> None:
    started = provider.start(order())
    assert provider.void(started.ref, key="v").state is Found.EXPIRED
    assert provider.void(started.ref, key="v").state is Found.EXPIRED
    assert httpx.get(started.url).status_code == 410


def test_voiding_releases_what_was_authorised(provider: Stripe) -> None:
    ref = paid(provider).ref
    assert provider.void(ref, key="v") == Reading(state=Found.VOIDED)
    assert provider.void(ref, key="v") == Reading(state=Found.VOIDED)
    assert provider.capture(ref, amount_minor=12_000, key="c").state is Found.VOIDED


def test_voiding_too_late_says_that_it_was_captured(provider: Stripe) -> None:
    ref = paid(provider).ref
    provider.capture(ref, amount_minor=12_000, key="c")
    assert provider.void(ref, key="v").state is Found.CAPTURED


def test_a_guest_who_pays_while_it_is_voided_is_not_charged(
    provider: Stripe, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = provider.start(order())
    read = Stripe.read
    seen: list[Reading] = []

    def paid_after(self: Stripe, ref: str) -> Reading:
        seen.append(read(self, ref))
        if len(seen) == 1:
            choose(started, "pay")
        return seen[-1]

    monkeypatch.setattr(Stripe, "read", paid_after)
    assert provider.void(started.ref, key="v").state is Found.VOIDED
    assert fake.intent_of(started.ref)["status"] == "canceled"


def test_a_method_that_cannot_wait_is_paid_at_once(fake: FakeStripe) -> None:
    provider = Stripe(key=KEY, webhook_secret=SECRET, api_base=fake.url, methods=["card", "ideal"])
    started = provider.start(order())
    session = fake.account.objects[started.ref]
    assert session["_params"]["allowed_payment_method_types"] == ["card", "ideal"]
    # The stand-in knows cards only: this one behaves as iDEAL does.
    session["_params"]["payment_method_options"].clear()
    choose(started, "pay")
    assert provider.read(started.ref) == Reading(
        state=Found.PAID, authorised_minor=12_000, captured_minor=12_000
    )


def test_refunds_stop_at_what_was_captured(provider: Stripe) -> None:
    ref = paid(provider).ref
    with pytest.raises(Declined):
        provider.refund(ref, amount_minor=1, key="early")
    provider.capture(ref, amount_minor=12_000, key="c")
    assert provider.refund(ref, amount_minor=5_000, key="r").refunded_minor == 5_000
    assert provider.refund(ref, amount_minor=5_000, key="r").refunded_minor == 5_000
    with pytest.raises(Declined):
        provider.refund(ref, amount_minor=7_001, key="r2")
    assert provider.refund(ref, amount_minor=7_000, key="r3").refunded_minor == 12_000
    with pytest.raises(Declined, match="charge_already_refunded"):
        provider.refund(ref, amount_minor=1, key="r4")


def test_a_refund_is_not_made_again_when_stripe_has_forgotten_its_key(
    provider: Stripe, fake: FakeStripe
) -> None:
    ref = paid(provider).ref
    provider.capture(ref, amount_minor=12_000, key="c")
    provider.refund(ref, amount_minor=5_000, key="r")
    fake.application.keys.free("r")
    assert provider.refund(ref, amount_minor=5_000, key="r").refunded_minor == 5_000


def test_a_refund_and_a_dispute_made_elsewhere_are_read(provider: Stripe, fake: FakeStripe) -> None:
    ref = paid(provider).ref
    provider.capture(ref, amount_minor=12_000, key="c")
    fake.refund(ref, 2_000)
    dispute = fake.dispute(ref, 3_000)
    found = provider.read(ref)
    assert (found.refunded_minor, found.disputed_minor) == (2_000, 3_000)
    fake.close_dispute(dispute, "won")
    assert provider.read(ref).disputed_minor == 0
    dispute["status"] = "lost"
    assert provider.read(ref).disputed_minor == 3_000


CALLS = [
    ("/checkout/sessions", lambda provider, _ref: provider.start(order(key="again"))),
    ("/capture", lambda provider, ref: provider.capture(ref, amount_minor=12_000, key="c")),
    ("/cancel", lambda provider, ref: provider.void(ref, key="v")),
]


@pytest.mark.parametrize("failure", list(Failure), ids=lambda one: one.name)
@pytest.mark.parametrize(("path", "act"), CALLS, ids=[path for path, _ in CALLS])
def test_an_answer_that_is_lost_is_asked_for_again(
    provider: Stripe, fake: FakeStripe, failure: Failure, path: str, act: Any
) -> None:
    ref = paid(provider).ref
    made = len(list(fake.account.all("checkout.session")))
    fake.failure(failure, path=path)
    with pytest.raises(Unreachable):
        act(provider, ref)
    once = act(provider, ref)
    assert act(provider, ref) == once
    keys = {"/checkout/sessions": made + 1}.get(path, made)
    assert len(list(fake.account.all("checkout.session"))) == keys


def test_a_refund_whose_answer_is_lost_is_made_once(provider: Stripe, fake: FakeStripe) -> None:
    ref = paid(provider).ref
    provider.capture(ref, amount_minor=12_000, key="c")
    fake.failure("timeout after doing it", path="/refunds")
    # The first call with this path asks what was refunded before.
    fake.application.planned[0].times = 2
    fake.application.planned[0].path = "/v1/refunds"
    with pytest.raises(Unreachable):
        provider.refund(ref, amount_minor=5_000, key="r")
    fake.application.planned.clear()
    assert provider.refund(ref, amount_minor=5_000, key="r").refunded_minor == 5_000


def test_the_sdk_asks_again_by_itself_with_the_same_key(fake: FakeStripe) -> None:
    provider = Stripe(key=KEY, webhook_secret=SECRET, api_base=fake.url, retries=1)
    fake.failure("timeout after doing it", path="/checkout/sessions")
    provider.start(order())
    assert len(fake.calls("/checkout/sessions")) == 2
    assert len(list(fake.account.all("checkout.session"))) == 1


def test_nobody_at_the_other_end_is_unreachable() -> None:
    provider = Stripe(key=KEY, webhook_secret=SECRET, api_base="http://127.0.0.1:9", retries=0)
    with pytest.raises(Unreachable):
        provider.read("cs_1")


def test_a_key_of_another_account_decides_nothing(provider: Stripe, fake: FakeStripe) -> None:
    with pytest.raises(Unreachable):
        provider.read("cs_of_somebody_else")
    stranger = Stripe(key="sk_live_x", webhook_secret=SECRET, api_base=fake.url, retries=0)
    with pytest.raises(Unreachable):
        stranger.start(order())


# Stored cards


def stored(provider: Stripe, outcome: str = "pay") -> str:
    started = provider.start(guarantee())
    choose(started, outcome)
    found = provider.read(started.ref)
    assert found.state is Found.AUTHORISED and found.captured_minor == 0
    return found.mandate


def test_a_card_is_stored_and_charged_without_the_guest(provider: Stripe, fake: FakeStripe) -> None:
    mandate = stored(provider)
    asked = order(4_500)
    charged = provider.charge_saved(mandate, asked)
    assert charged.url == "" and charged.reading.captured_minor == 4_500
    assert provider.read(charged.ref) == charged.reading
    assert provider.charge_saved(mandate, asked) == charged
    fake.application.keys.free(f"{asked.key}:charge")
    assert provider.charge_saved(mandate, asked) == charged
    assert len(list(fake.account.all("charge"))) == 1


def test_a_bank_that_asks_later_gets_the_guest_a_page(provider: Stripe) -> None:
    mandate = stored(provider, "authenticate")
    asked = order(4_500)
    charged = provider.charge_saved(mandate, asked)
    assert charged.url and charged.reading.reason == "authentication_required"
    assert provider.charge_saved(mandate, asked) == charged
    started = Started(charged.ref, charged.url, asked.expires_at)
    assert choose(started, "authenticate").headers["Location"] == BACK
    assert provider.read(charged.ref).state is Found.AUTHORISED


def test_a_stored_card_that_is_declined_takes_nothing(provider: Stripe, fake: FakeStripe) -> None:
    mandate = stored(provider)
    fake.use_card(mandate.partition("/")[2], Card.DECLINED_LATER)
    asked = order(4_500)
    for _turn in range(2):
        with pytest.raises(Declined, match="generic_decline"):
            provider.charge_saved(mandate, asked)
        fake.application.keys.free(f"{asked.key}:charge")
    assert list(fake.account.all("charge")) == []


def test_a_stored_card_that_is_given_up_is_charged_no_more(provider: Stripe) -> None:
    started = provider.start(guarantee())
    choose(started, "pay")
    mandate = provider.read(started.ref).mandate
    assert provider.void(started.ref, key="v").state is Found.VOIDED
    assert provider.read(started.ref).state is Found.VOIDED
    with pytest.raises(Declined):
        provider.charge_saved(mandate, order(4_500))


def test_a_card_that_is_declined_is_not_stored(provider: Stripe) -> None:
    started = provider.start(guarantee())
    choose(started, "decline")
    found = provider.read(started.ref)
    assert found == Reading(state=Found.OPEN, reason="card_declined")
    assert provider.void(started.ref, key="v").state is Found.EXPIRED


# Events


def event(ref: str = "cs_1", **changed: Any) -> bytes:
    given = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "api_version": API_VERSION,
        "data": {"object": {"id": ref, "object": "checkout.session"}},
    }
    return json.dumps(given | changed).encode()


def signed(body: bytes, secret: str = SECRET, at: float = 0.0) -> dict[str, str]:
    return {"Stripe-Signature": signature(body, secret, datetime.now(UTC).timestamp() + at)}


def test_an_event_of_stripe_names_its_payment(provider: Stripe) -> None:
    (told,) = provider.parse(signed(event()), event())
    assert (told.id, told.type, told.ref) == ("evt_1", "checkout.session.completed", "cs_1")
    assert told.version == API_VERSION


@pytest.mark.parametrize("seconds", [-300, 300], ids=["old", "ahead"])
def test_a_signature_is_valid_for_five_minutes(provider: Stripe, seconds: int) -> None:
    assert provider.parse(signed(event(), at=seconds), event())
    further = seconds + (1 if seconds > 0 else -1)
    with pytest.raises(BadSignature):
        provider.parse(signed(event(), at=further), event())


BAD = {
    "none": {},
    "empty": {"Stripe-Signature": ""},
    "no time": {"Stripe-Signature": "v1=aa"},
    "no signature": {"Stripe-Signature": "t=1"},
    "words": {"Stripe-Signature": "t=one,v1=two"},
    "of another": signed(event(), "whsec_other"),
    "of another body": signed(b"{}"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_what_stripe_did_not_sign_is_refused(provider: Stripe, name: str) -> None:
    with pytest.raises(BadSignature):
        provider.parse(BAD[name], event())


@pytest.mark.parametrize("body", [b"\xff", b"{}", b"[]", b"null", b'{"id": 1}', b"{"])
def test_what_is_signed_and_no_event_is_refused(provider: Stripe, body: bytes) -> None:
    with pytest.raises(BadSignature):
        provider.parse(signed(body), body)


def test_an_event_of_another_version_is_read_and_logged(
    provider: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    body = event(api_version="2024-06-20")
    (told,) = provider.parse(signed(body), body)
    assert told.version == "2024-06-20" and told.ref == "cs_1"
    assert "2024-06-20" in caplog.text


def test_either_of_two_secrets_is_good_while_one_is_replaced(fake: FakeStripe) -> None:
    provider = Stripe(key=KEY, webhook_secret=["whsec_new", SECRET], api_base=fake.url)
    assert provider.parse(signed(event()), event())
    assert provider.parse(signed(event(), "whsec_new"), event())


def test_an_event_about_money_leads_to_the_payment(provider: Stripe, fake: FakeStripe) -> None:
    ref = paid(provider).ref
    provider.capture(ref, amount_minor=12_000, key="c")
    fake.dispute(ref)
    fake.refund(ref, 1)
    seen = {}
    for made in fake.account.all("event"):
        body = json.dumps(made).encode()
        (told,) = provider.parse(signed(body), body)
        seen[told.type] = provider.locate(told.ref) if told.ref else ""
    assert {"charge.dispute.created", "charge.refunded", "refund.created"} <= seen.keys()
    assert {name: found for name, found in seen.items() if found != ref} == {}
    charged = provider.charge_saved(stored(provider), order(10))
    assert provider.locate(charged.ref) == charged.ref


@pytest.mark.parametrize(
    "changed",
    [{"key": "pk_test_x"}, {"webhook_secret": "x"}, {"webhook_secret": []}],
    ids=["public key", "no secret", "no secrets"],
)
def test_a_provider_without_its_secrets_is_not_made(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="begins with"):
        Stripe(**{"key": KEY, "webhook_secret": SECRET} | changed)
