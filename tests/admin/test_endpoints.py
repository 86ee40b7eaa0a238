"""Administrators make, change, try and delete partners' endpoints for webhooks."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from guests.models import Partner
from hooks import signing_secrets
from hooks.models import Endpoint
from notices.models import Delivery
from reservations import clock
from tests.admin.browsing import browser_of, text_of
from tests.guests.factories import PASSWORD, AdministratorFactory, PartnerFactory
from tests.hooks.making import PUBLIC, make_delivery, make_endpoint

pytestmark = pytest.mark.django_db(transaction=True)

GIVEN = {"url": PUBLIC, "types": ["reservation.created"], "password": PASSWORD}


@pytest.fixture
def browser() -> Client:
    return browser_of(AdministratorFactory.create())


@pytest.fixture
def acme() -> Partner:
    return PartnerFactory.create(slug="acme")


def page(endpoint: Endpoint, name: str) -> str:
    return f"/admin/hooks/endpoint/{endpoint.pk}/{name}/"


def test_an_endpoint_is_made_and_its_secret_shown_once(browser: Client, acme: Partner) -> None:
    partner = f"/admin/guests/partner/{acme.pk}/change/"
    assert "Add a webhook endpoint" in text_of(browser.get(partner))
    address = f"/admin/hooks/endpoint/make/{acme.pk}/"
    assert browser.post(address, GIVEN | {"password": "wrong"}).status_code == 200
    assert Endpoint.objects.count() == 0
    shown = text_of(browser.post(address, GIVEN))
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", shown)
    endpoint = Endpoint.objects.get()
    assert (endpoint.partner, endpoint.url, endpoint.types) == ("acme", PUBLIC, GIVEN["types"])
    assert signing_secrets.live(endpoint.secrets.all(), clock.now()) == [secret]
    for name in ("change", "edit", "rotate", "deliveries"):
        assert secret not in text_of(browser.get(page(endpoint, name)))


def test_an_inward_address_is_refused_beside_its_field(browser: Client, acme: Partner) -> None:
    address = f"/admin/hooks/endpoint/make/{acme.pk}/"
    answer = browser.post(address, GIVEN | {"url": "https://10.0.0.1/"})
    assert "This address cannot receive webhooks" in text_of(answer)
    for _ in range(5):
        browser.post(address, GIVEN)
    assert "Delete one first" in text_of(browser.post(address, GIVEN))
    assert Endpoint.objects.count() == 5


def test_changing_switches_it_on_again(browser: Client, acme: Partner) -> None:
    endpoint = make_endpoint("acme", is_active=False, failures=7, disabled_reason="x")
    changed = {"url": PUBLIC, "types": ["*", "lot.closed"], "has_reservation": "on"}
    browser.post(page(endpoint, "edit"), changed)
    endpoint.refresh_from_db()
    assert (endpoint.types, endpoint.include) == (["*"], ["reservation"])
    assert (endpoint.is_active, endpoint.failures) == (False, 7)
    browser.post(page(endpoint, "edit"), changed | {"is_active": "on"})
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.failures, endpoint.disabled_reason) == (True, 0, "")


def test_a_whole_reservation_is_only_for_partners_that_may_read(
    browser: Client, acme: Partner
) -> None:
    Partner.objects.update(scopes=["webhooks:write"])
    endpoint = make_endpoint("acme")
    given = {"url": PUBLIC, "types": ["*"], "has_reservation": "on", "is_active": "on"}
    shown = text_of(browser.post(page(endpoint, "edit"), given))
    assert "This needs the scope" in shown
    endpoint.refresh_from_db()
    assert endpoint.include == []


def test_rotating_shows_a_new_secret(browser: Client, acme: Partner) -> None:
    endpoint = make_endpoint("acme")
    shown = text_of(browser.post(page(endpoint, "rotate"), {"password": PASSWORD}))
    assert len(re.findall(r"whsec_", shown)) == 1
    assert endpoint.secrets.count() == 2


def test_the_log_sends_a_trial_and_sends_again(browser: Client, acme: Partner) -> None:
    endpoint = make_endpoint("acme")
    row = make_delivery(endpoint, key="evt_77", done_at=clock.now(), outcome="failed")
    assert "evt_77" in text_of(browser.get(page(endpoint, "deliveries")))
    browser.post(page(endpoint, "deliveries"), {"delivery": row.pk})
    browser.post(page(endpoint, "deliveries"), {"delivery": 10**17})
    browser.post(page(endpoint, "deliveries"))
    kinds = list(Delivery.objects.order_by("pk").values_list("kind", "replay_of"))
    assert kinds[1:] == [(row.kind, row.pk), ("webhook.ping", None)]


def test_a_range_is_sent_again(browser: Client, acme: Partner) -> None:
    endpoint = make_endpoint("acme")
    now = clock.now()
    for number, days in enumerate((1, 3, 5)):
        at = now - timedelta(days=days)
        make_delivery(endpoint, f"evt_{number}", done_at=at, outcome="sent", created_at=at)
    make_delivery(endpoint, "evt_waits", created_at=now - timedelta(days=2))
    address = page(endpoint, "deliveries")
    given = {"since": f"{now - timedelta(days=4):%Y-%m-%dT%H:%M}", "until": ""}
    assert "2 are sent again." in text_of(browser.post(address, given, follow=True))
    given["until"] = f"{now - timedelta(days=2):%Y-%m-%dT%H:%M}"
    # They wait already.
    assert "0 are sent again." in text_of(browser.post(address, given, follow=True))
    again = Delivery.objects.filter(replay_of__isnull=False)
    assert sorted(again.values_list("message_id", flat=True)) == ["evt_0", "evt_1"]
    assert LogEntry.objects.filter(change_message="endpoint.replayed").count() == 2


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        pytest.param("", "", "This field is required", id="nothing"),
        pytest.param("yesterday", "", "Give a date and a time", id="no time"),
        pytest.param("2027-01-01T00:00", "2027-03-01T00:00", "at most 30 days", id="too long"),
        pytest.param("2027-01-05T00:00", "2027-01-01T00:00", "before `since`", id="backwards"),
    ],
)
def test_a_range_that_is_none_is_refused_beside_its_field(
    browser: Client, acme: Partner, since: str, until: str, said: str
) -> None:
    endpoint = make_endpoint("acme")
    make_delivery(endpoint, done_at=clock.now(), outcome="sent")
    answer = browser.post(page(endpoint, "deliveries"), {"since": since, "until": until})
    assert answer.status_code == 200
    assert said in text_of(answer)
    assert Delivery.objects.count() == 1


def test_deleting_asks_first(browser: Client, acme: Partner) -> None:
    endpoint = make_endpoint("acme")
    browser.get(page(endpoint, "remove"))
    assert Endpoint.objects.exists()
    browser.post(page(endpoint, "remove"))
    assert not Endpoint.objects.exists()
