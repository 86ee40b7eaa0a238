"""The demonstration data: what the contract names is there, once, and everything in it works."""

import json
import re
import stat
from datetime import UTC, datetime, time, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Model
from freezegun.api import FrozenDateTimeFactory
from pytest_django.fixtures import Settings

from config.demonstration import people, venues
from guests.models import User
from reservations.models import Allocation, Reservation
from tests.api.calling import CONTACT, Api, anonymous
from tests.api.conftest import TODAY
from tests.databases import KEPT
from tests.effort import some
from tests.reservations.facts import DAY, HOUR, overlaps
from tests.trades.asking import made, starts
from venues.models import Policy, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "_folder")]

PEOPLE = {
    "admin@holdfast.example": "administrator",
    "desk@holdfast.example": "staff",
    "driver1@parking.com": "guest",
    "driver2@parking.com": "guest",
    "guest@holdfast.example": "guest",
    "clerk@holdfast.example": "staff",
}


@pytest.fixture
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def printed() -> dict[str, str]:
    """Log-ins and secrets as the command prints them; what it made is there."""
    made, said = loaded_once()
    for rows in made:
        type(rows[0])._base_manager.bulk_create(rows)
    return said


@cache
def loaded_once() -> tuple[list[list[Model]], dict[str, str]]:
    """All rows of one load, by model, and what it said.

    A load takes most of a second, to put its rows back next to nothing.
    """
    before = transaction.savepoint()
    said = load()
    every = apps.get_models(include_auto_created=True)
    there = [list(model._base_manager.all()) for model in every if model._meta.db_table not in KEPT]
    transaction.savepoint_rollback(before)
    return [rows for rows in there if rows], said


def load() -> dict[str, str]:
    out = StringIO()
    call_command("load_demonstration", stdout=out)
    lines = [line.split() for line in out.getvalue().splitlines()]
    return {line[0]: line[1] for line in lines if len(line) == 2}


def logged_in(printed: dict[str, str], email: str) -> Api:
    answer = anonymous().post("/auth/login", {"email": email, "password": printed[email]})
    assert answer.status_code == 200, answer.content
    return Api(lambda: {"Authorization": f"Bearer {answer.json()['access']}"})


def rows() -> dict[str, int]:
    """How many there are of everything."""
    every = [model for name in ("guests", "venues", "reservations") for model in models(name)]
    return {model.__name__: model._default_manager.count() for model in every}


def models(app: str) -> list[Any]:
    return list(apps.get_app_config(app).get_models())


def policy(slug: str) -> Policy:
    return Policy.objects.select_related("venue").get(venue__slug=slug)


def test_loading_it_twice_makes_it_once() -> None:
    printed = load()
    before = rows()
    assert load() == printed
    assert rows() == before


def test_loading_it_elsewhere_makes_nothing_anew(settings: Settings, tmp_path: Path) -> None:
    load()
    before = rows()
    settings.DATA_DIR = tmp_path / "other"
    # The secrets are kept in the first folder alone.
    assert load() == {}
    assert rows() == before


def test_the_secrets_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    load()
    kept = tmp_path / "demonstration.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_what_is_committed_afterwards_reaches_the_disk() -> None:
    def synchronous() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            return int(cursor.fetchone()[0])

    before = synchronous()
    with people._quick_commits():
        assert synchronous() < before
    assert synchronous() == before


@pytest.mark.parametrize(
    "at",
    some(
        [
            datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC),
            datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC),
            datetime(2027, 10, 30, 22, 30, tzinfo=UTC),
            datetime(2027, 12, 31, 12, tzinfo=UTC),
            datetime(2028, 2, 28, 0, tzinfo=UTC),
        ]
    ),
    ids=str,
)
def test_it_can_be_loaded_at_any_time(clock: FrozenDateTimeFactory, at: datetime) -> None:
    clock.move_to(at)
    assert len(load()) == 7
    assert Reservation.objects.count() > 40


def test_decoration_that_has_no_room_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lot = venues.smart_parking

    def full() -> Venue:
        venue = lot()
        venue.resources.update(retired_at=TODAY)
        return venue

    monkeypatch.setattr(venues, "smart_parking", full)
    assert len(load()) == 7
    assert not Reservation.objects.filter(venue__slug="smart-parking").exists()
    assert Reservation.objects.filter(venue__slug="harbour-hotel").exists()


