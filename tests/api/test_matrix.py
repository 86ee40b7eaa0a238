"""Every operation as every kind of caller: who may do what, stated in one table."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoDbBlocker

from api.api import api
from guests import keys, tokens
from guests.models import Partner, PartnerKey, User
from notices.exports import jobs
from payments import recording
from payments.documents import invoices
from payments.methods import Method
from payments.recording import Taken
from reservations.models import Reservation
from reservations.requests import Times
from tests.api.calling import CONTACT, Api, anonymous, partner, person, sitting, stay
from tests.api.conftest import TODAY
from tests.factories import DESK, NOON, add_hours, hold, make_venue
from tests.guests.factories import (
    PASSWORD,
    AdministratorFactory,
    PartnerFactory,
    StaffFactory,
    UserFactory,
)
from tests.hooks.making import make_delivery, make_endpoint
from tests.kept_rows import kept
from tests.payments.stored_cards import store_card
from venues.models import Opening, Provider, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Answers = dict[str, int]

UNKNOWN = ("nobody", "bad_token", "bad_scheme", "revoked_key", "expired_key", "idle_partner")
PEOPLE = ("owner", "other", "clerk", "manager", "manager_elsewhere", "administrator")
PARTNERS = ("partner", "scopeless", "partner_elsewhere")
KINDS = (*UNKNOWN, *PEOPLE, *PARTNERS)


def anybody(status: int) -> Answers:
    """Credentials are not looked at."""
    return dict.fromkeys(KINDS, status)


def public(status: int) -> Answers:
    """Open, yet credentials that are sent must be good."""
    return dict.fromkeys(KINDS, status) | dict.fromkeys(UNKNOWN, 401) | {"nobody": status}


def known(status: int, **others: int) -> Answers:
    return dict.fromkeys(KINDS, status) | dict.fromkeys(UNKNOWN, 401) | others


def people(status: int) -> Answers:
    return known(status) | dict.fromkeys(PARTNERS, 403)


def scoped(status: int, **others: int) -> Answers:
    """Everybody who is known; partners with the scope."""
    return known(status, scopeless=403) | others


def whose(status: int, **others: int) -> Answers:
    """Those a reservation is visible to: its guest, the partner that made it, the venue's staff."""
    strangers = {"other": 404, "manager_elsewhere": 404, "partner_elsewhere": 404}
    return scoped(status) | strangers | others


def venue_staff(status: int) -> Answers:
    """Clerks of the venue; others to whom a reservation is visible are known, and refused."""
    return whose(status, owner=403, partner=403)


def administrators(status: int) -> Answers:
    return known(403, administrator=status)


def practice(status: int) -> Answers:
    """Those who run it."""
    return known(403, clerk=status, manager=status, administrator=status)


def managers(status: int) -> Answers:
    """Those who decide what it sells, and how."""
    return known(403, manager=status, administrator=status)


def partners(status: int, **others: int) -> Answers:
    """Partners with the scope, and no people."""
    return known(403, partner=status, partner_elsewhere=status) | others


def of_partner(status: int) -> Answers:
    """The partner whose it is."""
    return partners(status, partner_elsewhere=404)


