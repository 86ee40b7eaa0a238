"""The calendar file of a reservation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from icalendar import Calendar

from tests.factories import make_venue
from tests.web.browsing import book
from venues.models import Venue

pytestmark = pytest.mark.django_db


def read(client: Client, code: str) -> tuple[Any, Any]:
    answer = client.get(f"/reservations/{code}/calendar.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="{code}.ics"'
    calendar = Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_it_tells_the_instants_in_utc_whatever_the_zone(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    venue = make_venue("hotel")
    Venue.objects.filter(pk=venue.pk).update(
        time_zone="Asia/Tokyo", address="1 Bay, Pier 2", name="Bay; Inn"
    )
    row = book(client, venue, "check_in=2027-03-03&check_out=2027-03-05&category=standard")
    calendar, event = read(client, row.code)
    assert event["DTSTART"].dt == datetime(2027, 3, 3, 6, tzinfo=UTC)
    assert event["DTEND"].dt == datetime(2027, 3, 5, 2, tzinfo=UTC)
    assert b"DTSTART:20270303T060000Z" in calendar.to_ical()
    assert (event["STATUS"], calendar["METHOD"]) == ("TENTATIVE", "PUBLISH")
    assert event["UID"] == f"{row.code}@holdfast"
    assert event["LOCATION"] == "Bay; Inn, 1 Bay, Pier 2"
    assert event["URL"] == f"http://testserver/reservations/{row.code}/"


def test_later_versions_replace_it_and_cancelling_takes_it_out(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    row = book(client, make_venue("restaurant"))
    _, held = read(client, row.code)
    client.post(f"/reservations/{row.code}/confirm/")
    _, confirmed = read(client, row.code)
    freezer.tick(timedelta(minutes=2))
    client.post(f"/reservations/{row.code}/cancel/")
    calendar, cancelled = read(client, row.code)
    assert [one["STATUS"] for one in (held, confirmed, cancelled)] == [
        "TENTATIVE",
        "CONFIRMED",
        "CANCELLED",
    ]
    assert calendar["METHOD"] == "CANCEL"
    versions = [one["SEQUENCE"] for one in (held, confirmed, cancelled)]
    assert versions == sorted(set(versions))
    assert len({one["UID"] for one in (held, confirmed, cancelled)}) == 1


def test_a_hold_that_lapsed_is_cancelled_in_calendars(
    client: Client, freezer: FrozenDateTimeFactory
) -> None:
    row = book(client, make_venue("restaurant"))
    freezer.tick(timedelta(minutes=11))
    assert read(client, row.code)[1]["STATUS"] == "CANCELLED"
