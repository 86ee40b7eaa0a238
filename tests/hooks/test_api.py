"""The calls about webhooks: what they take, what they answer, and whose they are."""

import json
from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import outbox
from guests.models import Partner
from hooks.models import Endpoint, EndpointSecret
from notices import batches
from notices.models import Delivery
from reservations.models import Reservation, StoredAnswer
from tests.api.calling import Api, anonymous, partner
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import PartnerFactory
from tests.hooks.making import PUBLIC, make_delivery, make_endpoint
from tests.hooks.receiver import Receiver, receiving, says
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

WISH: dict[str, Any] = {"url": PUBLIC, "events": ["*"]}


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", units=9, horizon=None)


@pytest.fixture
def acme(venue: Venue) -> Api:
    return partner(PartnerFactory.create(slug="acme", venues=[venue]))


@pytest.fixture
def rival(venue: Venue) -> Api:
    return partner(PartnerFactory.create(slug="rival", venues=[venue]))


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW = ["127.0.0.1/32"]
    with receiving() as found:
        yield found


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(acme: Api, venue: Venue) -> None:
    wish = WISH | {"venues": [venue.slug], "description": "ours", "include": ["reservation"]}
    answer = acme.post("/webhooks", wish)
    made = answer.json()
    assert answer.status_code == 201, answer.content
    assert answer["Location"] == f"/api/v1/webhooks/{made['id']}"
    assert made.pop("secret").startswith("whsec_")
    assert made == acme.get(f"/webhooks/{made['id']}").json()
    assert made | wish == made
    assert made["is_active"] is True
    assert acme.get("/webhooks").json() == {"items": [made], "next_cursor": None}


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"url": "http://example.com/"}, "#/url"),
        ({"url": "https://127.0.0.1/"}, "#/url"),
        ({"url": "https://a:b@93.184.216.34/"}, "#/url"),
        ({"url": f"{PUBLIC}#part"}, "#/url"),
        ({"url": "https://93.184.216.34:22/"}, "#/url"),
        ({"url": PUBLIC + "a" * 500}, "#/url"),
        ({"url": "nonsense"}, "#/url"),
        ({"url": ""}, "#/url"),
        ({"events": []}, "#/events"),
        ({"events": ["*", "venue.closed"]}, "#/events"),
        ({"events": ["venue.closed", "venue.exploded"]}, "#/events/1"),
        ({"events": ["webhook.ping"]}, "#/events/0"),
        ({"venues": ["nowhere"]}, "#/venues/0"),
        ({"include": ["guest"]}, "#/include/0"),
        ({"description": "x" * 201}, "#/description"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_what_does_not_fit_is_refused(acme: Api, wish: dict[str, Any], pointer: str) -> None:
    for answer in (acme.post("/webhooks", WISH | wish), patched(acme, wish)):
        assert answer.status_code == 422, answer.content
        assert answer.json()["errors"][0]["pointer"] == pointer


def patched(acme: Api, wish: dict[str, Any]) -> Any:
    return acme.patch(f"/webhooks/{make_endpoint().pk}", wish)


def test_a_venue_of_others_is_refused_and_a_name_nobody_knows_is_not(acme: Api) -> None:
    elsewhere = make_venue("hotel")
    assert acme.post("/webhooks", WISH | {"venues": [elsewhere.slug]}).status_code == 422
    unknown = WISH | {"url": "https://hooks.invalid/"}
    assert acme.post("/webhooks", unknown).status_code == 201


def test_a_sixth_endpoint_is_refused(acme: Api, rival: Api) -> None:
    for _ in range(5):
        made = acme.post("/webhooks", WISH)
    refused = acme.post("/webhooks", WISH)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_endpoints")
    assert rival.post("/webhooks", WISH).status_code == 201
    assert acme.send("DELETE", f"/webhooks/{made.json()['id']}").status_code == 204
    assert acme.post("/webhooks", WISH).status_code == 201


def test_no_stored_answer_holds_a_secret(acme: Api) -> None:
    made = acme.post("/webhooks", WISH, Idempotency_Key="a")
    again = acme.post("/webhooks", WISH, Idempotency_Key="a")
    assert again.json() == made.json() | {"secret": None}
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    path = f"/webhooks/{made.json()['id']}/rotate"
    rotated = acme.post(path, Idempotency_Key="b")
    assert rotated.json()["secret"].startswith("whsec_")
    assert acme.post(path, Idempotency_Key="b").json() == {"secret": None}
    assert Endpoint.objects.count() == 1
    kept = " ".join(StoredAnswer.objects.values_list("body", flat=True))
    kept += " ".join(EndpointSecret.objects.values_list("encrypted", flat=True))
    assert "whsec_" not in kept
    for secret in (made.json()["secret"], rotated.json()["secret"]):
        assert secret not in kept


def test_changes_are_kept_and_switching_on_forgets_failures(acme: Api, venue: Venue) -> None:
    facts: dict[str, Any] = {"is_active": False, "disabled_reason": "x", "failures": 9}
    endpoint = make_endpoint(failing_since=NOON, **facts)
    path = f"/webhooks/{endpoint.pk}"
    changed = acme.patch(path, {"events": ["venue.closed"], "venues": [venue.slug]}).json()
    assert (changed["events"], changed["venues"]) == (["venue.closed"], [venue.slug])
    assert (changed["is_active"], changed["disabled_reason"]) == (False, "x")
    changed = acme.patch(path, {"is_active": True, "venues": None}).json()
    assert (changed["is_active"], changed["disabled_reason"]) == (True, None)
    assert (changed["failing_since"], changed["venues"]) == (None, None)
    endpoint.refresh_from_db()
    assert endpoint.failures == 0
    assert acme.patch(path, {"secret": "x"}).status_code == 422


def test_those_of_others_are_unknown(acme: Api, rival: Api) -> None:
    endpoint = make_endpoint("acme")
    row = make_delivery(endpoint)
    mine = make_endpoint("rival")
    base = f"/webhooks/{endpoint.pk}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", base, None),
        ("PATCH", base, {"events": ["*"]}),
        ("DELETE", base, None),
        ("POST", f"{base}/ping", None),
        ("POST", f"{base}/rotate", None),
        ("GET", f"{base}/deliveries", None),
        ("POST", f"{base}/deliveries/{row.pk}/replay", None),
        ("POST", f"/webhooks/{mine.pk}/deliveries/{row.pk}/replay", None),
        ("POST", f"{base}/replay", {"since": "2027-01-20T00:00:00Z"}),
    ]
    for method, path, body in calls:
        refused = rival.send(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), path
        unknown = rival.send(method, path.replace(base, "/webhooks/999999"), body)
        assert unknown.status_code == 404
    assert [one["id"] for one in rival.get("/webhooks").json()["items"]] == [str(mine.pk)]
    assert Delivery.objects.count() == 1