TABLE: dict[str, Answers] = {
    "signUp": anybody(201),
    "logIn": anybody(200),
    "refreshTokens": anybody(200),
    # The refresh token in the body says who it is.
    "logOut": anybody(204),
    # For a session cookie, which none of these callers has.
    "createSessionTokens": anybody(401),
    "getMe": people(200),
    "updateMe": people(200),
    "getMyNotices": people(200),
    "updateMyNotices": people(200),
    "deleteMe": people(204),
    "exportMe": people(200),
    "createExport": people(202),
    "listExports": people(200),
    # A file is its owner's alone: staff, and administrators too, find none.
    "getExport": people(404) | {"owner": 200},
    "createVenueExport": managers(202),
    "listFavourites": people(200),
    "addFavourite": people(204),
    "removeFavourite": people(204),
    "listVenues": public(200),
    "getVenue": public(200),
    "listResources": public(200),
    "createVenue": administrators(201),
    "updateVenue": managers(200),
    "deleteVenue": administrators(204),
    "getAvailability": public(200),
    "getCalendar": public(200),
    "listSlots": public(200),
    "getOccupancy": public(200),
    "getFloorPlan": public(200),
    "explainAvailability": public(200),
    "createQuote": public(200),
    "getVenueStats": public(200),
    "createWalkIn": practice(201),
    "swapUnits": practice(200),
    "createReservation": scoped(201, partner_elsewhere=403),
    "createGroup": scoped(201, partner_elsewhere=403),
    "getGroup": whose(200),
    "confirmGroup": whose(200),
    "cancelGroup": whose(200),
    "listReservations": scoped(200),
    "getReservation": whose(200),
    "modifyReservation": whose(200),
    "confirmReservation": whose(200),
    "checkInReservation": whose(200, owner=403),
    "checkOutReservation": whose(200, owner=403),
    "cancelReservation": whose(200),
    "adjustReservationPrice": whose(200, owner=403, partner=403, clerk=403),
    "waiveReservationFee": whose(200, owner=403, partner=403, clerk=403),
    "listPayments": whose(200),
    "createPayment": venue_staff(201),
    "createGroupPayment": whose(201),
    "createRefund": whose(201, owner=403, partner=403, clerk=403),
    "listDocuments": whose(200),
    "createInvoice": whose(201),
    "listGroupDocuments": whose(200),
    "createGroupInvoice": whose(201),
    "getDocument": whose(200),
    "creditInvoice": whose(201, owner=403, partner=403, clerk=403),
    "chargeStoredCard": whose(201, owner=403, partner=403, clerk=403),
    "listReservationEvents": whose(200),
    "undoCheckIn": venue_staff(200),
    "undoCheckOut": venue_staff(200),
    "reinstateReservation": venue_staff(200),
    "releaseRest": venue_staff(200),
    "logInDriver": anybody(200),
    "listSpots": scoped(200),
    # A partner has no profile that its contact data could be filled from.
    "createParkingReservation": scoped(201, partner=422, partner_elsewhere=422),
    "completeParkingReservation": whose(200),
    "occupySpot": whose(200),
    "releaseSpot": whose(200),
    "getParkingStats": scoped(200),
    "listLots": scoped(200),
    "createLot": administrators(201),
    "updateLot": managers(200),
    "deleteLot": administrators(204),
    "createClient": practice(201),
    "listClients": known(403, clerk=200, manager=200, manager_elsewhere=200, administrator=200),
    "listProviders": known(403, clerk=200, manager=200, manager_elsewhere=200, administrator=200),
    "createProvider": practice(201),
    "updateProvider": practice(200),
    "addSchedule": practice(201),
    "getSchedule": practice(200),
    "deleteSchedule": practice(204),
    "deleteBlock": practice(204),
    "listProviderSlots": scoped(200),
    "createAppointment": scoped(201, partner=422, partner_elsewhere=422),
    "confirmAppointment": whose(200),
    "createWebhook": partners(201),
    "listWebhooks": partners(200),
    "getWebhook": of_partner(200),
    "updateWebhook": of_partner(200),
    "deleteWebhook": of_partner(204),
    "pingWebhook": of_partner(202),
    "rotateWebhookSecret": of_partner(200),
    "listWebhookDeliveries": of_partner(200),
    "replayWebhookDelivery": of_partner(202),
    "replayWebhookDeliveries": of_partner(202),
    "receivePaymentEvents": anybody(400),
    "listEventTypes": public(200),
    "listEvents": partners(200),
}

OPEN_TO_NOBODY = {
    "signUp", "logIn", "refreshTokens", "logOut", "logInDriver",
    "listVenues", "getVenue", "listResources", "getAvailability",
    "getCalendar", "listSlots", "getOccupancy",
    "getFloorPlan", "explainAvailability", "createQuote",
    "getVenueStats", "listEventTypes",
}  # fmt: skip
"""What answers without credentials, stated a second time so that one slip does not open a door."""

