"""GET /reservations: whose, which, in what order, in pages that hold everything once."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations import actions
from reservations.models import Reservation
from tests.api.calling import Api, faults, partner, person, stay
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def lot(db: None) -> Venue:
    return make_venue("parking", units=3)


@pytest.fixture
def rows(lot: Venue) -> list[Reservation]:
    """Seven, an hour each, one after the other; the last made is the first told."""
    made = [hold(lot, NOON + timedelta(hours=hour), hours=1) for hour in range(7)]
    return made[::-1]


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [int(item["id"]) for item in answer.json()["items"]]


def walk(caller: Api, path: str, **params: Any) -> list[str]:
    """Every id, page after page."""
    found, cursor = [], None
    while True:
        page = caller.get(path, params | ({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) <= params["limit"]
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
        assert page["items"]


def test_whose_reservations_are_listed(
    guest: Api, user: User, desk: Api, administrator: Api, stranger: Api, hotel: Venue, lot: Venue
) -> None:
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel, lot]))
    mine = int(guest.post("/reservations", stay(hotel)).json()["id"])
    theirs = int(acme.post("/reservations", stay(hotel)).json()["id"])
    parked = hold(lot).pk
    assert ids(guest.get("/reservations")) == [mine]
    assert ids(acme.get("/reservations")) == [theirs]
    assert ids(desk.get("/reservations")) == [theirs, mine]
    assert ids(administrator.get("/reservations")) == [parked, theirs, mine]
    assert ids(stranger.get("/reservations")) == []


def test_a_partner_loses_sight_of_venues_it_no_longer_serves(hotel: Venue) -> None:
    row = PartnerFactory.create(slug="acme", venues=[hotel])
    acme = partner(row)
    made = acme.post("/reservations", stay(hotel)).json()
    row.venues.clear()
    assert ids(acme.get("/reservations")) == []
    assert acme.get(f"/reservations/{made['id']}").status_code == 404


def test_an_item_is_the_whole_document(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    assert guest.get("/reservations").json() == {"items": [made], "next_cursor": None}


def test_by_venue(administrator: Api, lot: Venue, hotel: Venue) -> None:
    parked = hold(lot)
    assert ids(administrator.get("/reservations", {"venue": lot.slug})) == [parked.pk]
    assert ids(administrator.get("/reservations", {"venue": hotel.slug})) == []
    assert ids(administrator.get("/reservations", {"venue": "nowhere"})) == []


def test_by_the_status_of_the_moment(
    clock: FrozenDateTimeFactory, administrator: Api, hotel: Venue
) -> None:
    administrator.post("/reservations", stay(hotel))
    kept = int(administrator.post("/reservations", stay(hotel)).json()["id"])
    actions.confirm(reservation_id=kept, by=DESK)

    def found(status: str) -> int:
        return len(ids(administrator.get("/reservations", {"status": status})))

    assert (found("held"), found("upcoming"), found("expired")) == (1, 1, 0)
    clock.tick(timedelta(minutes=30))
    assert (found("held"), found("upcoming"), found("expired")) == (0, 1, 1)
    for status in ("present", "left", "no_show", "cancelled"):
        assert found(status) == 0


def test_by_start_from_and_to(administrator: Api, rows: list[Reservation]) -> None:
    # Starts are 12:00 to 18:00; `from` is in, `to` is out.
    def found(**params: str) -> int:
        return len(ids(administrator.get("/reservations", params)))

    assert found(**{"from": "2027-03-01T13:00:00Z", "to": "2027-03-01T15:00:00Z"}) == 2
    assert found(**{"from": "2027-03-01T14:00:00+01:00"}) == 6
    assert found(**{"from": "2027-03-01", "to": "2027-03-02"}) == 7
    assert found(to="2027-03-01") == 0
    assert found(**{"from": "2027-03-02"}) == 0


def test_a_plus_that_was_not_escaped_is_understood(
    administrator: Api, rows: list[Reservation]
) -> None:
    answer = administrator.get("/reservations?from=2027-03-01T14:00:00+01:00")
    assert len(ids(answer)) == 6
    assert len(ids(administrator.get("/reservations?phone=+31201234567"))) == 7


@pytest.mark.parametrize("written", ["+31201234567", "+31 20 123 4567", "+31-20-1234567"])
def test_by_phone_however_it_is_written(
    administrator: Api, rows: list[Reservation], written: str
) -> None:
    assert len(ids(administrator.get("/reservations", {"phone": written}))) == 7
    assert ids(administrator.get("/reservations", {"phone": "+31201234568"})) == []


def test_by_code_in_small_letters_too(administrator: Api, rows: list[Reservation]) -> None:
    for code in (rows[2].code, rows[2].code.lower()):
        assert ids(administrator.get("/reservations", {"code": code})) == [rows[2].pk]


def test_filters_do_not_show_what_is_not_yours(stranger: Api, rows: list[Reservation]) -> None:
    for params in ({"code": rows[0].code}, {"phone": rows[0].phone}, {"venue": "venue-1"}):
        assert ids(stranger.get("/reservations", params)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"), ("limit", "201"), ("limit", "-1"), ("limit", "x"), ("limit", "1.5"),
        ("limit", "9" * 30), ("limit", ""), ("status", "gone"), ("status", "0"), ("status", ""),
        ("status", "HELD"), ("from", "x"), ("from", "2027-03-01T12:00:00"), ("from", ""),
        ("from", "2027-13-01"), ("to", "0001-01-01"), ("to", "1800000000"), ("to", "\x00"),
        ("phone", "x"), ("phone", ""), ("phone", "0" * 60), ("phone", "\x00"), ("venue", "\x00"),
        ("code", "\x00"), ("code", "x" * 30), ("cursor", "x"), ("cursor", ""), ("cursor", "\x00"),
    ],
)  # fmt: skip
def test_a_filter_that_does_not_fit_is_named(guest: Api, name: str, value: str) -> None:
    assert set(faults(guest.get("/reservations", {name: value}))) == {name}


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 200])
def test_pages_hold_every_row_once_newest_first(
    administrator: Api, rows: list[Reservation], limit: int
) -> None:
    found = walk(administrator, "/reservations", limit=limit)
    assert found == [str(row.pk) for row in rows]


def test_what_is_made_meanwhile_does_not_shift_the_pages(
    administrator: Api, lot: Venue, rows: list[Reservation]
) -> None:
    first = administrator.get("/reservations", {"limit": 3}).json()
    hold(lot, NOON + timedelta(days=1))
    second = administrator.get("/reservations", {"limit": 10, "cursor": first["next_cursor"]})
    assert ids(second) == [row.pk for row in rows[3:]]


def test_filters_hold_on_every_page(administrator: Api, lot: Venue, hotel: Venue) -> None:
    for hour in range(4):
        hold(lot, NOON + timedelta(hours=hour), hours=1)
        administrator.post("/reservations", stay(hotel))
    assert len(walk(administrator, "/reservations", limit=1, venue=lot.slug)) == 4


def test_fifty_rows_are_answered_unless_more_are_asked_for(administrator: Api, lot: Venue) -> None:
    for hour in range(51):
        hold(lot, NOON + timedelta(hours=hour), hours=1)
    assert len(ids(administrator.get("/reservations"))) == 50
    assert len(ids(administrator.get("/reservations", {"limit": 200}))) == 51


@pytest.mark.parametrize(
    "cursor",
    ["x", "0", "-1", "k1", "a2s", "azA", "ay0x", "azE=", "azE=\n", "a", "é", "AAAA", "/",
     "x" * 9_999, "azk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"],
)  # fmt: skip
def test_a_cursor_that_was_not_given_out_is_refused(guest: Api, cursor: str) -> None:
    found = faults(guest.get(f"/reservations?cursor={quote(cursor)}"))
    assert set(found) == {"cursor"}


def test_a_cursor_of_somebody_else_shows_nothing_of_theirs(
    administrator: Api, rows: list[Reservation], stranger: Api
) -> None:
    cursor = administrator.get("/reservations", {"limit": 1}).json()["next_cursor"]
    assert ids(stranger.get("/reservations", {"cursor": cursor})) == []


@pytest.mark.parametrize("kind", ["guest", "staff", "administrator", "partner"])
def test_the_number_of_queries_does_not_grow_with_the_rows(lot: Venue, kind: str) -> None:
    user = UserFactory.create()
    acme = PartnerFactory.create(slug="acme", venues=[lot])
    caller = {
        "guest": lambda: person(user),
        "staff": lambda: person(StaffFactory.create(staff_venues=[lot])),
        "administrator": lambda: person(UserFactory.create(role="administrator")),
        "partner": lambda: partner(acme),
    }[kind]()
    headers = caller.credentials()
    caller.credentials = lambda: headers

    def queries(rows: int) -> int:
        begin = Reservation.objects.count()
        for hour in range(begin, begin + rows):
            hold(lot, NOON + timedelta(hours=hour), hours=1)
        Reservation.objects.update(guest=user, partner="acme")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(ids(caller.get("/reservations"))) == begin + rows
        return len(asked)

    queries(1)
    # Four are those that record who was shown personal data, and savepoints around them.
    assert queries(1) == queries(20) <= (6 if kind == "guest" else 10)


def test_a_national_number_is_read_as_one_of_the_venue(
    administrator: Api, rows: list[Reservation]
) -> None:
    venue = rows[0].venue
    national = {"phone": "020 123 4567"}
    assert "phone" in faults(administrator.get("/reservations", national | {"venue": "elsewhere"}))
    Venue.objects.filter(pk=venue.pk).update(phone_region="NL")
    found = ids(administrator.get("/reservations", national | {"venue": venue.slug}))
    assert sorted(found) == sorted(row.pk for row in rows if row.venue_id == venue.pk)
