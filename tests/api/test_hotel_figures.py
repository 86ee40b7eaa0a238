"""A hotel's real year gives the occupancy and stats that a plain script counts from its file."""

import csv
import io
import os
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from reservations import sweeps
from reservations.models import Event, Reservation
from reservations.status import Status
from tests.api import plain_hotel
from tests.api.calling import Api, anonymous, person
from tests.guests.factories import StaffFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

COLUMNS = (
    "arrival_date_year arrival_date_month arrival_date_day_of_month stays_in_weekend_nights "
    "stays_in_week_nights adults children babies reserved_room_type lead_time reservation_status "
    "reservation_status_date adr"
).split()
UNITS = {"A": 3, "B": 1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A made-up half year, busy enough that some are refused."""
    chance = random.Random(7)
    file = tmp_path / "bookings.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        writer.writerows(_row(chance) for _ in range(150))
    return file


def _row(chance: random.Random) -> list[str]:
    arrival = date(2016, 9, 1) + timedelta(days=chance.randrange(120))
    lead, nights = chance.randrange(60), chance.choice([0, 1, 1, 2, 3, 5, 9])
    end = chance.choice(["Check-Out"] * 6 + ["Canceled"] * 3 + ["No-Show"])
    gone = {
        "Check-Out": arrival + timedelta(days=nights),
        "No-Show": arrival,
        "Canceled": arrival - timedelta(days=chance.randint(0, lead)),
    }[end]
    when = [str(arrival.year), plain_hotel.MONTHS[arrival.month - 1], str(arrival.day)]
    party = [chance.choice("1222"), chance.choice(["0", "1.0", "NA"]), "0"]
    rest = [chance.choice("AAAB"), str(lead), end, gone.isoformat(), chance.choice(["80.5", "0"])]
    return [*when, "0", str(nights), *party, *rest]


@pytest.mark.parametrize("zone", ["Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_occupancy_and_stats_are_those_of_plain_counting(path: Path, zone: str) -> None:
    compare(path, UNITS, zone, datetime(2016, 8, 20, tzinfo=UTC), days=160)


@pytest.mark.skipif("HOTEL_BOOKINGS" not in os.environ, reason="HOTEL_BOOKINGS names no file")
@pytest.mark.parametrize("units", [{"H": 5}, {"H": 3, "G": 8}])
def test_so_are_those_of_a_real_hotel(units: dict[str, int]) -> None:
    path = Path(os.environ["HOTEL_BOOKINGS"])
    compare(path, units, "Europe/Lisbon", datetime(2015, 7, 1, tzinfo=UTC), days=799)


def compare(path: Path, units: dict[str, int], zone: str, start: datetime, *, days: int) -> None:
    """The engine's answers over HTTP, before and after the sweeps, beside those of the script."""
    play(path, units, zone)
    stays = plain_hotel.taken_in(path, units)
    shares = plain_hotel.occupancy(stays, units, ZoneInfo(zone), start, days)
    usual = plain_hotel.stats(stays, ZoneInfo(zone), start, start + timedelta(days=days))
    assert len(stays) > 50
    for _ in range(2):
        look(anonymous(), start, days, shares, usual)
        sweeps.mark_no_shows()
        sweeps.complete_stays()


def play(path: Path, units: dict[str, int], zone: str) -> None:
    named = [f"--units={code}={count}" for code, count in units.items()]
    call_command("replay", path, *named, time_zone=zone, stdout=io.StringIO())


def look(
    caller: Api,
    start: datetime,
    days: int,
    shares: list[dict[str, float]],
    usual: dict[str, object],
) -> None:
    window = {
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(days=days)).isoformat(),
    }
    found = caller.get("/venues/replay/occupancy", window | {"step": 86_400}).json()["items"]
    told = [{"all": one["rate"], **one["categories"]} for one in found]
    assert len(told) == days
    for ours, plain in zip(told, shares, strict=True):
        assert ours == pytest.approx(plain, abs=1e-4)
    stats = caller.get("/venues/replay/stats", window).json()
    assert stats["reservations"] == usual["reservations"]
    assert stats["peak_hours"] == usual["peak_hours"]
    assert stats["no_show_share"] == pytest.approx(usual["no_show_share"], abs=1e-4)
    for name in ("by_hour", "by_weekday"):
        assert list(stats[name].values()) == pytest.approx(usual[name], abs=1e-3)


def test_who_came_has_come_and_left_on_the_dates_of_the_file(path: Path) -> None:
    play(path, UNITS, "Europe/Lisbon")
    stays = plain_hotel.taken_in(path, UNITS)
    sweeps.mark_no_shows()
    sweeps.complete_stays()
    rows = Reservation.objects.filter(cancelled_at=None)
    now = datetime.now(UTC)
    left = rows.in_status(Status.LEFT, at=now)
    came = [stay for stay in stays if stay["end"] == "Check-Out"]
    never = [stay for stay in stays if stay["end"] == "No-Show"]
    zone = ZoneInfo("Europe/Lisbon")
    assert sorted(left.values_list("checked_in_at", "checked_out_at")) == sorted(
        plain_hotel.instants(stay, zone) for stay in came
    )
    missed = rows.in_status(Status.NO_SHOW, at=now)
    assert sorted(missed.values_list("starts_at", "ends_at")) == sorted(
        plain_hotel.instants(stay, zone) for stay in never
    )
    assert never
    assert rows.count() == len(came) + len(never)
    for name, count in (("checked_in", came), ("checked_out", came), ("missed", never)):
        assert Event.objects.filter(name=f"reservation.{name}").count() == len(count)
    assert not missed.exclude(missed_at__isnull=False).exists()


def test_a_replayed_hotel_is_found_by_its_staff_and_by_nobody_else(path: Path) -> None:
    play(path, UNITS, "Europe/Lisbon")
    hotel = Venue.objects.get()
    staff = StaffFactory.create(staff_venues=[hotel])
    for caller in (anonymous(), person(StaffFactory.create())):
        assert caller.get("/venues").json()["items"] == []
    assert [one["slug"] for one in person(staff).get("/venues").json()["items"]] == ["replay"]
    assert b"replay" not in anonymous().client.get("/").content
