"""Every id in a path, query, body or header, with somebody else's row, as each kind of caller.

The ids come from the OpenAPI document: a new operation or field fails here until it is sorted in.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoDbBlocker

from api.api import api
from guests.models import Partner, PracticeClient, User
from notices.models import Delivery, Export
from payments.documents import invoices
from reservations import actions
from reservations.models import Reservation
from tests.api.calling import Api, partner, person, sitting
from tests.api.conftest import TODAY
from tests.api.test_matrix import OPERATIONS
from tests.factories import DESK, add_hours, hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from tests.hooks.making import make_endpoint
from tests.kept_rows import kept
from venues.models import Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

CANARY = "Zebedee"
"""In the name of every person that the callers must not see."""

CALLERS = ("guest", "clerk", "manager", "partner")
"""None of them has to do with the rows; the last three work at venues of their own."""

PLAIN = {
    "body": {
        "accept_fee", "address", "adults", "amount", "arrived_at", "blocks", "capacity", "charge",
        "chat_url", "check_in", "check_out", "children", "evening_at", "evening_channel", "events",
        "include", "is_active", "language", "metadata", "method", "monthly_report", "purpose",
        "recipient", "reference", "reminders", "return_url", "since", "till", "to", "until", "url",
        "city", "currency", "date", "description", "email", "end", "end_time", "ends_at",
        "first_name", "from", "guest_count", "is_confirmed", "items", "kind", "last_name", "name",
        "occasion", "override_reason", "password", "phone", "phone_region", "price", "reason",
        "receive_email_updates", "receive_phone_call", "receive_text_notification", "remarks",
        "reprice", "stars", "start", "start_time", "starts_at", "time_zone", "type",
        "vehicle_plate",
    },
    "query": {
        "check_in", "check_out", "city", "date", "days", "ends_at", "floor", "from", "guests",
        "kind", "limit", "month", "outcome", "q", "reference", "starts_at", "status", "step", "to",
        "type", "tz",
    },
    "header": {"If-Match", "If-None-Match"},
    "path": set(),
}  # fmt: skip
"""Fields that name no row."""

BEARER = {("body", "quote"), ("body", "refresh")}
"""Signed by the server: whoever has one may use it. tests/reservations/test_quotes.py and
tests/guests/test_tokens.py try those of others."""

CODES = {("body", "category"), ("query", "category"), ("body", "extras")}
"""A code within the venue that is named beside it."""


class World:
    """Rows of others at venues of others, and callers with venues of their own."""

    def __init__(self) -> None:
        self.hotel, self.lot = make_venue("hotel", units=3), make_venue("parking", units=3)
        self.practice = self._practice()
        self.owner: User = UserFactory.create(last_name=CANARY, email="zebedee@example.com")
        self.rows = {
            "hotel": hold(self.hotel, TODAY + timedelta(days=3), hours=24),
            "lot": hold(self.lot, TODAY + timedelta(hours=1)),
            "practice": hold(
                self.practice, self.slot(), hours=0.25, resource=self.provider(self.practice).pk
            ),
        }
        self.group_id = uuid4()
        Reservation.objects.update(
            guest=self.owner, last_name=CANARY, remarks=CANARY, group_id=self.group_id
        )
        known = {"first_name": "Ada", "last_name": CANARY, "email": self.owner.email}
        PracticeClient.objects.create(
            venue=self.practice, user=self.owner, phone="+31201234509", **known
        )
        billed = hold(self.hotel, TODAY + timedelta(days=5), hours=24)
        actions.confirm(reservation_id=billed.pk, by=DESK)
        Reservation.objects.filter(pk=billed.pk).update(guest=self.owner, last_name=CANARY)
        self.invoice = invoices.issue(billed.pk, by=DESK).document
        self.own_hotel, self.own_practice = make_venue("hotel", units=3), self._practice()
        own = [self.own_hotel, self.own_practice]
        acme: Partner = PartnerFactory.create(slug="acme", venues=own)
        self.endpoint = make_endpoint("others", description=CANARY)
        self.own_endpoint = make_endpoint(acme.slug)
        self.delivery = Delivery.objects.create(
            kind="reservation.created",
            channel="webhook",
            lane=self.endpoint.lane,
            to=str(self.endpoint.pk),
            dedupe=CANARY,
            body=CANARY,
            created_at=TODAY,
            next_try_at=TODAY,
            done_at=TODAY,
            outcome="sent",
        )
        self.export = Export.objects.create(
            user=self.owner, kind="parking", created_at=TODAY, next_try_at=TODAY
        )
        self.callers = {
            "guest": person(UserFactory.create()),
            "clerk": person(StaffFactory.create(clerk_at=own)),
            "manager": person(StaffFactory.create(staff_venues=own)),
            "partner": partner(acme),
        }

    def _practice(self) -> Venue:
        made = make_venue("practice")
        add_hours(made, time(0), time(0), resource=made.resources.get())
        return made

    def provider(self, venue: Venue) -> Resource:
        return venue.resources.get()

    def slot(self) -> Any:
        return TODAY + timedelta(days=3)

    def row_of(self, path: str) -> Reservation:
        """The reservation that a path is about."""
        trade = {"/parking": "lot", "/appointments": "practice"}
        names = [name for begin, name in trade.items() if path.startswith(begin)]
        return self.rows[names[0] if names else "hotel"]

    def own_reservation(self, caller: Api) -> str:
        answer = caller.post("/reservations", self.stay())
        assert answer.status_code == 201, answer.content
        found: str = answer.json()["id"]
        return found

    def stay(self, **more: Any) -> dict[str, Any]:
        """A wish at the callers' own hotel."""
        who = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+31201234567"}
        nights = {"check_in": "2027-03-01", "check_out": "2027-03-02"}
        return {"venue": self.own_hotel.slug, "guest_count": 1} | nights | who | more

    def unit(self) -> str:
        return str(self.hotel.resources.earliest("pk").pk)