def test_the_log_tells_each_attempt(
    acme: Api, receiver: Receiver, clock: FrozenDateTimeFactory
) -> None:
    endpoint = make_endpoint(url=receiver.url())
    row = make_delivery(endpoint, key="evt_1")
    receiver.answer = says(503, b"later", Retry_After="60")
    batches.send_batch(["webhook"])
    path = f"/webhooks/{endpoint.pk}/deliveries"
    (told,) = acme.get(path, {"outcome": "waiting"}).json()["items"]
    attempts = told.pop("attempts")
    assert told == {
        "id": str(row.pk),
        "webhook_id": "evt_1",
        "type": "reservation.confirmed",
        "created_at": "2027-02-01T09:00:00Z",
        "outcome": "waiting",
        "next_try_at": "2027-02-01T09:01:00Z",
        "replay_of": None,
    }
    assert attempts[0] | {"took_ms": 0} == {
        "at": "2027-02-01T09:00:00Z",
        "status": 503,
        "took_ms": 0,
        "detail": "later",
    }
    receiver.answer = says(200)
    clock.tick(timedelta(minutes=1))
    batches.send_batch(["webhook"])
    (told,) = acme.get(path, {"outcome": "sent"}).json()["items"]
    assert (told["next_try_at"], len(told["attempts"])) == (None, 2)
    for word in ("waiting", "failed", "dropped"):
        assert acme.get(path, {"outcome": word}).json()["items"] == []
    assert acme.get(path, {"outcome": "superseded"}).status_code == 422


