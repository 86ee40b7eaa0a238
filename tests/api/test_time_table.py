"""The tables of docs/time.md, row by row: the pure functions, the reading calls, and a booking."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun.api import FrozenDateTimeFactory

from tests.api.calling import CONTACT, Api, problem
from tests.factories import add_hours, make_venue
from venues import hours
from venues.hours import Window
from venues.models import Opening, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "time.md"
HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)
SUNDAY = "2027-03-28"
"""Berlin's has 23 hours."""

Row = list[str]


def table(heading: str) -> dict[str, Row]:
    """The rows under a heading of the page, by their first cell."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[1:] for row in rows}


HOURS, NIGHTS, RULES = table("Hours"), table("Nights"), table("Beside clock changes")


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def lot(zone: str, **policy: Any) -> Venue:
    """One spot in slots of half an hour, chosen, confirmed at once, however far ahead."""
    rules = {"slot_length": HALF_HOUR, "unit_choice": "guest", "horizon": None, **policy}
    venue = make_venue(**rules)
    venue.time_zone, venue.mode = zone, Venue.Mode.SLOT
    venue.save()
    return venue


def slots(caller: Api, venue: Venue, **asked: Any) -> list[tuple[str, str, str]]:
    answer = caller.get(f"/venues/{venue.slug}/slots", asked)
    assert answer.status_code == 200, answer.content
    return [(one["starts_at"], one["ends_at"], one["state"]) for one in answer.json()["items"]]


def calendar(caller: Api, venue: Venue, day: date) -> dict[str, int]:
    """The free count of each day of the month on which anything is sold."""
    answer = caller.get(f"/venues/{venue.slug}/calendar", {"month": day.isoformat()[:7]})
    assert answer.status_code == 200, answer.content
    days = answer.json()["items"]
    assert [one["date"] for one in days] == sorted({one["date"] for one in days})
    return {one["date"]: one["free"] for one in days if one["capacity"]}


def book(caller: Api, venue: Venue, **wish: Any) -> Any:
    unit = str(venue.resources.get().pk)
    body = {"venue": venue.slug, "resource": unit, "guest_count": 1, **CONTACT, **wish}
    return caller.post("/reservations", body)


def book_slot(caller: Api, venue: Venue, start: datetime) -> Any:
    return book(caller, venue, starts_at=told(start), ends_at=told(start + HALF_HOUR))


@pytest.mark.parametrize("case", HOURS)
def test_hours(case: str, guest: Api) -> None:
    zone, on, between, begin, end, count = HOURS[case]
    day = date.fromisoformat(on)
    opens, closes = (time.fromisoformat(text) for text in between.split("–"))
    venue = lot(zone)
    Opening.objects.create(venue=venue, date=day, opens=opens, closes=closes)
    window = Window(z(begin), z(end)) if begin else None
    found = hours.windows(venue.openings.all(), ZoneInfo(zone), day, day)
    assert found == ([window] if window else [])
    starts = [one.start for one in hours.slots(window, HALF_HOUR, ZoneInfo(zone))] if window else []
    assert len(starts) == int(count)
    free = [(told(start), told(start + HALF_HOUR), "free") for start in starts]
    assert slots(guest, venue, date=on, days=2) == free
    assert calendar(guest, venue, day) == by_local_day(starts, zone, day)
    if starts:
        book_the_ends(guest, venue, starts)
        taken = [one[2] for one in slots(guest, venue, date=on, days=2)]
        assert taken == ["taken", *["free"] * (len(starts) - 2), "taken"]
    else:
        problem(book_slot(guest, venue, z(f"{on} 01:00")), 409, "closed")


def by_local_day(starts: list[datetime], zone: str, day: date) -> dict[str, int]:
    """How many begin on each local day of that month."""
    days = [start.astimezone(ZoneInfo(zone)).date() for start in starts]
    return {one.isoformat(): days.count(one) for one in days if one.month == day.month}


def book_the_ends(guest: Api, venue: Venue, starts: list[datetime]) -> None:
    """The first and the last can be had, and what lies beside them cannot."""
    for start in (starts[0] - HALF_HOUR, starts[-1] + HALF_HOUR):
        problem(book_slot(guest, venue, start), 409, "closed")
    for start in {starts[0], starts[-1]}:
        made = book_slot(guest, venue, start)
        assert made.status_code == 201, made.content
        said = made.json()
        assert (said["starts_at"], said["ends_at"]) == (told(start), told(start + HALF_HOUR))
        assert said["time_zone"] == venue.time_zone


@pytest.mark.parametrize("case", NIGHTS)
def test_nights(case: str, guest: Api) -> None:
    zone, check_in, check_out, clocks, begin, end, length = NIGHTS[case]
    arrive, leave = (time.fromisoformat(text.strip()) for text in clocks.split(","))
    venue = hotel(zone, check_in_time=arrive, check_out_time=leave)
    day = date.fromisoformat(check_in)
    night = hours.nights(day, date.fromisoformat(check_out), ZoneInfo(zone), arrive, leave)
    assert night == Window(z(begin), z(end))
    assert night.end - night.start == timedelta(hours=float(length))
    assert calendar(guest, venue, day)[check_in] == 1
    assert (told(night.start), told(night.end), "free") in slots(guest, venue, date=check_in)
    made = book(guest, venue, check_in=check_in, check_out=check_out)
    assert made.status_code == 201, made.content
    assert (made.json()["starts_at"], made.json()["ends_at"]) == (told(z(begin)), told(z(end)))
    assert calendar(guest, venue, day)[check_in] == 0
    assert (told(night.start), told(night.end), "taken") in slots(guest, venue, date=check_in)


def hotel(zone: str, **policy: Any) -> Venue:
    """One room that is let to anybody at any time ahead."""
    venue = make_venue("hotel", notice=timedelta(0), horizon=None, **policy)
    venue.time_zone = zone
    venue.save()
    return venue


def hours_of_a_date(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = lot("Europe/Berlin")
    add_hours(venue, time(9), time(10))
    Opening.objects.create(venue=venue, date=date(2027, 3, 2), opens=time(14), closes=time(15))
    Opening.objects.create(venue=venue, date=date(2027, 3, 3))
    found = [start for start, _, _ in slots(guest, venue, date="2027-03-01", days=3)]
    assert [start[:16] for start in found] == [
        "2027-03-01T08:00",
        "2027-03-01T08:30",
        "2027-03-02T13:00",
        "2027-03-02T13:30",
    ]
    assert "2027-03-03" not in calendar(guest, venue, date(2027, 3, 1))
    assert book_slot(guest, venue, z("2027-03-02 13:00")).status_code == 201
    for closed in ("2027-03-02 08:00", "2027-03-03 08:00"):
        problem(book_slot(guest, venue, z(closed)), 409, "closed")


def a_units_own_hours(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = lot("Europe/Berlin")
    unit = venue.resources.get()
    add_hours(venue, time(9), time(10))
    add_hours(venue, time(2), time(4), resource=unit)
    assert [one[0] for one in slots(guest, venue, date=SUNDAY)] == [
        "2027-03-28T01:00:00Z",
        "2027-03-28T01:30:00Z",
    ]
    assert book_slot(guest, venue, z(f"{SUNDAY} 01:30")).status_code == 201
    problem(book_slot(guest, venue, z(f"{SUNDAY} 07:00")), 409, "closed")
    scheduled = lot("Europe/Berlin", unit_schedules=True)
    add_hours(scheduled, time(9), time(10))
    assert slots(guest, scheduled, date=SUNDAY) == []
    problem(book_slot(guest, scheduled, z(f"{SUNDAY} 07:00")), 409, "closed")


def instants_given_for_nights(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = hotel("Australia/Lord_Howe")
    # Saturday, half past nine in the evening there, to Sunday, half past eight in the morning.
    wish = {"starts_at": "2027-10-02T11:00:00Z", "ends_at": "2027-10-02T21:30:00Z"}
    made = book(guest, venue, **wish)
    assert made.status_code == 201, made.content
    said = made.json()["starts_at"], made.json()["ends_at"]
    assert said == ("2027-10-02T04:30:00Z", "2027-10-03T00:00:00Z")


def notice(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = lot("Europe/Berlin", notice=DAY)
    add_hours(venue, time(0), time(0))
    # Noon to noon over the gap is 23 hours, and a day's notice is 24.
    clock.move_to(z("2027-03-27 11:00"))
    problem(book_slot(guest, venue, z("2027-03-28 10:00")), 400, "too_soon")
    clock.move_to(z("2027-03-27 11:00:01"))
    problem(book_slot(guest, venue, z("2027-03-28 11:00")), 400, "too_soon")
    clock.move_to(z("2027-03-27 11:00"))
    assert book_slot(guest, venue, z("2027-03-28 11:00")).status_code == 201


def the_clients_zone(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = lot("Europe/Berlin")
    add_hours(venue, time(12), time(13))
    at_noon = ("2027-03-28T10:00:00Z", "2027-03-28T10:30:00Z", "free")
    assert slots(guest, venue, date=SUNDAY, tz="America/New_York")[0] == at_noon
    # That noon is a Monday's first hour in Kiritimati, fourteen hours ahead.
    assert slots(guest, venue, date="2027-03-29", tz="Pacific/Kiritimati")[0] == at_noon
    shown = slots(guest, venue, date="2027-03-29", tz="Asia/Kathmandu")
    assert [start for start, _, _ in shown] == ["2027-03-29T10:00:00Z", "2027-03-29T10:30:00Z"]


def tonight(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = hotel("Europe/Berlin", last_arrival=timedelta(hours=26))
    dates = {"check_in": "2027-03-27", "check_out": SUNDAY}
    # Two in the night, which the clocks skip, is where the gap ends.
    clock.move_to(z("2027-03-28 01:00"))
    problem(book(guest, venue, **dates), 400, "too_soon")
    clock.move_to(z("2027-03-28 00:59:59"))
    made = book(guest, venue, **dates)
    assert made.status_code == 201, made.content
    assert made.json()["starts_at"] == "2027-03-27T14:00:00Z"
    policy = guest.get(f"/venues/{venue.slug}").json()["policy"]
    assert policy["last_arrival"] == "26:00"


def a_start_a_moment_ago(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = lot("Europe/Berlin")
    add_hours(venue, time(9), time(10))
    clock.move_to(z(f"{SUNDAY} 07:01"))
    problem(book_slot(guest, venue, z(f"{SUNDAY} 07:00")), 400, "too_soon")
    clock.move_to(z(f"{SUNDAY} 07:00:59"))
    assert book_slot(guest, venue, z(f"{SUNDAY} 07:00")).status_code == 201


def buffers(guest: Api, clock: FrozenDateTimeFactory) -> None:
    minutes = {"buffer_before": timedelta(minutes=30), "buffer_after": timedelta(minutes=10)}
    venue = lot("Europe/Berlin", **minutes)
    add_hours(venue, time(9), time(12))
    # The first is prepared within the hours, so that nothing is sold from nine.
    assert slots(guest, venue, date=SUNDAY)[0][0] == f"{SUNDAY}T07:30:00Z"
    assert book_slot(guest, venue, z(f"{SUNDAY} 07:30")).status_code == 201
    problem(book_slot(guest, venue, z(f"{SUNDAY} 08:00")), 409, "taken")
    assert book_slot(guest, venue, z(f"{SUNDAY} 08:30")).status_code == 201


def a_change_that_keeps_the_start(guest: Api, clock: FrozenDateTimeFactory) -> None:
    venue = hotel("Europe/Berlin", confirms_at_once=True)
    venue.policy.notice = 2 * DAY
    venue.policy.save()
    made = book(guest, venue, check_in="2027-03-27", check_out=SUNDAY).json()
    clock.move_to(z("2027-03-27 10:00"))
    path = f"/reservations/{made['id']}"
    longer = guest.patch(path, {"check_out": "2027-03-29"})
    assert longer.status_code == 200, longer.content
    problem(guest.patch(path, {"check_in": "2027-03-28"}), 400, "too_soon")


SHOWN: dict[str, Callable[[Api, FrozenDateTimeFactory], None]] = {
    "hours of a date": hours_of_a_date,
    "a unit's own hours": a_units_own_hours,
    "instants given for nights": instants_given_for_nights,
    "notice": notice,
    "tonight": tonight,
    "a start less than a minute ago": a_start_a_moment_ago,
    "buffers": buffers,
    "a change that keeps the start": a_change_that_keeps_the_start,
    "the client's zone": the_clients_zone,
}


@pytest.mark.parametrize("rule", SHOWN)
def test_rules_beside_clock_changes(rule: str, guest: Api, clock: FrozenDateTimeFactory) -> None:
    SHOWN[rule](guest, clock)


def test_every_rule_of_the_page_is_shown() -> None:
    assert RULES.keys() == SHOWN.keys()
