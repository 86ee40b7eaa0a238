"""A key of the settings that is limited gets no more than it may see, whatever its siblings may."""

import json
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from pytest_django import Settings

from config import outbox
from guests import keys
from hooks import endpoints
from hooks.models import Endpoint
from notices import batches
from notices.models import Delivery
from reservations.models import Reservation
from settings.partner_keys import read
from tests.api.calling import Api, partner
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import PartnerFactory
from tests.hooks.making import PUBLIC, make_delivery, make_endpoint
from tests.hooks.receiver import receiving
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

WISH: dict[str, Any] = {"url": PUBLIC, "events": ["*"]}
ALL = ["webhooks:write", "reservations:read"]


@pytest.fixture
def here() -> Venue:
    return make_venue("restaurant", units=9, horizon=None)


@pytest.fixture
def there() -> Venue:
    return make_venue("restaurant", units=9, horizon=None)


class Keys:
    """The keys of the partner `acme` in the settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.entries = settings, list[dict[str, Any]]()

    def add(self, *venues: Venue, scopes: list[str] = ALL, is_everywhere: bool = False) -> Api:
        secret = keys.new_secret()
        self.entries.append(
            {
                "partner": "acme",
                "digest": keys.digest(secret),
                "scopes": scopes,
                "venues": "*" if is_everywhere else [venue.slug for venue in venues],
            }
        )
        self.settings.PARTNER_KEYS = read(self.entries)
        return Api(lambda: {"X-API-Key": secret})


@pytest.fixture
def acme(settings: Settings) -> Keys:
    return Keys(settings)


def book(venue: Venue, days: int = 0) -> Reservation:
    row = hold(venue, NOON + timedelta(days=days))
    Reservation.objects.filter(pk=row.pk).update(partner="acme")
    return row


def told(endpoint_id: str) -> set[int | None]:
    """Dispatches, and returns the venues that an endpoint was told of."""
    outbox.dispatch()
    return set(Delivery.objects.filter(to=endpoint_id).values_list("venue_id", flat=True))


@pytest.mark.parametrize("is_sibling_later", [False, True])
def test_all_venues_are_those_of_the_key(
    acme: Keys, here: Venue, there: Venue, is_sibling_later: bool
) -> None:
    limited = acme.add(here)
    if not is_sibling_later:
        acme.add(is_everywhere=True)
    made = limited.post("/webhooks", WISH).json()
    assert made["venues"] == [here.slug]
    changed = limited.patch(f"/webhooks/{made['id']}", {"venues": None}).json()
    assert changed["venues"] == [here.slug]
    wide = acme.add(is_everywhere=True).post("/webhooks", WISH).json()
    assert wide["venues"] is None
    book(here)
    book(there)
    assert told(made["id"]) == {here.pk}
    assert told(wide["id"]) == {here.pk, there.pk}


def test_the_feed_is_of_the_venues_of_the_key(acme: Keys, here: Venue, there: Venue) -> None:
    limited, wide = acme.add(here), acme.add(is_everywhere=True)
    book(here)
    book(there)
    outbox.dispatch()
    seen = [one["data"]["venue"] for one in limited.get("/events").json()["items"]]
    assert seen == [here.slug]
    assert len(wide.get("/events").json()["items"]) == 2
    assert limited.get("/events", {"venue": there.slug}).status_code == 404
    blind = acme.add(is_everywhere=True, scopes=["webhooks:write"])
    assert blind.get("/events").status_code == 403


def test_a_whole_reservation_needs_a_key_that_may_read(acme: Keys, here: Venue) -> None:
    acme.add(is_everywhere=True)
    blind = acme.add(here, scopes=["webhooks:write"])
    wish = WISH | {"include": ["reservation"]}
    made = blind.post("/webhooks", WISH).json()
    for refused in (
        blind.post("/webhooks", wish),
        blind.patch(f"/webhooks/{made['id']}", {"include": ["reservation"]}),
    ):
        assert refused.status_code == 422, refused.content
        assert refused.json()["errors"][0]["pointer"] == "#/include/0"
    book(here)
    assert told(made["id"]) == {here.pk}
    assert "reservation" not in json.loads(Delivery.objects.get(to=made["id"]).body)["data"]


def test_no_key_gets_more_by_a_new_address(acme: Keys, here: Venue, there: Venue) -> None:
    """Whatever the endpoint and the key: a PATCH leaves what the key may see, or is refused."""
    full = acme.add(is_everywhere=True)
    limited = acme.add(here)
    blind = acme.add(is_everywhere=True, scopes=["webhooks:write"])
    both: dict[Api, tuple[set[int], bool]] = {
        full: ({here.pk, there.pk}, True),
        limited: ({here.pk}, True),
        blind: ({here.pk, there.pk}, False),
    }
    grants: list[Any] = [None, [here], [there], [here, there]]
    wishes: list[dict[str, Any]] = [
        {"url": f"{PUBLIC}mine"},
        {"url": f"{PUBLIC}mine", "venues": None},
        {"url": f"{PUBLIC}mine", "venues": [here.slug]},
        {"url": f"{PUBLIC}mine", "include": []},
        {"url": f"{PUBLIC}mine", "venues": [here.slug], "include": []},
        {"is_active": False},
        {"events": ["venue.closed"]},
    ]
    results = set()
    for venues, include, wish, (key, (ids, reads)) in product(
        grants, ([], ["reservation"]), wishes, both.items()
    ):
        endpoint = make_endpoint("acme", has_all_venues=venues is None, include=include)
        endpoint.venues.set(venues or [])
        answer = key.patch(f"/webhooks/{endpoint.pk}", wish)
        changed = Endpoint.objects.get(pk=endpoint.pk)
        results.add((answer.status_code, key is full))
        if answer.status_code == 403:
            assert changed.url == endpoint.url and changed.is_active
            continue
        assert answer.status_code == 200, answer.content
        seen = {venue.pk for venue in changed.venues.all()}
        assert reads or not changed.include
        assert seen <= ids
        assert not changed.has_all_venues or key is not limited
    assert results == {(200, True), (200, False), (403, False)}


def test_a_key_that_takes_an_endpoint_over_gets_nothing_of_before(
    acme: Keys, here: Venue, there: Venue, settings: Settings
) -> None:
    settings.WEBHOOK_ALLOW = ["127.0.0.1/32"]
    full, limited = acme.add(is_everywhere=True), acme.add(here)
    made = full.post("/webhooks", WISH | {"include": ["reservation"]}).json()
    book(here)
    book(there)
    assert told(made["id"]) == {here.pk, there.pk}
    path = f"/webhooks/{made['id']}"
    with receiving() as receiver:
        narrow: dict[str, Any] = {"url": receiver.url(), "venues": None, "include": []}
        assert limited.patch(path, narrow).json()["venues"] == [here.slug]
        while batches.send_batch(["webhook"]):
            pass
        assert limited.post(f"{path}/replay", {"since": "2027-01-30T00:00:00Z"}).json() == {
            "count": 1
        }
        while batches.send_batch(["webhook"]):
            pass
        data = [json.loads(got.body)["data"] for got in receiver.got]
    assert [one["venue"] for one in data] == [here.slug] * 2
    assert not any("reservation" in one for one in data)


def test_the_log_shows_a_key_what_it_may_see(acme: Keys, here: Venue, there: Venue) -> None:
    full, limited = acme.add(is_everywhere=True), acme.add(here)
    endpoint = make_endpoint("acme")
    mine = make_delivery(endpoint, key="mine", venue_id=here.pk)
    other = make_delivery(endpoint, key="other", venue_id=there.pk)
    path = f"/webhooks/{endpoint.pk}/deliveries"
    assert [one["id"] for one in limited.get(path).json()["items"]] == [str(mine.pk)]
    assert len(full.get(path).json()["items"]) == 2
    assert limited.post(f"{path}/{other.pk}/replay").status_code == 404
    assert limited.post(f"{path}/{mine.pk}/replay").status_code == 202


def test_all_keys_of_the_database_may_the_same(here: Venue, there: Venue) -> None:
    """So null means all of the partner's venues, also those to come."""
    of = PartnerFactory.create(slug="rocket", venues=[here])
    made = partner(of).post("/webhooks", WISH).json()
    assert made["venues"] is None
    of.venues.add(there)
    row = book(there)
    Reservation.objects.filter(pk=row.pk).update(partner="rocket")
    assert told(made["id"]) == {there.pk}
    assert endpoints.find(int(made["id"]), partner="rocket").has_all_venues