def test_one_and_a_range_are_sent_again(acme: Api, clock: FrozenDateTimeFactory) -> None:
    endpoint = make_endpoint()
    now = clock().astimezone()
    old = make_delivery(endpoint, done_at=now, outcome="sent")
    make_delivery(endpoint, done_at=now, outcome="failed", created_at=now - timedelta(days=2))
    make_delivery(endpoint)
    acme.post(f"/webhooks/{endpoint.pk}/ping")
    again = acme.post(f"/webhooks/{endpoint.pk}/deliveries/{old.pk}/replay", Idempotency_Key="a")
    assert (again.status_code, again.json()["replay_of"]) == (202, str(old.pk))
    assert again.json()["webhook_id"] == old.message_id
    path = f"/webhooks/{endpoint.pk}/replay"
    # What waits, and what already waits to be sent again, is left out.
    assert acme.post(path, {"since": "2027-01-30T00:00:00Z"}).json() == {"count": 1}
    assert acme.post(path, {"since": "2027-01-30T00:00:00Z"}).json() == {"count": 0}
    for wish in (
        {"since": "2026-12-01T00:00:00Z"},
        {"since": "2027-02-01T09:00:01Z"},
        {"since": "2027-01-31T00:00:00Z", "until": "2027-01-30T00:00:00Z"},
        {},
    ):
        assert acme.post(path, wish).status_code == 422, wish


def test_deleting_an_endpoint_takes_its_log_along(acme: Api) -> None:
    endpoint = make_endpoint()
    other = make_delivery(make_endpoint())
    make_delivery(endpoint)
    assert acme.send("DELETE", f"/webhooks/{endpoint.pk}").status_code == 204
    assert list(Delivery.objects.all()) == [other]


def test_the_catalogue_is_public_and_is_the_webhooks_of_the_document() -> None:
    items = anonymous().get("/event-types").json()["items"]
    document = anonymous().get("/openapi.json").json()
    assert {one["type"] for one in items} == set(document["webhooks"])
    for one in items:
        posted = document["webhooks"][one["type"]]["post"]
        schema = posted["requestBody"]["content"]["application/json"]["schema"]
        assert schema["properties"]["data"]["properties"] == one["data"]["properties"]
        assert one["description"]


def test_the_feed_tells_what_the_webhooks_told(acme: Api, rival: Api, venue: Venue) -> None:
    make_endpoint()
    for number in range(3):
        row = hold(venue, NOON + timedelta(days=number))
        Reservation.objects.filter(pk=row.pk).update(partner="acme")
    assert acme.get("/events").json() == {"items": [], "next_after": None}
    outbox.dispatch()
    first = acme.get("/events", {"limit": 2}).json()
    rest = acme.get("/events", {"after": first["next_after"]}).json()
    items = first["items"] + rest["items"]
    sent = [
        {"id": row.message_id, **json.loads(row.body)} for row in Delivery.objects.order_by("pk")
    ]
    assert items == sent
    end = rest["next_after"]
    assert acme.get("/events", {"after": end}).json() == {"items": [], "next_after": end}
    assert rival.get("/events").json()["items"] == []
    named = acme.get("/events", {"venue": venue.slug, "type": "reservation.created"}).json()
    assert named["items"] == items
    for asked in (
        {"after": "nonsense"},
        {"after": "ZTA"},
        {"type": "venue.exploded"},
        {"limit": 0},
        {"limit": 201},
        {"colour": "red"},
    ):
        assert acme.get("/events", asked).status_code == 422, asked


def test_a_venue_that_is_unknown_or_of_others_has_no_feed(acme: Api, venue: Venue) -> None:
    """The two look alike: nobody learns by them which venues there are."""
    assert acme.get("/events", {"venue": venue.slug}).status_code == 200
    answers = [acme.get("/events", {"venue": slug}) for slug in ("nowhere", make_venue().slug, "")]
    for refused in answers:
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert len({refused.json()["detail"] for refused in answers}) == 1


def test_a_venue_that_was_taken_away_is_seen_no_more(acme: Api, venue: Venue) -> None:
    row = hold(venue)
    Reservation.objects.filter(pk=row.pk).update(partner="acme")
    outbox.dispatch()
    assert len(acme.get("/events").json()["items"]) == 1
    Partner.objects.get(slug="acme").venues.clear()
    assert acme.get("/events").json()["items"] == []


def test_endpoints_made_at_once_are_five_at_most(acme: Api) -> None:

    barrier, statuses = Barrier(8), []

    def make() -> None:
        barrier.wait()
        try:
            statuses.append(acme.post("/webhooks", WISH).status_code)
        finally:
            connection.close()

    threads = [Thread(target=make) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert Endpoint.objects.count() <= 5
    assert statuses.count(201) == Endpoint.objects.count()
