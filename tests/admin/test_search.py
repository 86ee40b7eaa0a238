"""The desk's search: what is found, in which order, and that there is more."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reservations.models import Reservation
from reservations.privacy import blanks
from reservations.privacy.rooms import PersonalRows
from tests.factories import NOON, hold
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

NOW = NOON - timedelta(days=1)
HOUR = timedelta(hours=1)


def make(venue: Venue, name: str, starts: timedelta, **facts: Any) -> Reservation:
    row = hold(venue, NOW + timedelta(days=3, hours=2 * Reservation.objects.count()), 2)
    at = NOW + starts
    values = {"starts_at": at, "ends_at": at + 2 * HOUR, "confirmed_at": NOW, "no_show_at": None}
    Reservation.objects.filter(pk=row.pk).update(first_name=name, last_name="Jansen")
    Reservation.objects.filter(pk=row.pk).update(**(values | facts))
    row.refresh_from_db()
    return row


def found(desk: Client, asked: str, **more: Any) -> Any:
    return desk.get(reverse("admin:today"), {"q": asked} | more).context["found"]


def names(page: Any) -> list[str]:
    return [line.reservation.first_name for line in page.rows]


def test_who_is_here_comes_first_then_today_then_the_nearest_then_the_past(
    desk: Client, venue: Venue
) -> None:
    make(venue, "Past", -48 * HOUR, checked_in_at=NOW - 48 * HOUR, checked_out_at=NOW - 46 * HOUR)
    make(venue, "Next month", 700 * HOUR)
    make(venue, "Tomorrow", 40 * HOUR)
    make(venue, "Cancelled", 2 * HOUR, cancelled_at=NOW)
    make(venue, "Today", 3 * HOUR)
    make(venue, "Here", -1 * HOUR, checked_in_at=NOW - HOUR)
    order = ["Here", "Today", "Tomorrow", "Next month", "Cancelled", "Past"]
    assert names(found(desk, "jansen")) == order


def test_a_line_tells_arrival_and_departure(desk: Client, venue: Venue) -> None:
    row = make(venue, "Today", 3 * HOUR)
    (line,) = found(desk, row.code).rows
    for at in (row.starts_at, row.ends_at):
        assert f"{at.astimezone(venue.zone):%H:%M}" in line.when


def test_how_many_there_are_is_said_and_the_next_page_has_the_others(
    desk: Client, venue: Venue
) -> None:
    first = make(venue, "Guest 0", 3 * HOUR)
    for number in range(1, 45):
        row = Reservation.objects.get(pk=first.pk)
        row.pk, row._state.adding = None, True
        row.code, row.first_name = f"CODE{number:06}", f"Guest {number}"
        row.save()
    page = desk.get(reverse("admin:today"), {"q": "jansen"})
    assert "20 of 45" in page.content.decode()
    assert "q=jansen&amp;page=2" in page.content.decode()
    seen = [name for n in (1, 2, 3) for name in names(found(desk, "jansen", page=n))]
    assert len(seen) == len(set(seen)) == 45
    last = found(desk, "jansen", page=3)
    assert (last.first, last.last, last.count, last.next_number) == (41, 45, 45, None)
    for odd in ("0", "-1", "x", "9" * 40, "²"):
        assert found(desk, "jansen", page=odd).count in (0, 45)


@pytest.mark.parametrize("asked", ["jose", "JOSÉ", "muller", "Müller, José", "o'brien", "AB12CD"])
def test_spelling_does_not_hide_anybody(desk: Client, venue: Venue, asked: str) -> None:
    row = make(venue, "José", 3 * HOUR)
    Reservation.objects.filter(pk=row.pk).update(
        first_name="José O’Brien", last_name="Müller", vehicle_plate="AB-12-CD"
    )
    hold(venue)
    assert len(found(desk, asked).rows) == 1


def test_a_blanked_guest_is_found_by_code_alone(desk: Client, venue: Venue) -> None:
    row = make(venue, "Zebedee", 3 * HOUR)
    blanks.blank(PersonalRows(reservation_ids=[row.pk]))
    row.refresh_from_db()
    assert row.search_text == f" {row.code.lower()} "
    assert names(found(desk, "zebedee")) == []
    assert len(found(desk, f"#{row.code}").rows) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM reservations_searched WHERE reservations_searched MATCH %s",
                ['"zeb" AND "ebe"'],
            )
            assert cursor.fetchone()[0] == 0


def test_every_way_to_save_keeps_the_search_text(venue: Venue) -> None:
    row = hold(venue)
    assert row.search_text == row.searched_by() != ""
    assert Reservation.objects.matching(row.last_name).get().pk == row.pk
    row.last_name = "Saved"
    row.save()
    assert Reservation.objects.matching("saved").get().pk == row.pk
    Reservation.objects.filter(pk=row.pk).update(last_name="Updated")
    assert Reservation.objects.matching("updated").get().pk == row.pk
    assert not Reservation.objects.matching("saved").exists()
    Reservation.objects.bulk_create([_copy(row, "Bulk")])
    assert Reservation.objects.matching("bulk").count() == 1


def _copy(row: Reservation, name: str) -> Reservation:
    other = Reservation.objects.get(pk=row.pk)
    other.pk, other._state.adding = None, True
    other.code, other.last_name = "COPYCOPYCO", name
    return other


def test_a_search_reads_the_index(venue: Venue) -> None:
    hold(venue)
    with CaptureQueriesContext(
        connection,
    ) as told:
        list(Reservation.objects.matching("lovelace").of_venue(venue.pk))
    text = told.captured_queries[-1]["sql"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {text}")
            plan = str(cursor.fetchall())
            assert "reservation_of_venue" not in plan
            assert "VIRTUAL TABLE INDEX" in plan
        else:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
            cursor.execute(f"EXPLAIN {text}")
            assert "reservation_searched" in str(cursor.fetchall())
