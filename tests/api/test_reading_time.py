"""Availability, calendar, slots, occupancy, explain, stats and quote: what they answer."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory
from jsonschema_rs import Draft202012Validator

from config.demonstration import venues
from reservations import actions
from tests.api.calling import Api, anonymous, faults, partner, person, problem, sitting, stay
from tests.api.conftest import TODAY
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory
from venues.models import Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LUNCH = {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T14:00:00Z"}
NIGHTS = {"check_in": "2027-03-01", "check_out": "2027-03-03"}


@pytest.fixture
def nobody() -> Api:
    return anonymous()


@pytest.fixture
def lot(db: None) -> Venue:
    return make_venue("parking", units=2, unit_choice="guest")


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get("/api/v1/openapi.json").json()


def read(caller: Api, venue: Venue, what: str, **params: Any) -> dict[str, Any]:
    """What a GET answers, which must be 200."""
    answer = caller.get(f"/venues/{venue.slug}/{what}", params)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def shown(unit: Resource) -> dict[str, Any]:
    return {"id": str(unit.pk), "name": unit.name, "floor": unit.floor}


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


@pytest.mark.parametrize(
    ("what", "params"),
    [
        ("availability", NIGHTS),
        ("availability", NIGHTS | {"guests": 99}),
        ("calendar", {"month": "2027-03"}),
        ("slots", {"date": "2027-03-01", "days": 3}),
        ("occupancy", LUNCH | {"step": 1800}),
        ("plan", LUNCH),
        ("explain", NIGHTS),
        ("stats", {}),
    ],
)
@pytest.mark.parametrize("asks", ["desk", "nobody"])
def test_answers_are_as_the_document_says(
    document: Any, hotel: Venue, desk: Api, what: str, params: dict[str, Any], asks: str
) -> None:
    for _ in range(2):
        hold(hotel, NOON + HOUR, 48)
    hotel.resources.update(plan_x=1, plan_y=2)
    said = read(desk if asks == "desk" else anonymous(), hotel, what, **params)
    judge(document, "get", f"/api/v1/venues/{{slug}}/{what}", said)


def test_a_quote_is_as_the_document_says(document: Any, nobody: Api, hotel: Venue) -> None:
    said = nobody.post(f"/venues/{hotel.slug}/quote", NIGHTS).json()
    judge(document, "post", "/api/v1/venues/{slug}/quote", said)


def judge(document: Any, method: str, path: str, said: Any) -> None:
    """Whether an answer is of the declared shape, and tells nothing that is not declared."""
    answers = document["paths"][path][method]["responses"]
    schema = answers["200"]["content"]["application/json"]["schema"]
    Draft202012Validator(schema | {"components": document["components"]}).validate(said)
    declared = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert said.keys() == declared["properties"].keys()


def test_availability_tells_units_counts_and_prices(nobody: Api, lot: Venue) -> None:
    wide = add_category(lot, "wide", is_on_request=True)
    hold(lot, category="standard")
    (left,) = lot.resources.filter(category__code="standard").exclude(allocations__is_live=True)
    assert read(nobody, lot, "availability", **LUNCH) == {
        "venue": lot.slug,
        "time_zone": "UTC",
        **LUNCH,
        # What is given on request is not for whoever comes.
        "free": 1,
        "categories": [
            {
                "code": "standard",
                "name": "Standard",
                "free": 1,
                "units": [shown(left)],
                "price": euros("20.00"),
                "named": [],
            },
            {
                "code": "wide",
                "name": "Wide",
                "free": 1,
                "units": [shown(wide.resources.get())],
                "price": euros("0.00"),
                "named": [],
            },
        ],
        "refusal": None,
    }
    assert read(nobody, lot, "availability", **LUNCH, category="wide")["free"] == 1


def test_nights_are_asked_by_dates(nobody: Api, hotel: Venue) -> None:
    found = read(nobody, hotel, "availability", **NIGHTS, guests=2)
    assert (found["starts_at"], found["ends_at"]) == (
        "2027-03-01T14:00:00Z", "2027-03-03T10:00:00Z",
    )  # fmt: skip
    assert (found["free"], found["categories"][0]["price"]) == (2, euros("20.00"))


def test_whoever_is_at_the_gate_asks_for_a_time_from_now(nobody: Api, lot: Venue) -> None:
    hold(lot, TODAY + HOUR, 1)
    hold(lot, TODAY + 3 * HOUR, 1)
    until = {f"{hours}": f"2027-02-01T{9 + hours}:00:00Z" for hours in (1, 3, 4)}
    seen = [read(nobody, lot, "availability", ends_at=until[hours])["free"] for hours in until]
    assert seen == [2, 1, 1]
    found = read(nobody, lot, "availability")
    assert (found["starts_at"], found["ends_at"]) == (
        "2027-02-01T09:00:00Z", "2027-02-01T11:00:00Z",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"check_in": "2027-02-01", "check_out": "2027-02-02"}, "too_soon"),
        ({"check_in": "2029-02-01", "check_out": "2029-02-02"}, "too_far"),
        ({"check_in": "2027-03-01", "check_out": "2027-05-01"}, "too_long"),
        (NIGHTS | {"guests": 5}, "party_too_large"),
    ],
)
def test_a_rule_against_the_range_is_shown(
    nobody: Api, hotel: Venue, params: dict[str, Any], code: str
) -> None:
    found = read(nobody, hotel, "availability", **params)
    assert found["refusal"]["code"] == code
    assert found["refusal"]["detail"]
    assert (found["free"], found["categories"][0]["units"]) == (0, [])


def test_the_calendar_tells_each_night(nobody: Api, hotel: Venue) -> None:
    Rate.objects.create(
        venue=hotel,
        category=hotel.categories.get(),
        unit=Rate.Unit.NIGHT,
        amount_minor=2_500,
        first_date="2027-03-31",
        last_date="2027-03-31",
    )
    hold(hotel, NOON, 24)
    found = read(nobody, hotel, "calendar", month="2027-03")
    assert (found["venue"], found["time_zone"]) == (hotel.slug, "Europe/Amsterdam")
    assert len(found["items"]) == 31
    assert found["items"][0] == {
        "date": "2027-03-01", "capacity": 2, "free": 1, "lowest_price": euros("10.00"),
    }  # fmt: skip
    assert found["items"][-1] == {
        "date": "2027-03-31", "capacity": 2, "free": 2, "lowest_price": euros("25.00"),
    }  # fmt: skip


def test_the_grid_of_smart_parking_as_its_page_asks_for_it(nobody: Api) -> None:
    venue = venues.smart_parking()
    spot = venue.resources.get(name="102")
    hold(venue, NOON, 4, resource=spot.pk)
    found = read(nobody, venue, "slots", date="2027-03-01")["items"]
    assert len(found) == 15
    taken = [slot for slot in found if slot["state"] == "taken"]
    assert taken == [
        {
            "resource": shown(spot),
            "starts_at": "2027-03-01T12:00:00Z",
            "ends_at": "2027-03-01T16:00:00Z",
            "state": "taken",
        }
    ]


def test_slots_are_those_of_today_where_no_date_is_given(
    nobody: Api, clock: FrozenDateTimeFactory
) -> None:
    venue = venues.smart_parking()
    states = [slot["state"] for slot in read(nobody, venue, "slots")["items"]]
    assert states == ["past"] * 5 + ["free"] * 10
    clock.move_to(TODAY.replace(hour=23))
    there = read(nobody, venue, "slots", tz="Asia/Tokyo")["items"]
    # The second of February has begun there; it holds the slots from its midnight on.
    assert {slot["starts_at"][:13] for slot in there} == {
        "2027-02-01T16", "2027-02-02T08", "2027-02-02T12",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Pacific/Honolulu", "2027-03-01T12:00:00Z"),
        ("UTC", "2027-03-01T00:00:00Z"),
        ("Pacific/Kiritimati", "2027-02-28T10:00:00Z"),
    ],
)
def test_a_day_is_the_clients_where_they_say_in_which_zone(
    nobody: Api, zone: str, first: str
) -> None:
    venue = make_venue("practice", slot_length=HOUR, longest_stay=None)
    add_hours(venue, time(0), time(0), resource=venue.resources.get())
    found = read(nobody, venue, "slots", date="2027-03-01", tz=zone)["items"]
    starts = [slot["starts_at"] for slot in found]
    assert (len(starts), starts == sorted(starts)) == (24, True)
    expected = "2027-03-01T10:00:00Z" if zone == "Pacific/Honolulu" else first
    assert starts[0] == expected


def test_occupancy_is_told_in_total_per_floor_and_per_category(nobody: Api, lot: Venue) -> None:
    lot.resources.filter(name="2").update(floor=2)
    hold(lot, NOON, 1, resource=lot.resources.get(name="2").pk)
    assert read(nobody, lot, "occupancy", **LUNCH, step=3600)["items"] == [
        {
            "starts_at": "2027-03-01T12:00:00Z",
            "ends_at": "2027-03-01T13:00:00Z",
            "rate": 0.5,
            "floors": {"1": 0.0, "2": 1.0},
            "categories": {"standard": 0.5},
        },
        {
            "starts_at": "2027-03-01T13:00:00Z",
            "ends_at": "2027-03-01T14:00:00Z",
            "rate": 0.0,
            "floors": {"1": 0.0, "2": 0.0},
            "categories": {"standard": 0.0},
        },
    ]


def test_occupancy_without_a_range_is_that_of_now(
    nobody: Api, lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    hold(lot)
    assert read(nobody, lot, "occupancy")["items"][0]["rate"] == 0
    clock.move_to(NOON + HOUR / 2)
    (now,) = read(nobody, lot, "occupancy")["items"]
    assert (now["rate"], now["starts_at"]) == (0.5, "2027-03-01T12:30:00Z")


def test_explain_names_the_rule_or_the_rows(nobody: Api, lot: Venue) -> None:
    first = lot.resources.get(name="1")
    asked = LUNCH | {"resource": first.pk}
    assert read(nobody, lot, "explain", **asked) == {
        **LUNCH, "bookable": True, "code": None, "detail": None, "against": [],
    }  # fmt: skip
    hold(lot, resource=first.pk)
    said = read(nobody, lot, "explain", **asked)
    assert said == {
        **LUNCH,
        "bookable": False,
        "code": "taken",
        "detail": (
            "This time is taken by a confirmed reservation or a closure."
            " Choose another time or unit."
        ),
        "against": [{"kind": "reservation", "resource": str(first.pk), **LUNCH}],
    }
    too_far = {"starts_at": "2029-03-01T12:00:00Z", "ends_at": "2029-03-01T14:00:00Z"}
    assert read(nobody, lot, "explain", **too_far)["code"] == "too_far"


def test_only_staff_of_the_venue_are_told_whose_reservation_it_is(
    nobody: Api, guest: Api, desk: Api, administrator: Api, hotel: Venue
) -> None:
    rows = [hold(hotel, NOON + HOUR, 24) for _ in range(2)]
    told = {str(row.pk) for row in rows}
    elsewhere = person(StaffFactory.create(staff_venues=[make_venue("hotel")]))
    acme = partner(PartnerFactory.create(venues=[hotel]))
    for caller, is_told in (
        (nobody, False), (guest, False), (elsewhere, False), (acme, False),
        (desk, True), (administrator, True),
    ):  # fmt: skip
        said = read(caller, hotel, "explain", **NIGHTS)
        seen = {row["reservation"] for row in said["against"] if row.get("reservation")}
        assert seen == (told if is_told else set())
        assert [row["kind"] for row in said["against"]] == ["hold", "hold"]


def test_stats_are_of_the_last_ninety_days_unless_asked_otherwise(
    nobody: Api, lot: Venue, clock: FrozenDateTimeFactory
) -> None:
    row = hold(lot)
    clock.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    clock.move_to(NOON + DAY)
    said = read(nobody, lot, "stats")
    assert (said["starts_at"], said["ends_at"]) == (
        "2026-12-02T12:00:00Z", "2027-03-02T12:00:00Z",
    )  # fmt: skip
    assert (said["reservations"], said["peak_hours"]) == (1, [12, 13])
    assert (said["by_hour"]["12"], said["by_weekday"]["0"]) == (1.0, 2.0)
    assert said["no_show_share"] == 0.0
    before = read(nobody, lot, "stats", ends_at="2027-03-01T00:00:00Z")
    assert (before["reservations"], before["peak_hours"], before["no_show_share"]) == (0, [], None)


def test_a_quote_is_itemised_and_says_until_when_it_holds(nobody: Api, hotel: Venue) -> None:
    answer = nobody.post(f"/venues/{hotel.slug}/quote", NIGHTS | {"guest_count": 2})
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert said.pop("quote")
    assert said == {
        "category": "standard",
        "starts_at": "2027-03-01T14:00:00Z",
        "ends_at": "2027-03-03T10:00:00Z",
        "price": euros("20.00"),
        "items": [
            {"label": "2027-03-01", "price": euros("10.00")},
            {"label": "2027-03-02", "price": euros("10.00")},
        ],
        "lines": [
            {
                "kind": "stay",
                "text": "Standard, 2 nights",
                "amount": euros("20.00"),
                "tax_code": None,
                "tax_rate": None,
                "included": False,
                "collected_by": "venue",
            }
        ],
        "due_now": euros("0.00"),
        "terms": {"kind": "none", "percent": None, "amount": None},
        "cancellation": {
            "free_until": "2027-02-27T14:00:00Z",
            "fee_now": euros("0.00"),
            "fee_due": euros("0.00"),
            "steps": [{"from": "2027-02-27T14:00:00Z", "fee": euros("20.00")}],
        },
        "expires_at": "2027-02-01T09:15:00Z",
    }


@pytest.mark.parametrize("code", ["cash", "two-places", "three"])
def test_a_quote_has_the_decimals_of_its_currency(nobody: Api, code: str) -> None:
    currency, amount = {
        "cash": ("JPY", "2000"), "two-places": ("EUR", "20.00"), "three": ("KWD", "2.000"),
    }[code]  # fmt: skip
    venue = make_venue("parking")
    Venue.objects.filter(pk=venue.pk).update(currency=currency)
    said = nobody.post(f"/venues/{venue.slug}/quote", LUNCH).json()
    assert said["price"] == {"amount": amount, "currency": currency}


def test_a_quote_outside_what_is_sold_is_refused(nobody: Api, hotel: Venue) -> None:
    for dates, code in (
        ({"check_in": "2027-02-01", "check_out": "2027-02-02"}, "too_soon"),
        ({"check_in": "2029-02-01", "check_out": "2029-02-02"}, "too_far"),
        ({"check_in": "2027-03-01", "check_out": "2029-02-02"}, "too_long"),
    ):
        problem(nobody.post(f"/venues/{hotel.slug}/quote", dates), 400, code)
    unknown = NIGHTS | {"category": "penthouse"}
    problem(nobody.post(f"/venues/{hotel.slug}/quote", unknown), 404, "not_found")


def test_a_quote_is_kept_by_the_reservation(
    guest: Api, hotel: Venue, clock: FrozenDateTimeFactory
) -> None:
    said = guest.post(f"/venues/{hotel.slug}/quote", NIGHTS | {"guest_count": 2}).json()
    Rate.objects.update(amount_minor=9_900)
    clock.tick(timedelta(minutes=15) - timedelta(seconds=1))
    made = guest.post("/reservations", stay(hotel, quote=said["quote"])).json()
    assert made["price"] == euros("20.00")


def test_an_expired_quote_is_refused_with_one_that_can_be_used(
    guest: Api, hotel: Venue, clock: FrozenDateTimeFactory
) -> None:
    said = guest.post(f"/venues/{hotel.slug}/quote", NIGHTS | {"guest_count": 2}).json()
    Rate.objects.update(amount_minor=9_900)
    clock.tick(timedelta(minutes=15))
    refused = guest.post("/reservations", stay(hotel, quote=said["quote"]))
    new = problem(refused, 409, "quote_expired")
    assert new["price"] == euros("198.00")
    assert new["expires_at"] == "2027-02-01T09:30:00Z"
    made = guest.post("/reservations", stay(hotel, quote=new["quote"]))
    assert (made.status_code, made.json()["price"]) == (201, euros("198.00"))


@pytest.mark.parametrize("token", ["x", "a:b:c", "é:é:é", "::", "\n", "💶", "x" * 1000])
def test_a_quote_that_we_never_gave_is_refused(guest: Api, hotel: Venue, token: str) -> None:
    problem(guest.post("/reservations", stay(hotel, quote=token)), 409, "quote_expired")


@pytest.mark.parametrize("token", ["\x00", "x\x00", "x" * 1001])
def test_a_quote_that_is_no_text_of_ours_does_not_fit(guest: Api, hotel: Venue, token: str) -> None:
    assert set(faults(guest.post("/reservations", stay(hotel, quote=token)))) == {"quote"}


def test_a_refused_time_comes_with_times_that_are_taken_as_they_are(guest: Api, lot: Venue) -> None:
    venue = make_venue("parking", capacity=4)
    hold(venue)
    said = problem(guest.post("/reservations", sitting(venue)), 409, "taken")
    assert said["alternatives"][0] == {
        "starts_at": "2027-03-01T10:00:00Z",
        "ends_at": "2027-03-01T12:00:00Z",
        "category": "standard",
        "resource": None,
        "price": euros("20.00"),
    }
    assert len(said["alternatives"]) == 3
    for other in said["alternatives"]:
        times = {name: other[name] for name in ("starts_at", "ends_at", "category")}
        made = guest.post("/reservations", sitting(venue, **times))
        assert (made.status_code, made.json()["price"]) == (201, other["price"])


def test_a_refused_unit_comes_with_another(guest: Api, hotel: Venue) -> None:
    first, second = hotel.resources.order_by("pk")
    hold(hotel, NOON + HOUR, 48, resource=first.pk)
    refused = guest.post("/reservations", stay(hotel, resource=str(first.pk)))
    said = problem(refused, 409, "held_by_other")
    assert said["alternatives"][0]["resource"] == shown(second)
    again = stay(hotel, resource=said["alternatives"][0]["resource"]["id"])
    assert guest.post("/reservations", again).status_code == 201


def test_where_nothing_is_left_the_list_is_empty(guest: Api) -> None:
    venue = make_venue("parking", units=0)
    Resource.objects.create(venue=venue, category=venue.categories.get(), name="1", capacity=4)
    add_hours(venue, time(12), time(14))
    for days in range(-1, 2):
        hold(venue, NOON + days * DAY)
    said = problem(guest.post("/reservations", sitting(venue)), 409, "taken")
    assert said["alternatives"] == []


def test_each_answer_takes_as_many_queries_however_much_there_is(nobody: Api, lot: Venue) -> None:
    asked: tuple[tuple[str, dict[str, Any], int], ...] = (
        ("availability", LUNCH, 2),
        # Those that are remembered ask whether anything has happened there, too.
        ("calendar", {"month": "2027-03"}, 3),
        ("slots", {"date": "2027-03-01", "days": 7}, 3),
        ("occupancy", LUNCH | {"step": 60}, 3),
        ("plan", LUNCH, 2),
        ("explain", LUNCH, 2),
        ("stats", {}, 5),
    )
    for number in range(2):
        read(nobody, lot, "plan")  # What the venue sells by is read once, and kept.
        for what, params, count in asked:
            with CaptureQueriesContext(connection) as queries:
                read(nobody, lot, what, **params)
            assert len(queries) == count, (what, [query["sql"] for query in queries])
        add_category(lot, f"more-{number}", units=3)
        for hours in range(6):
            hold(lot, NOON + hours * 2 * HOUR, category=f"more-{number}")