Call = Callable[[World, Api], Any]
"""Makes one call with somebody else's id."""


def of_path(name: str, body: Any = None, query: str = "") -> Call:
    method, path, _ = OPERATIONS[name]

    def call(world: World, caller: Api) -> Any:
        row = world.row_of(path)
        given = {
            "{reservation_id}": row.pk, "{appointment_id}": row.pk, "{lot_id}": world.lot.slug,
            "{group_id}": world.group_id, "{slug}": world.hotel.slug, "{venue}": world.hotel.slug,
            "{provider_id}": world.provider(world.practice).pk,
            "{webhook_id}": world.endpoint.pk, "{delivery_id}": world.delivery.pk,
            "{export_id}": world.export.pk,
            "{number}": world.invoice.number,
            "{block_id}": world.practice.openings.earliest("pk").pk,
        }  # fmt: skip
        address = path
        for field, value in given.items():
            address = address.replace(field, str(value))
        return caller.send(method, address + query, body)

    return call


def appointment(world: World, caller: Api) -> Any:
    body = {
        "provider_id": str(world.provider(world.own_practice).pk),
        "client_id": str(world.owner.pk),
        "starts_at": world.slot().isoformat(),
    }
    return caller.post("/appointments", body)


def with_their_unit(world: World, caller: Api) -> Any:
    return caller.post("/reservations", world.stay(resource=world.unit()))


def group_with_their_unit(world: World, caller: Api) -> Any:
    body = world.stay(items=[{"guest_count": 1, "resource": world.unit()}])
    del body["guest_count"]
    return caller.post("/reservations/groups", body)


def move_to_their_unit(world: World, caller: Api) -> Any:
    own = world.own_reservation(caller)
    return caller.patch(f"/reservations/{own}", {"resource": world.unit()})


def walk_in_on_their_unit(world: World, caller: Api) -> Any:
    path = f"/venues/{world.own_hotel.slug}/walk-ins"
    return caller.post(path, {"guest_count": 1, "resource": world.unit()})


def swap_with_theirs(world: World, caller: Api) -> Any:
    pks = [world.own_reservation(caller), str(world.rows["hotel"].pk)]
    path = f"/venues/{world.own_hotel.slug}/swap"
    return caller.post(path, {"reservations": pks, "reason": "x"})


def explain_their_unit(world: World, caller: Api) -> Any:
    asked = {"check_in": "2027-03-01", "check_out": "2027-03-02", "resource": world.unit()}
    return caller.get(f"/venues/{world.own_hotel.slug}/explain", asked)


def quote_their_unit(world: World, caller: Api) -> Any:
    body = {"check_in": "2027-03-01", "check_out": "2027-03-02", "resource": world.unit()}
    return caller.post(f"/venues/{world.own_hotel.slug}/quote", body)


def into_their_practice(path: str) -> Call:
    def call(world: World, caller: Api) -> Any:
        who = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+31201234511"}
        body = who | {"email": "new@example.com", "venue": world.practice.slug}
        return caller.post(path, body)

    return call


def webhook_of_their_venue(world: World, caller: Api) -> Any:
    body = {"url": "https://93.184.216.34/", "events": ["*"], "venues": [world.hotel.slug]}
    return caller.post("/webhooks", body)


