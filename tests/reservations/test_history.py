"""A hotel's history, read from a file and played through the engine's own verbs."""

import csv
import gzip
import io
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from reservations.models import Event, Reservation
from reservations.replay import history
from reservations.status import Status
from tests.reservations.facts import overlaps
from venues.models import Venue

pytestmark = pytest.mark.django_db

COLUMNS = {
    "arrival_date_year": "2016",
    "arrival_date_month": "July",
    "arrival_date_day_of_month": "1",
    "stays_in_weekend_nights": "0",
    "stays_in_week_nights": "1",
    "adults": "2",
    "children": "0",
    "babies": "0",
    "reserved_room_type": "H",
    "lead_time": "10",
    "reservation_status": "Check-Out",
    "reservation_status_date": "2016-07-02",
    "adr": "100.0",
}


def stay(
    day: int, nights: int = 1, *, lead: int = 10, gone: str = "", **given: str
) -> dict[str, str]:
    """A row for nights from a day of July 2016, made `lead` days before, given up on `gone`."""
    row = COLUMNS | {
        "arrival_date_day_of_month": str(day),
        "stays_in_week_nights": str(nights),
        "lead_time": str(lead),
    }
    if gone:
        row |= {"reservation_status": "Canceled", "reservation_status_date": gone}
    return row | given


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bookings.csv"


