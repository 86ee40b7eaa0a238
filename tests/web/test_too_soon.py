"""Within the notice: each kind of venue says so before the form, and its page says why."""

from datetime import time, timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from tests.factories import NOON, add_hours, make_venue
from tests.web.browsing import picked, text
from venues import kinds
from venues.models import Venue

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def venue_of(kind: str) -> Venue:
    made = make_venue(kind, units=2, notice=2 * DAY, unit_schedules=False)
    if kind == "practice":
        add_hours(made, time(8), time(18))
    return made


def range_of(venue: Venue) -> str:
    if venue.mode == Venue.Mode.NIGHT:
        return (
            f"check_in={NOON:%Y-%m-%d}&check_out={NOON + DAY:%Y-%m-%d}&category=standard&guests=1"
        )
    hours = {"practice": 0.25}.get(venue.kind, 2)
    return picked(hours=hours)


@pytest.mark.parametrize("kind", kinds.codes())
def test_a_choice_within_the_notice_is_too_soon_before_the_form(
    client: Client, freezer: FrozenDateTimeFactory, kind: str
) -> None:
    freezer.move_to(NOON - DAY)
    venue = venue_of(kind)
    answer = client.get(f"/venues/{venue.slug}/book/?{range_of(venue)}")
    page = text(answer)
    assert answer.status_code == 409
    assert 'data-code="too_soon"' in page and "The earliest is" in page
    assert 'name="first_name"' not in page


@pytest.mark.parametrize("kind", kinds.codes())
def test_the_page_of_such_a_day_says_that_it_is_too_soon(
    client: Client, freezer: FrozenDateTimeFactory, kind: str
) -> None:
    freezer.move_to(NOON - DAY)
    venue = venue_of(kind)
    nights = f"check_in={NOON:%Y-%m-%d}&check_out={NOON + DAY:%Y-%m-%d}&guests=1"
    asked = nights if venue.mode == Venue.Mode.NIGHT else f"date={NOON:%Y-%m-%d}&guests=1"
    page = text(client.get(f"/venues/{venue.slug}/?{asked}"))
    assert "oo soon" in page or "The earliest is" in page
    assert ">Closed<" not in page