def webhook_moved_to_their_venue(world: World, caller: Api) -> Any:
    body = {"venues": [world.hotel.slug]}
    return caller.patch(f"/webhooks/{world.own_endpoint.pk}", body)


def events_of_their_venue(world: World, caller: Api) -> Any:
    return caller.get("/events", {"venue": world.hotel.slug})


def listed(**asked: Callable[[World], Any]) -> Call:
    return lambda world, caller: caller.get(
        "/reservations", {name: value(world) for name, value in asked.items()}
    )


def with_their_key(world: World, caller: Api) -> Any:
    """The same request under the key that the owner sent it with."""
    body = {**sitting(make_venue("restaurant", units=9)), "remarks": CANARY}
    mine = person(world.owner).post("/reservations", body, Idempotency_Key="k")
    assert mine.status_code == 201, mine.content
    answer = caller.post("/reservations", body | {"remarks": ""}, Idempotency_Key="k")
    assert "Idempotent-Replayed" not in answer.headers
    return answer


def after_their_row(world: World, caller: Api) -> Any:
    hold(world.hotel, TODAY + timedelta(days=9), hours=24)
    Reservation.objects.filter(guest=None).update(guest=world.owner, last_name=CANARY)
    page = person(world.owner).get("/reservations", {"limit": 1}).json()
    return caller.get("/reservations", {"cursor": page["next_cursor"]})


HIDDEN, REFUSED, ELSEWHERE = {404}, {403}, {404, 422}
SEEN = {200, 201, 204}
"""Public rows: they may be named, and say nothing of anybody."""
NOT_THEIRS = {403, 404}

RANGE = "?check_in=2027-03-01&check_out=2027-03-02"
RATINGS = {"check_in": "2027-03-01", "check_out": "2027-03-02"}

OF_ONE = {
    "modifyReservation": {"remarks": "x"},
    "adjustReservationPrice": {"amount": {"amount": "1.00", "currency": "EUR"}, "reason": "x"},
    "waiveReservationFee": {"reason": "x"},
    "undoCheckIn": {"reason": "x"},
    "undoCheckOut": {"reason": "x"},
    "reinstateReservation": {"reason": "x"},
    "releaseRest": {"reason": "x", "charge": "all"},
}

CASH = {"method": "cash", "amount": {"amount": "1.00", "currency": "EUR"}}
BACK = {"amount": {"amount": "1.00", "currency": "EUR"}, "reason": "x"}

