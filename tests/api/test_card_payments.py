"""Payments by card over the API: opened, come back from, reported, and what must be paid first."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django.fixtures import Settings

from payments.models import Checkout, ProviderEvent
from payments.providers.fake import Fake
from payments.providers.protocol import Unreachable
from reservations import actions
from reservations.models import Reservation
from tests.api.calling import Api, anonymous, partner, person
from tests.factories import DESK, NOON
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from tests.payments.cards import PRICE, fresh, held, path_of, table

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = "/api/v1/payments/fake/events"


@pytest.fixture(autouse=True)
def _noon(clock: FrozenDateTimeFactory) -> None:
    clock.move_to(NOON - timedelta(days=1))


@pytest.fixture
def owned() -> tuple[Api, Reservation]:
    """A guest, and what is held for them: 10.00, due before it is confirmed."""
    user = UserFactory.create()
    row = held(table())
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    return person(user), fresh(row)


def pay(api: Api, row: Reservation, **fields: Any) -> Any:
    headers = {"Idempotency_Key": fields.pop("key")} if "key" in fields else {}
    return api.post(f"/reservations/{row.pk}/payments", {"method": "card"} | fields, **headers)


def test_a_guest_pays_from_the_call_to_the_page_and_back(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    made = pay(api, row)
    assert made.status_code == 201
    body = made.json()
    assert body["amount"] == {"amount": "10.00", "currency": "EUR"}
    assert (body["state"], set(body)) == (
        "open",
        {"id", "state", "amount", "pay_url", "expires_at"},
    )
    again = pay(api, row)
    assert (again.status_code, again.json()) == (200, body)
    browser = Client()
    page = browser.get(path_of(body["pay_url"])).content.decode()
    assert page.count("<form") == 1
    buttons = re.findall(r'<button[^>]*name="outcome" value="(\w+)"', page)
    assert buttons == ["pay", "authenticate", "decline", "late"]
    gone = browser.post(path_of(body["pay_url"]), {"outcome": "pay"})
    assert gone.status_code == 303
    back = browser.get(path_of(gone["Location"]))
    assert (back.status_code, path_of(back["Location"])) == (302, f"/reservations/{row.code}/")
    told = api.get(f"/reservations/{row.pk}/payments").json()
    assert (told["paid"]["amount"], told["due_now"]["amount"]) == ("10.00", "0.00")
    assert [one["state"] for one in told["items"]] == ["captured"]
    assert api.get(f"/reservations/{row.pk}").json()["status"] == "upcoming"
    assert pay(api, row).json()["code"] == "nothing_due"


def test_after_a_decline_a_new_payment_is_made(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    first = pay(api, row).json()
    gone = Client().post(path_of(first["pay_url"]), {"outcome": "decline"})
    Client().get(path_of(gone["Location"]))
    second = pay(api, row)
    assert second.status_code == 201
    assert second.json()["id"] != first["id"]


def test_what_must_be_paid_first_says_where(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    refused = api.post(f"/reservations/{row.pk}/confirm")
    body = refused.json()
    assert (refused.status_code, body["code"]) == (409, "payment_required")
    assert body["due_now"] == {"amount": "10.00", "currency": "EUR"}
    assert body["pay_url"].endswith(f"/reservations/{row.code}/")
    url = pay(api, row).json()["pay_url"]
    assert api.post(f"/reservations/{row.pk}/confirm").json()["pay_url"] == url


def test_staff_confirm_without_payment_for_a_reason(owned: tuple[Api, Reservation]) -> None:
    _, row = owned
    desk = person(StaffFactory.create(staff_venues=[row.venue]))
    path = f"/reservations/{row.pk}/confirm"
    assert desk.post(path).json()["code"] == "payment_required"
    done = desk.post(path, {"override_reason": "a regular"})
    assert (done.status_code, done.json()["due_now"]["amount"]) == (200, "0.00")
    assert fresh(row).events.get(name="reservation.confirmed").data["override_reason"]


def test_a_guest_has_no_reason_to_give(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    sent = api.post(f"/reservations/{row.pk}/confirm", {"override_reason": "please"})
    assert sent.status_code == 403


def test_a_partner_needs_the_scope(owned: tuple[Api, Reservation]) -> None:
    _, row = owned
    Reservation.objects.filter(pk=row.pk).update(partner="acme")
    acme = PartnerFactory.create(slug="acme", venues=[row.venue], scopes=["reservations:write"])
    assert pay(partner(acme), row).status_code == 403
    acme.scopes = ["reservations:read", "payments:write"]
    acme.save()
    assert pay(partner(acme), row).status_code == 201


def test_somebody_else_cannot_pay(owned: tuple[Api, Reservation]) -> None:
    _, row = owned
    assert pay(person(UserFactory.create()), row).status_code == 404


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"return_url": "https://evil.example/"}, "#/return_url"),
        ({"return_url": "//evil.example/"}, "#/return_url"),
        ({"return_url": "http://testserver@evil.example/"}, "#/return_url"),
        ({"return_url": "http://testserver.evil.example/"}, "#/return_url"),
        ({"return_url": "http://testserver\\.evil.example/"}, "#/return_url"),
        ({"return_url": "javascript:alert(1)"}, "#/return_url"),
        ({"return_url": "http://testserver:x/"}, "#/return_url"),
        ({"amount": {"amount": "1.00", "currency": "EUR"}}, "#/amount"),
        ({"till": "main"}, "#/till"),
    ],
    ids=range(9),
)
def test_what_a_payment_does_not_take(
    owned: tuple[Api, Reservation], fields: dict[str, Any], pointer: str
) -> None:
    api, row = owned
    refused = pay(api, row, **fields)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert not Checkout.objects.exists()


def test_a_guest_comes_back_to_where_they_were(
    owned: tuple[Api, Reservation], settings: Settings
) -> None:
    settings.PAY_RETURN_ORIGINS = ["https://shop.example"]
    api, row = owned
    made = pay(api, row, return_url="https://shop.example/thanks?n=1")
    assert made.status_code == 201
    checkout = Checkout.objects.get()
    back = Client().get(f"/payments/{checkout.key}/back/")
    assert back["Location"] == "https://shop.example/thanks?n=1"
    assert Client().get("/payments/unknown/back/").status_code == 404


def test_without_a_provider_cards_are_not_taken(
    owned: tuple[Api, Reservation], settings: Settings
) -> None:
    settings.PAYMENTS = {}
    refused = pay(*owned)
    assert refused.status_code == 422
    assert "PAYMENTS" in refused.json()["errors"][0]["detail"]


def test_a_key_opens_one_payment(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    first = pay(api, row, key="k")
    again = pay(api, row, key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    other = pay(api, row, key="k", purpose="guarantee")
    assert other.json()["code"] == "idempotency_key_reused"
    assert Checkout.objects.count() == 1


def test_a_provider_that_does_not_answer_may_be_asked_again(
    owned: tuple[Api, Reservation], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, row = owned
    started = Fake.start

    def lost(self: Fake, order: Any) -> Any:
        started(self, order)
        raise Unreachable

    monkeypatch.setattr(Fake, "start", lost)
    refused = pay(api, row)
    assert (refused.status_code, refused.json()["code"]) == (503, "provider_unavailable")
    assert refused["Retry-After"]
    monkeypatch.undo()
    assert pay(api, row).status_code == 200
    assert Checkout.objects.count() == 1


def test_a_report_is_stored_once_and_signed() -> None:
    headers, body = Fake().signed([{"id": "e1", "type": "x", "ref": "none", "version": "2"}])
    browser = Client(headers=headers)
    for fresh_ones in (1, 0):
        done = browser.post(EVENTS, body, content_type="application/json")
        assert (done.status_code, done.json()) == (200, {"received": fresh_ones})
    assert ProviderEvent.objects.get().version == "2"


@pytest.mark.parametrize("case", ["none", "wrong", "old", "early", "another body"])
def test_an_unsigned_report_is_refused(case: str, caplog: pytest.LogCaptureFixture) -> None:
    shift = {"old": -301, "early": 301}.get(case, 0)
    headers, body = Fake(key="other" if case == "wrong" else "").signed(
        [{"id": "e1", "type": "x", "ref": "secret-ref"}],
        at=NOON - timedelta(days=1) + timedelta(seconds=shift),
    )
    sent = body + b" " if case == "another body" else body
    browser = Client(headers={} if case == "none" else headers)
    refused = browser.post(EVENTS, sent, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
    assert not ProviderEvent.objects.exists()
    assert "secret-ref" not in caplog.text


def test_a_provider_that_settings_do_not_name_is_unknown() -> None:
    assert anonymous().post("/payments/none/events", {}).status_code == 404


def test_the_fake_has_a_page_only_where_it_is_named(
    owned: tuple[Api, Reservation], settings: Settings
) -> None:
    url = path_of(pay(*owned).json()["pay_url"])
    assert Client().post(url, {"outcome": "steal"}).status_code == 422
    settings.PAYMENTS = {}
    assert Client().get(url).status_code == 404


def test_its_page_speaks_the_language_of_the_browser(owned: tuple[Api, Reservation]) -> None:
    url = path_of(pay(*owned).json()["pay_url"])
    page = Client(headers={"accept-language": "nl"}).get(url)
    assert "Proefbetaling" in page.content.decode()
    assert "<script" not in page.content.decode()
    assert "form-action" in page["Content-Security-Policy"]


def test_a_group_is_paid_by_one_payment(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    group = uuid4()
    Reservation.objects.filter(pk=row.pk).update(group_id=group)
    made = api.post(f"/groups/{group}/payments", {"method": "card"})
    assert (made.status_code, made.json()["amount"]["amount"]) == (201, "10.00")
    assert api.post(f"/groups/{group}/payments", {"method": "card"}).status_code == 200
    assert pay(api, row).json() == made.json()
    refused = person(UserFactory.create()).post(f"/groups/{group}/payments", {"method": "card"})
    assert refused.status_code == 404


def test_a_guarantee_is_read_with_its_limit(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    Reservation.objects.filter(pk=row.pk).update(due_now_minor=0, asks_guarantee=True)
    refused = api.post(f"/reservations/{row.pk}/confirm").json()
    assert (refused["code"], refused["needs_guarantee"]) == ("payment_required", True)
    made = pay(api, row, purpose="guarantee").json()
    assert made["amount"]["amount"] == "0.00"
    gone = Client().post(path_of(made["pay_url"]), {"outcome": "pay"})
    Client().get(path_of(gone["Location"]))
    told = api.get(f"/reservations/{row.pk}/payments").json()
    assert told["guarantee"]["limit"] == {"amount": "10.00", "currency": "EUR"}
    assert [one["state"] for one in told["items"]] == ["authorised"]
    assert api.get(f"/reservations/{row.pk}").json()["status"] == "upcoming"


def test_what_is_due_of_a_confirmed_stay_can_be_paid(owned: tuple[Api, Reservation]) -> None:
    api, row = owned
    Reservation.objects.filter(pk=row.pk).update(due_now_minor=0)
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert pay(api, row).json()["amount"]["amount"] == f"{PRICE / 100:.2f}"