def write(path: Path, *rows: dict[str, str]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    raw = text.getvalue().encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def replay(path: Path, *units: str, **options: Any) -> dict[str, Any]:
    """What the command's last line says."""
    said = io.StringIO()
    named = [f"--units={one}" for one in units or ("H=1",)]
    call_command("replay", path, *named, json=True, stdout=said, **options)
    facts: dict[str, Any] = json.loads(said.getvalue().splitlines()[-1])
    return facts


def counts(facts: dict[str, Any]) -> tuple[int, int, int]:
    return facts["accepted"], facts["refused"], facts["invalid"]


def test_nights_that_are_taken_are_refused(path: Path) -> None:
    facts = replay(write(path, stay(1, 3), stay(2), stay(4)))
    assert counts(facts) == (2, 1, 0)
    assert facts["by_category"] == {"H": {"accepted": 2, "refused": 1}}
    assert list(overlaps()) == []


def test_bookings_are_played_in_the_order_they_were_made(path: Path) -> None:
    replay(write(path, stay(1, lead=1), stay(1, lead=50)))
    first = Event.objects.get(name="reservation.created")
    assert first.at.date() == date(2016, 5, 11)


def test_a_cancellation_frees_its_nights_from_its_date_on(path: Path) -> None:
    rows = [
        stay(5, lead=20, gone="2016-06-25"),
        stay(5, lead=11),
        stay(5, lead=10),
    ]
    # The second comes the day before the first is given up, the third on that very day.
    facts = replay(write(path, *rows))
    assert counts(facts) == (2, 1, 0)
    assert facts["cancelled"] == 1


def test_on_one_date_older_bookings_are_given_up_first_and_those_of_the_date_last(
    path: Path,
) -> None:
    older = stay(5, lead=20, gone="2016-06-25")
    same_day = stay(5, lead=10, gone="2016-06-25")
    after = stay(5, lead=10)
    facts = replay(write(path, older, same_day, after))
    assert counts(facts) == (2, 1, 0)
    assert facts["cancelled"] == 2


def test_the_cancellation_of_a_refused_booking_is_ignored(path: Path) -> None:
    facts = replay(write(path, stay(1, lead=20), stay(1, lead=10, gone="2016-06-28")))
    assert (counts(facts), facts["cancelled"]) == ((1, 1, 0), 0)


def test_who_never_came_kept_the_nights(path: Path) -> None:
    facts = replay(write(path, stay(1, 2, reservation_status="No-Show"), stay(2, lead=0, adr="80")))
    assert counts(facts) == (1, 1, 0)


@pytest.mark.parametrize(
    ("given", "reasons"),
    [
        ({"stays_in_week_nights": "0"}, {"no_nights": 1}),
        ({"adults": "0"}, {"no_guests": 1}),
        ({"adults": "NA", "children": "NULL", "babies": ""}, {"no_guests": 1}),
        ({"adr": "-6.38"}, {"negative_price": 1}),
        ({"stays_in_week_nights": "0", "adults": "0"}, {"no_nights": 1, "no_guests": 1}),
    ],
)
def test_rows_that_make_no_sense_are_counted_apart(
    path: Path, given: dict[str, str], reasons: dict[str, int]
) -> None:
    facts = replay(write(path, stay(1) | given, stay(1)))
    assert counts(facts) == (1, 0, 1)
    assert facts["reasons"] == reasons


def test_guests_are_counted_however_the_file_writes_numbers(path: Path) -> None:
    replay(write(path, stay(1, adults="1", children="2.0", babies="NA")))
    assert Reservation.objects.get().guest_count == 3


def test_no_party_is_too_large_and_no_stay_too_long_or_too_far(path: Path) -> None:
    rows = [stay(1, 69, lead=737, adults="55"), stay(1, lead=0)]
    assert counts(replay(write(path, *rows), "H=2")) == (2, 0, 0)


def test_only_the_types_that_are_named_are_played(path: Path) -> None:
    rows = [stay(1), stay(1, reserved_room_type="G"), stay(1, reserved_room_type="L", adr="-1")]
    facts = replay(write(path, *rows), "H=1", "G=2")
    assert (facts["rows"], counts(facts)) == (2, (2, 0, 0))
    assert set(facts["by_category"]) == {"G", "H"}


def test_a_gzipped_file_is_the_same_file(path: Path) -> None:
    rows = [stay(1, 2), stay(2)]
    plain = replay(write(path, *rows))
    packed = replay(write(path.with_suffix(".csv.gz"), *rows))
    assert counts(plain) == counts(packed) == (1, 1, 0)


def test_the_peak_night_is_the_first_with_most_rooms(path: Path) -> None:
    rows = [stay(1, 3), stay(2, 1), stay(2, 3), stay(9, lead=9, gone="2016-07-01")]
    facts = replay(write(path, *rows), "H=3")
    assert facts["peak_night"] == {"date": "2016-07-02", "rooms": 3}
    assert facts["seconds"] >= 0


def test_without_a_booking_there_is_no_peak() -> None:
    hotel = history.make_hotel(slug="empty", units={"H": 1}, time_zone="UTC")
    assert history.peak_night(hotel) == (None, 0)


def test_the_hotel_is_kept_and_a_second_one_is_its_own(path: Path) -> None:
    write(path, stay(1))
    assert [replay(path)["venue"] for _ in range(2)] == ["replay", "replay-2"]
    assert replay(path, venue="resort")["venue"] == "resort"
    hotel = Venue.objects.get(slug="replay")
    assert hotel.resources.count() == 1
    assert hotel.policy.confirms_at_once


def test_the_clock_stands_at_midnight_of_the_hotel(path: Path) -> None:
    never_came = stay(1, lead=1, reservation_status="No-Show")
    replay(write(path, never_came), time_zone="Asia/Tokyo")
    row = Reservation.objects.get()
    assert row.created_at.isoformat() == "2016-06-29T15:00:00+00:00"
    assert row.status_at(row.created_at) is Status.UPCOMING


def test_in_words_for_people(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = io.StringIO()
    call_command("replay", write(path, stay(1), stay(1)), units=["H=1"], stdout=said)
    assert "2 rows: 1 accepted, 1 refused, 0 invalid (none)" in said.getvalue()
    assert not said.getvalue().splitlines()[-1].startswith("{")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("arrival_date_month", "Juli"),
        ("arrival_date_day_of_month", "32"),
        ("lead_time", ""),
        ("adr", "cheap"),
        ("adults", "two"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(path: Path, column: str, value: str) -> None:
    with pytest.raises(CommandError, match="row 2 cannot be read"):
        replay(write(path, stay(1), stay(2) | {column: value}))
    assert not Venue.objects.exists()


def test_a_file_that_is_none_is_told_in_one_line(path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be played"):
        replay(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="these columns are missing"):
        replay(path)
    packed = path.with_suffix(".gz")
    packed.write_bytes(b"not gzip at all")
    with pytest.raises(CommandError, match="cannot be played"):
        replay(packed)


def test_a_file_without_the_types_named_is_told(path: Path) -> None:
    with pytest.raises(CommandError, match="no bookings of P"):
        replay(write(path, stay(1)), "P=1")


def of_two_hotels(path: Path) -> Path:
    path.write_text(
        "\n".join(
            [",".join(["hotel", *COLUMNS])]
            + [
                ",".join([hotel, *stay(1, reserved_room_type=kind).values()])
                for hotel, kind in (("City", "A"), ("Resort", "A"), ("Resort", "H"))
            ]
        )
    )
    return path


def test_the_bookings_of_two_hotels_are_not_mixed(path: Path) -> None:
    of_two_hotels(path)
    with pytest.raises(CommandError, match="Choose one with --hotel"):
        replay(path, "A=2")
    assert counts(replay(path, "A=2", hotel="City")) == (1, 0, 0)
    assert counts(replay(path, "A=2", "H=1", hotel="Resort")) == (2, 0, 0)
    with pytest.raises(CommandError, match="only of City, Resort"):
        replay(path, "A=2", hotel="Hilton")
    # A type that one of them alone has tells which is meant.
    assert counts(replay(path, "H=1")) == (1, 0, 0)


@pytest.mark.parametrize("units", ["H", "H=", "H=0", "H=10001", "H=-1", "=4", "H=four", "H=1=2"])
def test_units_that_cannot_be_are_told(path: Path, units: str) -> None:
    with pytest.raises(CommandError, match="TYPE=COUNT"):
        replay(write(path, stay(1)), units)


def test_a_type_given_twice_and_an_unknown_zone_are_told(path: Path) -> None:
    write(path, stay(1))
    with pytest.raises(CommandError, match="twice"):
        replay(path, "H=1", "H=2")
    with pytest.raises(CommandError, match="not an IANA time zone"):
        replay(path, time_zone="Mars/Olympus")


@pytest.mark.skipif("HOTEL_BOOKINGS" not in os.environ, reason="HOTEL_BOOKINGS names no file")
@pytest.mark.parametrize(("units", "refused"), [(5, 0), (4, 2), (3, 19), (2, 153), (1, 348)])
def test_a_real_hotel_refuses_only_full_nights(units: int, refused: int) -> None:
    facts = replay(Path(os.environ["HOTEL_BOOKINGS"]), f"H={units}")
    assert facts["refused"] == refused
    assert facts["accepted"] + facts["refused"] == 597
    assert list(overlaps()) == []