TRIES: dict[tuple[str, str], dict[str, tuple[Call, set[int]]]] = {
    ("path", "reservation_id"): {
        name: (of_path(name, OF_ONE.get(name)), HIDDEN)
        for name in (
            "getReservation", "modifyReservation", "confirmReservation", "cancelReservation",
            "checkInReservation", "checkOutReservation", "listReservationEvents",
            "adjustReservationPrice", "waiveReservationFee",
            "undoCheckIn", "undoCheckOut", "reinstateReservation", "releaseRest",
            "completeParkingReservation", "occupySpot", "releaseSpot", "listPayments",
            "listDocuments",
        )
    } | {
        "createInvoice": (of_path("createInvoice", {}), NOT_THEIRS),
        "createPayment": (of_path("createPayment", CASH), NOT_THEIRS),
        "createRefund": (of_path("createRefund", BACK), NOT_THEIRS),
        "chargeStoredCard": (of_path("chargeStoredCard", BACK), NOT_THEIRS),
    },
    ("path", "webhook_id"): {
        name: (of_path(name, body), NOT_THEIRS)
        for name, body in {
            "getWebhook": None, "deleteWebhook": None, "updateWebhook": {"is_active": False},
            "pingWebhook": None, "rotateWebhookSecret": None, "listWebhookDeliveries": None,
            "replayWebhookDelivery": None,
            "replayWebhookDeliveries": {"since": "2027-02-01T00:00:00Z"},
        }.items()
    },
    ("path", "delivery_id"): {
        "replayWebhookDelivery": (of_path("replayWebhookDelivery"), NOT_THEIRS)
    },
    ("path", "export_id"): {"getExport": (of_path("getExport"), NOT_THEIRS)},
    ("path", "group_id"): {
        name: (of_path(name), HIDDEN)
        for name in ("getGroup", "confirmGroup", "cancelGroup", "listGroupDocuments")
    } | {
        "createGroupPayment": (of_path("createGroupPayment", {"method": "card"}), HIDDEN),
        "createGroupInvoice": (of_path("createGroupInvoice", {}), NOT_THEIRS),
    },
    ("path", "number"): {
        "getDocument": (of_path("getDocument"), HIDDEN),
        "creditInvoice": (of_path("creditInvoice"), NOT_THEIRS),
    },
    ("path", "appointment_id"): {
        "confirmAppointment": (of_path("confirmAppointment", {"is_confirmed": True}), HIDDEN)
    },
    ("path", "provider_id"): {
        "addSchedule": (
            of_path(
                "addSchedule",
                {"blocks": [{"date": "2027-05-01", "start": "08:00", "end": "09:00"}]},
            ),
            REFUSED,
        ),
        "listProviderSlots": (of_path("listProviderSlots"), SEEN),
        "getSchedule": (of_path("getSchedule"), REFUSED),
        "deleteSchedule": (of_path("deleteSchedule"), REFUSED),
        "deleteBlock": (of_path("deleteBlock"), REFUSED),
        "updateProvider": (of_path("updateProvider", {"first_name": "Eve"}), REFUSED),
    },
    ("path", "block_id"): {"deleteBlock": (of_path("deleteBlock"), REFUSED)},
    ("path", "lot_id"): {
        "updateLot": (of_path("updateLot", {"name": "Mine"}), REFUSED),
        "deleteLot": (of_path("deleteLot"), REFUSED),
    },
    ("path", "slug"): {
        "updateVenue": (of_path("updateVenue", {"name": "Mine"}), REFUSED),
        "deleteVenue": (of_path("deleteVenue"), REFUSED),
        "createVenueExport": (of_path("createVenueExport", {}), REFUSED),
        "createQuote": (of_path("createQuote", RATINGS), SEEN),
        "createWalkIn": (of_path("createWalkIn", {"guest_count": 1}), REFUSED),
        "swapUnits": (of_path("swapUnits", {"reservations": ["1", "2"], "reason": "x"}), REFUSED),
        "explainAvailability": (of_path("explainAvailability", query=RANGE), SEEN),
        "getAvailability": (of_path("getAvailability", query=RANGE), SEEN),
        "getCalendar": (of_path("getCalendar", query="?month=2027-02"), SEEN),
        "getFloorPlan": (of_path("getFloorPlan"), SEEN),
        "getOccupancy": (of_path("getOccupancy"), SEEN),
        "getVenue": (of_path("getVenue"), SEEN),
        "getVenueStats": (of_path("getVenueStats"), SEEN),
        "listResources": (of_path("listResources"), SEEN),
        "listSlots": (of_path("listSlots"), SEEN),
    },
    ("path", "venue"): {
        # People only.
        "addFavourite": (of_path("addFavourite"), SEEN | REFUSED),
        "removeFavourite": (of_path("removeFavourite"), SEEN | REFUSED),
    },
    ("body", "client_id"): {"createAppointment": (appointment, HIDDEN)},
    ("body", "resource"): {
        "createReservation": (with_their_unit, ELSEWHERE),
        "createGroup": (group_with_their_unit, ELSEWHERE),
        "modifyReservation": (move_to_their_unit, ELSEWHERE),
        "createWalkIn": (walk_in_on_their_unit, NOT_THEIRS),
        "createQuote": (quote_their_unit, ELSEWHERE),
    },
    ("body", "venues"): {
        "createWebhook": (webhook_of_their_venue, {403, 422}),
        "updateWebhook": (webhook_moved_to_their_venue, {403, 422}),
    },
    ("body", "reservations"): {"swapUnits": (swap_with_theirs, NOT_THEIRS)},
    ("body", "venue"): {
        "createClient": (into_their_practice("/clients"), REFUSED),
        "createProvider": (into_their_practice("/providers"), REFUSED),
    },
    ("query", "resource"): {"explainAvailability": (explain_their_unit, ELSEWHERE)},
    ("query", "venue"): {
        "listReservations": (listed(venue=lambda world: world.hotel.slug), SEEN),
        "listEvents": (events_of_their_venue, REFUSED | ELSEWHERE),
    },
    ("query", "code"): {
        "listReservations": (listed(code=lambda world: world.rows["hotel"].code), SEEN)
    },
    ("query", "phone"): {
        "listReservations": (listed(phone=lambda world: world.rows["hotel"].phone), SEEN)
    },
    ("query", "lot"): {
        name: (of_path(name, query="?lot=venue-2"), SEEN)
        for name in ("getParkingStats", "listSpots")
    },
    ("query", "cursor"): {"listReservations": (after_their_row, SEEN)},
    ("header", "Idempotency-Key"): {"createReservation": (with_their_key, {201, 403})},
}  # fmt: skip