SIGNED = {"receivePaymentEvents"}
"""Of which the signature of a request says who sent it. None of the callers here has one."""


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path below the base, and description of each operation in the document."""
    paths = api.get_openapi_schema()["paths"]
    return {
        described["operationId"]: (method.upper(), path.removeprefix("/api/v1"), described)
        for path, methods in paths.items()
        for method, described in methods.items()
    }


OPERATIONS = operations()


def test_every_operation_stands_in_the_table_and_nothing_else_does() -> None:
    assert set(TABLE) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_is_named_by_a_verb_and_a_noun(name: str) -> None:
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name)


def test_what_is_open_is_what_is_meant_to_be() -> None:
    assert {name for name, row in TABLE.items() if row["nobody"] < 400} == OPEN_TO_NOBODY


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_document_says_who_needs_credentials(name: str) -> None:
    security = OPERATIONS[name][2].get("security")
    if name in OPEN_TO_NOBODY | SIGNED:
        # Said, so that clients are not asked for credentials by the document's default.
        assert security is not None and (security == [] or {} in security)
    else:
        assert security and {} not in security


INVOICED = {"createInvoice", "createGroupInvoice", "getDocument", "creditInvoice"}
"""What they are about is confirmed and paid."""

_OF_ONE = re.compile(r"\{(reservation|appointment)_id\}")


def give_money(row: Reservation, name: str) -> None:
    """What the operation finds of a reservation's money."""
    if name == "createRefund" or name in INVOICED:
        recording.record(row.pk, Taken(method=Method.CASH, amount_minor=2_000), by=DESK)
    if name == "chargeStoredCard":
        store_card(row)


class World:
    """A hotel and a lot, everybody who calls, and what they call about, new for each of them."""

    def __init__(self) -> None:
        units = 2 * len(KINDS) + 12
        self.hotel = make_venue("hotel", units=units, notice=timedelta(0))
        self.lot = make_venue("parking", units=units, unit_choice="guest")
        self.practice = make_venue("practice")
        self.provider = self.practice.resources.get()
        known = {"first_name": "Ada", "last_name": "King", "email": "k@example.com"}
        Provider.objects.create(
            resource=self.provider, venue=self.practice, phone="+31201234500", **known
        )
        add_hours(self.practice, time(8), time(18), resource=self.provider)
        self.elsewhere = make_venue("hotel")
        self.owner: User = UserFactory.create()
        self.served = [self.hotel, self.lot, self.practice]
        self.partner: Partner = PartnerFactory.create(slug="acme", venues=self.served)
        self.callers = self._unknown() | self._known()
        self.made = 0
        # The only one of them cannot be erased.
        AdministratorFactory.create()

    def _unknown(self) -> dict[str, Api]:
        revoked, revoked_secret = keys.issue(self.partner, by=None)
        PartnerKey.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
        _, expired_secret = keys.issue(self.partner, by=None, expires_at=timezone.now())
        idle: Partner = PartnerFactory.create(slug="idle", venues=[self.hotel], is_active=False)
        return {
            "nobody": anonymous(),
            "bad_token": Api(lambda: {"Authorization": "Bearer not-a-token"}),
            "bad_scheme": Api(lambda: {"Authorization": "Basic YTpi"}),
            "revoked_key": Api(lambda: {"X-API-Key": revoked_secret}),
            "expired_key": Api(lambda: {"X-API-Key": expired_secret}),
            "idle_partner": partner(idle),
        }

    def _known(self) -> dict[str, Api]:
        other: Partner = PartnerFactory.create(slug="other", venues=[self.elsewhere])
        return {
            "owner": person(self.owner),
            "other": person(UserFactory.create()),
            "clerk": person(StaffFactory.create(clerk_at=self.served)),
            "manager": person(StaffFactory.create(staff_venues=self.served)),
            "manager_elsewhere": person(StaffFactory.create(staff_venues=[self.elsewhere])),
            "administrator": person(AdministratorFactory.create()),
            "partner": partner(self.partner),
            "scopeless": partner(self.partner),
            "partner_elsewhere": partner(other),
        }

    def reservation(self, name: str) -> Reservation:
        """One of the owner's, made by the partner, in the state that the operation begins with."""
        self.made += 1
        _, path, _ = OPERATIONS[name]
        if path.startswith("/parking"):
            row = hold(self.lot, TODAY, resource=self._unit(self.lot))
        elif path.startswith("/appointments"):
            row = hold(self.practice, self.slot(), hours=0.25, resource=self.provider.pk)
        else:
            day = TODAY.date()
            nights = Times(check_in=day, check_out=day + timedelta(days=2))
            row = hold(self.hotel, times=nights, resource=self._unit(self.hotel))
        row.guest, row.partner = self.owner, "acme"
        if name in ("checkOutReservation", "releaseSpot"):
            row.confirmed_at = row.checked_in_at = TODAY
        if name in ("undoCheckIn", "undoCheckOut"):
            row.confirmed_at = row.checked_in_at = TODAY
        if name == "undoCheckOut":
            row.checked_out_at = TODAY
        if name == "reinstateReservation":
            row.cancelled_at = TODAY
        if name in ("releaseRest", "chargeStoredCard"):
            row.confirmed_at = row.no_show_at = TODAY
        if name in INVOICED:
            row.confirmed_at = TODAY
        row.save()
        give_money(row, name)
        return row

    def slot(self) -> datetime:
        """A quarter of an hour of the provider's that nobody has yet."""
        taken = Reservation.objects.filter(venue=self.practice).count()
        return NOON + taken * timedelta(minutes=15)

    def block(self) -> int:
        """A block of the provider's schedule."""
        return Opening.objects.create(
            venue=self.practice,
            resource=self.provider,
            date=next_free_day(self),
            opens=time(18),
            closes=time(20),
        ).pk

    def _unit(self, venue: Venue) -> int:
        return venue.resources.order_by("pk").values_list("pk", flat=True)[self.made]

    def call(self, name: str, kind: str) -> Any:
        method, path, _ = OPERATIONS[name]
        if _OF_ONE.search(path):
            path = _OF_ONE.sub(str(self.reservation(name).pk), path)
        if "{group_id}" in path:
            key = uuid4()
            Reservation.objects.filter(pk=self.reservation(name).pk).update(group_id=key)
            path = path.replace("{group_id}", str(key))
        if "{number}" in path:
            issued = invoices.issue(self.reservation(name).pk, by=DESK)
            path = path.replace("{number}", issued.document.number)
        path = path.replace("{slug}", self.hotel.slug).replace("{venue}", self.hotel.slug)
        path = path.replace("{lot_id}", self.lot.slug).replace("{provider}", "fake")
        path = path.replace("{provider_id}", str(self.provider.pk))
        if "{export_id}" in path:
            path = path.replace("{export_id}", str(jobs.start(self.owner, "parking").pk))
        if "{block_id}" in path:
            path = path.replace("{block_id}", str(self.block()))
        if "{webhook_id}" in path:
            endpoint = make_endpoint("acme")
            path = path.replace("{webhook_id}", str(endpoint.pk))
            path = path.replace("{delivery_id}", str(make_delivery(endpoint).pk))
        return self.send(name, kind, method, path)

    def send(self, name: str, kind: str, method: str, path: str) -> Any:
        scopes = ["venues:read"] if kind == "scopeless" else list(self.partner.scopes)
        Partner.objects.filter(slug="acme").update(scopes=scopes)
        body = BODIES[name](self) if name in BODIES else None
        return self.callers[kind].send(method, path + QUERIES.get(name, ""), body)


