"""Pages of a venue whose units have prices of their own: found, offered and booked by name."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client
from freezegun import freeze_time

from tests.factories import NOON, add_hours, make_venue
from venues.models import Rate, Venue

pytestmark = pytest.mark.django_db

DAY = date(2027, 3, 4)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    with freeze_time(NOON):
        yield


def priced(kind: str, unit: Rate.Unit, **policy: Any) -> Venue:
    """A venue with one unit, which has a price of 90.00 of its own."""
    venue = make_venue(kind, units=1, notice=timedelta(0), **policy)
    (one,) = venue.resources.all()
    of = {"venue": venue, "category": one.category, "resource": one, "unit": unit}
    Rate.objects.create(**of, amount_minor=9_000)
    return venue


def test_a_room_with_a_price_of_its_own_is_offered_and_can_be_booked(client: Client) -> None:
    venue = priced("hotel", Rate.Unit.NIGHT)
    (room,) = venue.resources.all()
    stay = f"check_in={DAY}&check_out={DAY + timedelta(days=1)}&guests=1"
    shown = client.get(f"/venues/{venue.slug}/?{stay}").content.decode()
    assert f"resource={room.pk}" in shown
    assert "€90" in shown
    form = client.get(f"/venues/{venue.slug}/book/?{stay}&resource={room.pk}")
    assert form.status_code == 200
    assert b"This time is taken" not in form.content


def test_the_search_shows_times_of_priced_providers(client: Client) -> None:
    venue = priced("practice", Rate.Unit.FLAT)
    (provider,) = venue.resources.all()
    add_hours(venue, time(9), time(17), resource=provider)
    assert f"resource={provider.pk}" in client.get("/").content.decode()
    (found,) = client.get("/api/v1/venues").json()["items"]
    assert {slot["resource"]["id"] for slot in found["open_slots"]} == {str(provider.pk)}


def test_a_spot_with_a_price_of_its_own_is_picked_in_the_picture(client: Client) -> None:
    venue = priced("parking", Rate.Unit.HOUR, unit_choice="guest")
    (spot,) = venue.resources.all()
    asked = f"from_date={DAY}&from_time=10:00&until_date={DAY}&until_time=12:00"
    shown = client.get(f"/venues/{venue.slug}/plan/?{asked}").content.decode()
    assert f"resource={spot.pk}" in shown
    assert "€180" in shown
