"""The stand-in answers forty calls as calls.json says that Stripe does."""

import inspect
from typing import Any

import pytest
import stripe
from stripe.checkout import Session

from payments.providers import stripe as adapter
from payments.providers.fake_stripe.server import API_VERSION, KEY, FakeStripe
from tests.payments.stripe_api.recording import at, differences, load, replay

TYPES: dict[str, type] = {
    "payment_intent": stripe.PaymentIntent,
    "refund": stripe.Refund,
    "customer": stripe.Customer,
    "payment_method": stripe.PaymentMethod,
    "setup_intent": stripe.SetupIntent,
    "checkout.session": Session,
}


def test_the_stand_in_answers_each_call_as_it_is_kept(fake: FakeStripe) -> None:
    told = load()
    assert len(told["calls"]) >= 40
    faults = {
        call["name"]: differences(call, status, answer, kept)
        for call, status, answer, kept in replay(told["calls"], fake.url, KEY, told["api_version"])
    }
    assert {name: found for name, found in faults.items() if found} == {}


def test_each_field_that_is_read_is_one_of_the_sdk(fake: FakeStripe) -> None:
    told = load()
    unknown: set[str] = set()
    for call, _status, answer, _kept in replay(told["calls"], fake.url, KEY, told["api_version"]):
        known = TYPES.get(str(at(answer, "object")))
        if known is not None:
            names = {path.partition(".")[0] for path in call["expect"]}
            fields: dict[str, Any] = inspect.get_annotations(known)
            unknown |= {f"{known.__name__}.{name}" for name in names - fields.keys()}
    assert unknown == set()


def test_the_versions_are_one_and_the_file_says_whether_it_was_recorded() -> None:
    told = load()
    assert told["api_version"] == adapter.API_VERSION == API_VERSION
    assert (told["recorded_at"] is None) == ("NOT recorded" in told["about"])


def test_calls_that_differ_are_found() -> None:
    call = {"status": 200, "expect": {"a.b": "=1", "c": "int", "d.0": "null"}}
    assert differences(call, 200, {"a": {"b": 1}, "c": 2, "d": [None]}, {}) == []
    assert len(differences(call, 400, {"a": {"b": 2}, "c": "2", "d": []}, {})) == 4


@pytest.mark.parametrize("method", sorted(adapter.LATER))
def test_methods_that_are_authorised_first_are_so_in_the_sdk(method: str) -> None:
    words = "".join(part.title() for part in method.split("_"))
    name = f"SessionCreateParamsPaymentMethodOptions{words}"
    module = __import__("stripe.params.checkout._session_create_params", fromlist=[name])
    assert "capture_method" in inspect.get_annotations(getattr(module, name))
