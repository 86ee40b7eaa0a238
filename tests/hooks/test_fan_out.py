"""Each event reaches the feeds and endpoints of those who may see it, once, and names nobody."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from config import outbox
from guests.models import Partner
from hooks import catalogue, fan_out
from hooks.models import Endpoint, FeedEntry
from notices.models import Delivery
from reservations import actions, event_types
from reservations.models import Event, Reservation
from reservations.requests import Change, Contact
from settings.partner_keys import read
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import PartnerFactory
from tests.hooks.making import make_endpoint
from venues import scratch
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

CANARY = "Zqxjcanary"
ADA = Contact(first_name=CANARY, last_name=CANARY, phone="+31612345670", email="zqxj@example.com")


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", units=9, horizon=None)


@pytest.fixture
def acme(venue: Venue) -> Partner:
    return PartnerFactory.create(slug="acme", venues=[venue])


def book(venue: Venue, *, partner: str = "acme", at: Any = NOON, **facts: Any) -> Reservation:
    """A hold that the partner made, with events that wait to be handed on."""
    row = hold(venue, at, contact=ADA, **facts)
    Reservation.objects.filter(pk=row.pk).update(partner=partner)
    row.refresh_from_db()
    return row


def bodies() -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in Delivery.objects.order_by("pk")]


def test_an_event_is_delivered_once_to_each_endpoint_that_wants_it(
    venue: Venue, acme: Partner
) -> None:
    wanting = [make_endpoint(types=["*"]), make_endpoint(types=["reservation.created"])]
    make_endpoint(types=["reservation.cancelled"])
    make_endpoint(is_active=False)
    book(venue)
    outbox.dispatch()
    assert {row.to for row in Delivery.objects.all()} == {str(one.pk) for one in wanting}
    assert {row.message_id for row in Delivery.objects.all()} == {f"evt_{Event.objects.get().pk}"}
    # Handed on again, as after a crash, it adds nothing.
    Event.objects.update(dispatched_at=None)
    outbox.dispatch()
    assert Delivery.objects.count() == 2
    assert FeedEntry.objects.count() == 1


def test_a_body_is_thin_and_of_the_contract(venue: Venue, acme: Partner) -> None:
    make_endpoint()
    row = book(venue, remarks=CANARY, occasion=CANARY)
    outbox.dispatch()
    (body,) = bodies()
    assert set(body) == {"type", "timestamp", "data"}
    unit = row.allocations.get().resource_id
    assert body["data"] == {
        "id": str(row.pk),
        "code": row.code,
        "venue": venue.slug,
        "sequence": Event.objects.get().pk,
        "status": "held",
        "version": row.version,
        "starts_at": row.starts_at.isoformat().replace("+00:00", "Z"),
        "ends_at": row.ends_at.isoformat().replace("+00:00", "Z"),
        "resource": str(unit),
        "changed": [],
    }


def test_changed_names_fields_and_no_values(venue: Venue, acme: Partner) -> None:
    make_endpoint()
    row = book(venue)
    change = Change(guest_count=2, details={"remarks": CANARY})
    actions.modify(reservation_id=row.pk, change=change, by=DESK)
    outbox.dispatch()
    assert bodies()[-1]["data"]["changed"] == ["guest_count", "remarks"]


def test_no_default_body_holds_anything_of_a_person(venue: Venue, acme: Partner) -> None:
    """Every type of event, each with free texts in whatever its data holds."""
    make_endpoint()
    row = book(venue, remarks=CANARY, occasion=CANARY, vehicle_plate="ZQXJ77")
    for kind in event_types.EVENT_TYPES:
        Event.objects.create(
            venue=venue,
            reservation=row if kind.name.startswith(catalogue.OF_ITS_MAKER) else None,
            name=kind.name,
            round=1,
            at=NOON,
            recorded_at=NOON,
            by=f"user:{CANARY}",
            by_kind="staff",
            data={
                "reason": CANARY, "override_reason": CANARY, "note": CANARY,
                "changed": {name: {"from": CANARY, "to": CANARY} for name in everything_changed()},
                "units": [str(10**18 + n) for n in range(200)], "closure": "7" * 36,
                "fields": ["name"] * 60, "before": ["2027-01-01T00:00:00+00:00"] * 2,
            },
        )  # fmt: skip
    outbox.dispatch()
    told = list(Delivery.objects.values_list("body", flat=True))
    told += FeedEntry.objects.values_list("body", flat=True)
    assert len(told) > 2 * len(event_types.EVENT_TYPES)
    for body in told:
        assert len(body.encode()) < 1_000, body
        assert not {word for word in ("zqxj", "612345670") if word in body.lower()}


def everything_changed() -> list[str]:
    return [
        "starts_at", "ends_at", "category", "units", "guest_count", "first_name", "last_name",
        "phone", "email", "remarks", "occasion", "vehicle_plate", "price_minor", "confirmed_at",
    ]  # fmt: skip


def test_a_partner_sees_only_the_reservations_it_made_at_its_venues(
    venue: Venue, acme: Partner
) -> None:
    elsewhere = make_venue("restaurant")
    PartnerFactory.create(slug="other", venues=[venue])
    make_endpoint("acme")
    make_endpoint("other")
    book(venue, partner="")
    book(elsewhere, partner="acme")
    book(venue, partner="nobody-any-more")
    outbox.dispatch()
    assert Delivery.objects.count() == FeedEntry.objects.count() == 0
    row = book(venue, partner="acme", at=NOON + timedelta(days=1))
    outbox.dispatch()
    assert [entry.partner for entry in FeedEntry.objects.all()] == ["acme"]
    assert Delivery.objects.get().reservation_id == row.pk


def test_what_happens_to_a_venue_is_told_to_all_its_partners(venue: Venue, acme: Partner) -> None:
    PartnerFactory.create(slug="everywhere", has_all_venues=True)
    PartnerFactory.create(slug="elsewhere", venues=[make_venue("hotel")])
    PartnerFactory.create(slug="idle", venues=[venue], is_active=False)
    chosen = make_endpoint("acme", has_all_venues=False)
    chosen.venues.set([venue])
    make_endpoint("acme", has_all_venues=False)
    make_endpoint("idle")
    made(venue, "venue.changed", {"fields": ["name"], "capacity": None})
    outbox.dispatch()
    assert set(FeedEntry.objects.values_list("partner", flat=True)) == {"acme", "everywhere"}
    assert Delivery.objects.get().to == str(chosen.pk)
    assert bodies()[0]["data"] == {
        "venue": venue.slug,
        "sequence": Event.objects.get().pk,
        "fields": ["name"],
        "capacity": None,
    }


def made(venue: Venue, name: str, data: dict[str, Any]) -> Event:
    return Event.objects.create(
        venue=venue, name=name, at=NOON, recorded_at=NOON, by="time", by_kind="system", data=data
    )


def test_partners_whose_keys_are_in_the_settings_are_told(venue: Venue, settings: Settings) -> None:
    entry = {"partner": "rocket", "digest": "0" * 64, "scopes": ["reservations:read"]}
    settings.PARTNER_KEYS = read([{**entry, "venues": [venue.slug]}])
    make_endpoint("rocket", include=["reservation"])
    book(venue, partner="rocket")
    made(venue, "venue.closed", {})
    outbox.dispatch()
    assert Delivery.objects.count() == FeedEntry.objects.count() == 2
    assert bodies()[0]["data"]["reservation"]["last_name"] == CANARY
    settings.PARTNER_KEYS = read([{**entry, "venues": []}])
    made(venue, "venue.closed", {})
    outbox.dispatch()
    assert Delivery.objects.count() == 2


def test_a_whole_reservation_is_sent_only_where_it_may_be_read(venue: Venue, acme: Partner) -> None:
    thin, fat = make_endpoint(), make_endpoint(include=["reservation"])
    book(venue)
    outbox.dispatch()
    found = {row.to: json.loads(row.body)["data"] for row in Delivery.objects.all()}
    assert "reservation" not in found[str(thin.pk)]
    assert found[str(fat.pk)]["reservation"]["first_name"] == CANARY
    assert "zqxj" not in FeedEntry.objects.get().body.lower()
    Partner.objects.update(scopes=["webhooks:write"])
    book(venue, at=NOON + timedelta(days=1))
    outbox.dispatch()
    last = Delivery.objects.filter(to=str(fat.pk)).order_by("pk").last()
    assert last and "reservation" not in json.loads(last.body)["data"]


def test_scratch_venues_tell_nobody(venue: Venue, acme: Partner) -> None:
    make_endpoint()
    assert fan_out.fan_out in outbox.OUTSIDE
    Venue.objects.update(slug=f"{scratch.PREFIX}{venue.slug}", is_listed=False)
    book(Venue.objects.get())
    outbox.dispatch()
    assert Delivery.objects.count() == FeedEntry.objects.count() == 0


def test_the_catalogue_names_each_event_and_nothing_else() -> None:
    emitted = {one.name for one in event_types.EVENT_TYPES}
    assert set(catalogue.TYPES) == emitted | {catalogue.PING}


def test_bodies_hold_what_the_catalogue_says(venue: Venue, acme: Partner) -> None:
    make_endpoint()
    book(venue)
    made(venue, "closure.made", {"closure": "c", "units": ["1"], "reason": CANARY})
    made(venue, "lot.opened", {"capacity": 3})
    made(venue, "venue.closed", {})
    outbox.dispatch()
    for body in bodies():
        schema = catalogue.schema_of(catalogue.TYPES[body["type"]])
        assert set(schema["required"]) <= set(body["data"]) <= set(schema["properties"])


def test_an_endpoint_that_was_deleted_is_told_nothing(venue: Venue, acme: Partner) -> None:
    make_endpoint()
    Endpoint.objects.all().delete()
    book(venue)
    outbox.dispatch()
    assert Delivery.objects.count() == 0