def test_each_log_in_is_printed_with_a_secret_of_letters_and_digits(
    printed: dict[str, str],
) -> None:
    assert list(printed) == [*PEOPLE, "demo-partner"]
    assert all(re.fullmatch(r"[A-Za-z0-9]+", secret) for secret in printed.values())
    assert printed["driver1@parking.com"] == printed["driver2@parking.com"] == "password123"
    assert len(set(printed.values())) == len(printed) - 1


def test_everybody_can_log_in_and_is_what_they_are_called(printed: dict[str, str]) -> None:
    for email, role in PEOPLE.items():
        said = logged_in(printed, email).get("/me").json()
        assert (said["email"], said["role"]) == (email, role)
    assert User.objects.count() == len(PEOPLE)


def test_drivers_log_in_by_the_word_of_their_trade(printed: dict[str, str]) -> None:
    for number in (1, 2):
        body = {"email": f"driver{number}@parking.com", "password": "password123"}
        assert anonymous().post("/parking/login", body).status_code == 200


def test_the_partners_key_works(printed: dict[str, str]) -> None:
    acme = Api(lambda: {"X-API-Key": printed["demo-partner"]})
    body = {
        "venue": "harbour-hotel",
        "check_in": "2027-04-01",
        "check_out": "2027-04-03",
        "guest_count": 2,
    }
    booked = made(acme.post("/reservations", body | CONTACT))
    (found,) = acme.get("/reservations").json()["items"]
    assert found["id"] == booked["id"]


@pytest.mark.parametrize("role", ["clerk", "manager"])
def test_the_desk_manages_every_venue_and_the_clerk_works_there(
    printed: dict[str, str], role: str
) -> None:
    email = {"clerk": "clerk@holdfast.example", "manager": "desk@holdfast.example"}[role]
    held = User.objects.get(email=email).venue_roles.values_list("venue", "role")
    assert set(held) == {(venue.pk, role) for venue in Venue.objects.all()}


def test_data_that_was_loaded_before_there_was_a_clerk_gets_one(tmp_path: Path) -> None:
    made_before = load()
    User.objects.get(email="clerk@holdfast.example").delete()
    kept = tmp_path / "demonstration.json"
    old = {name: secret for name, secret in made_before.items() if "clerk@" not in name}
    kept.write_text(json.dumps(old))
    added = load()
    assert list(added) == list(made_before)
    assert {name: added[name] for name in old} == old
    assert logged_in(added, "clerk@holdfast.example").get("/me").status_code == 200
    assert User.objects.get(email="clerk@holdfast.example").venue_roles.count() == 5
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert load() == added


def test_smart_parking_is_as_the_page_expects_it(printed: dict[str, str]) -> None:
    rules = policy("smart-parking")
    lot = rules.venue
    assert (lot.kind, lot.time_zone, lot.mode) == ("parking", "UTC", "slot")
    assert (rules.notice, rules.confirms_at_once) == (timedelta(0), True)
    assert (rules.records_arrival, rules.records_departure) == (False, False)
    assert rules.unit_choice == Policy.UnitChoice.GUEST
    driver = logged_in(printed, "driver1@parking.com")
    spots = driver.get("/parking/spots", {"lot": "smart-parking"}).json()
    assert len(spots) == 5
    assert {spot["floor_number"] for spot in spots} == {1}


@pytest.mark.parametrize("ahead", [0, 7, 200])
def test_smart_parking_has_three_slots_a_day_of_every_spot(
    printed: dict[str, str], ahead: int
) -> None:
    day = (TODAY + ahead * DAY).date().isoformat()
    answer = anonymous().get("/venues/smart-parking/slots", {"date": day})
    slots = answer.json()
    slots = slots["items"] if isinstance(slots, dict) else slots
    assert len(slots) == 15
    hours = {(slot["starts_at"][11:16], slot["ends_at"][11:16]) for slot in slots}
    assert hours == {("08:00", "12:00"), ("12:00", "16:00"), ("16:00", "20:00")}


def test_a_slot_of_smart_parking_can_be_booked_by_one_driver(printed: dict[str, str]) -> None:
    spot = Venue.objects.get(slug="smart-parking").resources.get(name="104").pk
    start = datetime.combine(TODAY.date(), time(8), tzinfo=UTC) + 20 * DAY
    body = {
        "spot_id": spot,
        "start_time": start.isoformat(),
        "end_time": (start + 4 * HOUR).isoformat(),
    }
    answers = [
        logged_in(printed, f"driver{number}@parking.com").post("/parking/reservations", body)
        for number in (1, 2)
    ]
    assert [answer.status_code for answer in answers] == [201, 409]