class OneWorld:
    """A base of classes of tests that share a world. Each finds it as if nobody had called."""

    @pytest.fixture(scope="class")
    @classmethod
    def _world(
        cls, _frozen: FrozenDateTimeFactory, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[World]:
        _frozen.move_to(TODAY)
        with kept(django_db_blocker, World) as world:
            yield world

    @pytest.fixture
    def world(self, _world: World, clock: FrozenDateTimeFactory) -> World:
        _world.made = 0
        return _world


def refresh_token(world: World) -> dict[str, str]:
    return {"refresh": tokens.issue(world.owner).refresh}


def newcomer(world: World) -> dict[str, str]:
    number = 100 + User.objects.count() + Resource.objects.count()
    named = {"email": f"new{number}@example.com", "phone": f"+12025550{number}"}
    return {"first_name": "Ada", "last_name": "Lovelace"} | named


def log_in(world: World) -> dict[str, str]:
    return {"email": world.owner.email, "password": PASSWORD}


def sign_up(world: World) -> dict[str, str]:
    email = f"new{User.objects.count()}@example.com"
    return CONTACT | {"email": email, "password": PASSWORD, "phone": "+12025550123"}


def pair(world: World) -> list[str]:
    return [str(world.reservation("confirmReservation").pk) for _ in range(2)]


def next_free_day(world: World) -> str:
    return (TODAY + timedelta(days=30 + world.provider.openings.count())).date().isoformat()


EUROS = {"amount": "2.00", "currency": "EUR"}

BODIES: dict[str, Callable[[World], Any]] = {
    "signUp": sign_up,
    "logIn": log_in,
    "logInDriver": log_in,
    "refreshTokens": refresh_token,
    "logOut": refresh_token,
    "updateMe": lambda world: {"first_name": "Eve"},
    "updateMyNotices": lambda world: {"evening_at": "18:30"},
    "createQuote": lambda world: {"check_in": "2027-03-01", "check_out": "2027-03-02"},
    "createWalkIn": lambda world: {"guest_count": 1},
    "swapUnits": lambda world: {"reservations": pair(world), "reason": "They asked"},
    "createReservation": lambda world: stay(world.hotel),
    "createGroup": lambda world: stay(world.hotel, items=[{"guest_count": 2}]),
    "modifyReservation": lambda world: {"remarks": "x"},
    "adjustReservationPrice": lambda world: {"amount": EUROS, "reason": "x"},
    "waiveReservationFee": lambda world: {"reason": "x"},
    "createPayment": lambda world: {"method": "cash", "amount": EUROS},
    "createGroupPayment": lambda world: {"method": "card"},
    "createInvoice": lambda world: {},
    "createGroupInvoice": lambda world: {},
    "createRefund": lambda world: {"amount": EUROS, "reason": "x"},
    "chargeStoredCard": lambda world: {"amount": EUROS, "reason": "x"},
    "createParkingReservation": lambda world: {
        "lot_id": world.lot.slug,
        "start_time": sitting(world.lot)["starts_at"],
    },
    "createLot": lambda world: {
        "name": "New lot",
        "capacity": 2,
        "price": {"amount": "2.00", "currency": "EUR"},
    },
    "createClient": newcomer,
    "createProvider": newcomer,
    "updateProvider": lambda world: {"first_name": "Eve"},
    "addSchedule": lambda world: {
        "blocks": [{"date": next_free_day(world), "start": "18:00", "end": "20:00"}]
    },
    "createAppointment": lambda world: {
        "provider_id": world.provider.pk,
        "starts_at": world.slot().isoformat(),
    },
    "confirmAppointment": lambda world: {"is_confirmed": True},
    "updateLot": lambda world: {"name": "Other name"},
    "releaseRest": lambda world: {"charge": "fee", "reason": "Did not come"},
    **dict.fromkeys(
        ("undoCheckIn", "undoCheckOut", "reinstateReservation"),
        lambda world: {"reason": "Wrong guest"},
    ),
    "createExport": lambda world: {"kind": "parking"},
    "createVenueExport": lambda world: {},
    "createWebhook": lambda world: {"url": "https://93.184.216.34/", "events": ["*"]},
    "updateWebhook": lambda world: {"events": ["reservation.created"]},
    "replayWebhookDeliveries": lambda world: {"since": TODAY.isoformat()},
    "createVenue": lambda world: {"name": "New venue", "kind": "hotel"},
    "updateVenue": lambda world: {"name": "Other name"},
}

_RANGE = "?check_in=2027-03-01&check_out=2027-03-02"
QUERIES = {
    "getAvailability": _RANGE,
    "explainAvailability": _RANGE,
    "getCalendar": "?month=2027-03",
}


class TestWithOneWorld(OneWorld):
    @pytest.mark.no_cover
    @pytest.mark.parametrize("name", sorted(TABLE))
    def test_who_may_do_it(self, world: World, name: str) -> None:
        found = {}
        for kind in KINDS:
            answer = world.call(name, kind)
            found[kind] = answer.status_code
            if answer.status_code >= 400:
                assert answer["Content-Type"] == "application/problem+json", answer.content
        assert found == TABLE[name], answer.content

    @pytest.mark.no_cover
    @pytest.mark.parametrize(
        "name", [name for name, (_, path, _) in OPERATIONS.items() if _OF_ONE.search(path)]
    )
    def test_not_yours_and_not_there_answer_alike(self, world: World, name: str) -> None:
        method, path, _ = OPERATIONS[name]
        for kind in ("other", "manager_elsewhere", "partner_elsewhere", "scopeless"):
            row = world.reservation(name)
            if kind == "scopeless":
                row.partner = ""
                row.save()
            answers = []
            for given in (row.pk, 2**62):
                answer = world.send(name, kind, method, _OF_ONE.sub(str(given), path))
                assert answer.status_code == 404, kind
                document = answer.json()
                document.pop("instance")
                headers = dict(answer.headers)
                headers.pop("Content-Length", None)
                headers.pop("Request-Id")
                headers.pop("RateLimit", None)
                answers.append((document, headers))
            assert answers[0] == answers[1], kind