OPEN: dict[tuple[str, str], set[str]] = {
    # Anybody may book at any venue that is listed; partners at their own (the matrix).
    ("body", "venue"): {"createReservation", "createGroup"},
    ("body", "provider_id"): {"createAppointment"},
    ("body", "lot_id"): {"createParkingReservation"},
    ("body", "spot_id"): {"createParkingReservation"},
    # Only a number of a row; the list itself is the caller's.
    ("query", "cursor"): {
        "listClients", "listExports", "listFavourites", "listLots", "listProviderSlots",
        "listProviders",
        "listReservationEvents", "listResources", "listVenues", "listWebhookDeliveries",
        "listWebhooks",
    },
    # A place in a row; the feed itself is the caller's.
    ("query", "after"): {"listEvents"},
    # A name from settings; whoever reports proves by a signature who it is.
    ("path", "provider"): {"receivePaymentEvents"},
    # Answers are kept by key and caller, in one place for all operations.
    ("header", "Idempotency-Key"): {
        "addSchedule", "chargeStoredCard",
        "createAppointment", "createClient", "createExport", "createGroup", "createGroupPayment",
        "createLot",
        "createParkingReservation", "createPayment", "createProvider", "createRefund",
        "createVenue", "createVenueExport", "createWalkIn", "createWebhook", "pingWebhook",
        "replayWebhookDeliveries",
        "replayWebhookDelivery", "rotateWebhookSecret", "signUp",
    },
}  # fmt: skip
"""Ids that may name any row, and why."""


def fields(schema: dict[str, Any], seen: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all fields of a body, of those within it too."""
    document = api.get_openapi_schema()["components"]["schemas"]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            yield from fields(document[name], (*seen, name))
        return
    parts = [part for word in ("anyOf", "allOf", "oneOf") for part in schema.get(word, ())]
    for part in (*parts, *([schema["items"]] if "items" in schema else [])):
        yield from fields(part, seen)
    for name, part in schema.get("properties", {}).items():
        yield name
        yield from fields(part, seen)


def sent() -> dict[tuple[str, str], set[str]]:
    """Every field that a caller sends: which operations take it, by place and name."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, (_, _, described) in OPERATIONS.items():
        for parameter in described.get("parameters", ()):
            found[parameter["in"], parameter["name"]].add(name)
        body = described.get("requestBody", {}).get("content", {})
        for kind in body.values():
            for field in fields(kind["schema"]):
                found["body", field].add(name)
    return found


def test_every_id_stands_in_the_table() -> None:
    plain = {(where, name) for where, names in PLAIN.items() for name in names}
    ids = {key: names for key, names in sent().items() if key not in plain | BEARER | CODES}
    table = {key: set(TRIES.get(key, ())) | OPEN.get(key, set()) for key in {*TRIES, *OPEN}}
    assert ids == table


CASES = [(key, name) for key, tries in TRIES.items() for name in tries]


class TestRowsOfOthers:
    @pytest.fixture(scope="class")
    @classmethod
    def world(
        cls, _frozen: FrozenDateTimeFactory, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[World]:
        _frozen.move_to(TODAY)
        with kept(django_db_blocker, World) as world:
            yield world

    @pytest.mark.no_cover
    @pytest.mark.parametrize(
        ("key", "name"), CASES, ids=[f"{name}-{key[0]}-{key[1]}" for key, name in CASES]
    )
    def test_somebody_elses_row_is_not_had(
        self, world: World, key: tuple[str, str], name: str
    ) -> None:
        before = {row.pk: row.version for row in world.rows.values()}
        call, expected = TRIES[key][name]
        for caller in CALLERS:
            mark = transaction.savepoint()
            answer = call(world, world.callers[caller])
            assert answer.status_code in expected, (caller, answer.content)
            for word in (CANARY, "zebedee@", world.rows["hotel"].code, world.rows["lot"].code):
                assert word not in answer.content.decode(), caller
            after = Reservation.objects.filter(pk__in=before)
            assert dict(after.values_list("pk", "version")) == before, caller
            names = Venue.objects.filter(pk__in=[world.hotel.pk, world.lot.pk])
            assert "Mine" not in names.values_list("name", flat=True), caller
            transaction.savepoint_rollback(mark)


@pytest.mark.parametrize("field", ["venue", "code", "phone"])
def test_their_own_staff_find_them_so(field: str) -> None:
    """The control: what the others tried in vain is there."""
    world = World()
    clerk = person(StaffFactory.create(clerk_at=[world.hotel]))
    call, _ = TRIES["query", field]["listReservations"]
    assert CANARY in call(world, clerk).content.decode()