def test_city_lot_gives_the_first_spot_and_records_who_comes(printed: dict[str, str]) -> None:
    rules = policy("city-lot")
    assert rules.unit_choice == Policy.UnitChoice.VENUE
    assert (rules.records_arrival, rules.records_departure) == (True, True)
    driver = logged_in(printed, "driver2@parking.com")
    spots = driver.get("/parking/spots", {"lot": "city-lot"}).json()
    assert len({spot["floor_number"] for spot in spots}) > 1
    assert {spot["type"] for spot in spots} == {"Regular", "Handicap"}
    types = {spot["id"]: spot["type"] for spot in spots}
    stay = made(driver.post("/parking/reservations", {"lot_id": "city-lot"}))
    assert types[stay["spot_id"]] == "Regular"
    for verb in ("occupy", "release"):
        path = f"/parking/reservations/{stay['id']}/{verb}"
        assert driver.send("PUT", path).status_code == 200


def test_the_hotel_is_chosen_from_long_ahead_and_empty_for_half_a_year(
    printed: dict[str, str],
) -> None:
    (hotel,) = Venue.objects.filter(kind="hotel").select_related("policy")
    rules = hotel.policy
    assert rules.unit_choice == Policy.UnitChoice.GUEST
    assert rules.notice == DAY
    assert rules.horizon is not None and rules.horizon >= 365 * DAY
    assert hotel.categories.count() >= 3
    assert not hotel.resources.filter(capacity__lt=2).exists()
    busy = Allocation.objects.filter(venue=hotel, ends_at__gt=TODAY + 30 * DAY)
    assert not busy.filter(starts_at__lt=TODAY + 201 * DAY).exists()
    assert Allocation.objects.filter(venue=hotel).exists()


@pytest.mark.parametrize("ahead", [30, 200, 364])
def test_any_room_of_the_hotel_can_be_booked(printed: dict[str, str], ahead: int) -> None:
    hotel = Venue.objects.get(kind="hotel")
    guest = logged_in(printed, "guest@holdfast.example")
    first = (TODAY + ahead * DAY).date()
    for room in (hotel.resources.earliest("pk"), hotel.resources.latest("pk")):
        body = {
            "venue": hotel.slug,
            "resource": str(room.pk),
            "check_in": first.isoformat(),
            "check_out": (first + DAY).isoformat(),
            "guest_count": 2,
        }
        assert made(guest.post("/reservations", body))["resource"]["id"] == str(room.pk)


@pytest.mark.parametrize("party", [2, 4, 8, 12])
def test_the_restaurant_seats_large_parties_at_tables_pushed_together(
    printed: dict[str, str], party: int
) -> None:
    (place,) = Venue.objects.filter(kind="restaurant")
    assert place.combinations.count() >= 2
    guest = logged_in(printed, "guest@holdfast.example")
    evening = datetime.combine(TODAY.date(), time(18), tzinfo=UTC) + 4 * DAY
    body = {"venue": place.slug, "starts_at": evening.isoformat(), "guest_count": party}
    seated = made(guest.post("/reservations", body))
    assert (len(seated["resources"]) > 1) is (party > 4)
    assert list(overlaps()) == []


def test_the_practice_has_two_providers_with_slots_to_book(printed: dict[str, str]) -> None:
    (practice,) = Venue.objects.filter(kind="practice")
    providers = list(practice.resources.all())
    assert len(providers) == 2
    guest = logged_in(printed, "guest@holdfast.example")
    for provider in providers:
        open_slots = starts(guest, provider.pk, date=(TODAY + 2 * DAY).date().isoformat())
        assert open_slots
        body = {"provider_id": provider.pk, "starts_at": open_slots[0]}
        appointment = made(guest.post("/appointments", body))
        answer = guest.patch(f"/appointments/{appointment['id']}", {"is_confirmed": True})
        assert answer.json()["is_confirmed"] is True


def test_every_venue_can_be_read_by_anybody(printed: dict[str, str]) -> None:
    found = {item["slug"]: item for item in anonymous().get("/venues").json()["items"]}
    kinds = sorted(item["kind"] for item in found.values())
    assert kinds == ["hotel", "parking", "parking", "practice", "restaurant"]
    assert all(item["reviews"] == 3 for item in found.values())
