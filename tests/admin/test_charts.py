"""The charts say what happened, in bars and in a table, on the venue's own days."""

import io
import re
from datetime import date, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from desk.charts import figures
from reservations import actions, records
from reservations.models import Reservation
from reservations.requests import Times
from tests.admin.browsing import text_of
from tests.factories import DESK, NOON, hold, make_venue
from venues import time_zones
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

DAY = timedelta(days=1)


@pytest.fixture
def hotel(db: None, frozen: FrozenDateTimeFactory) -> Venue:
    """Four rooms: a stay of two nights that came, one that did not, one cancelled, one held."""
    made = make_venue("hotel", units=4)
    frozen.move_to(NOON - 10 * DAY)
    for name, nights in (("Came", 2), ("Missed", 1), ("Cancelled", 1), ("Held", 1)):
        begin = date(2027, 3, 2)
        row = hold(made, times=Times(check_in=begin, check_out=begin + nights * DAY))
        Reservation.objects.filter(pk=row.pk).update(last_name=name)
        if name != "Held":
            actions.confirm(reservation_id=row.pk, by=DESK)
        if name == "Cancelled":
            actions.cancel(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + DAY + timedelta(hours=3))
    actions.check_in(reservation_id=Reservation.objects.get(last_name="Came").pk, by=DESK)
    frozen.move_to(NOON + 3 * DAY)
    return made


def tables(page: str) -> dict[str, dict[str, str]]:
    """Of each chart its table: label and value."""
    found = re.findall(r'<figure class="chart chart-(\w+)">(.*?)</figure>', page, re.DOTALL)
    return {
        name: dict(re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', body))
        for name, body in found
    }


def test_the_charts_tell_what_happened(boss: Client, hotel: Venue) -> None:
    page = text_of(
        boss.get(
            "/admin/charts/", {"venue": str(hotel.pk), "from": "2027-03-01", "to": "2027-03-04"}
        )
    )
    told = tables(page)
    assert told["full"] == {"Mon 1 Mar": "0%", "Tue 2 Mar": "50%", "Wed 3 Mar": "25%",
                            "Thu 4 Mar": "0%"}  # fmt: skip
    assert told["revenue"]["Tue 2 Mar"] == "EUR 30.00"
    assert told["missed"]["Tue 2 Mar"] == "1 of 2 (50%)"
    assert told["lead"] == {"same day": "0 of 2 (0%)", "1–2 days": "0 of 2 (0%)",
                            "3–7 days": "0 of 2 (0%)", "8–30 days": "2 of 2 (100%)",
                            "more than 30 days": "0 of 2 (0%)"}  # fmt: skip
    assert page.count('role="img" aria-label="') == 4 and "style=" not in page


def test_the_day_of_a_stay_is_that_of_our_own_zone_rules(
    hotel: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = time_zones.named
    # As if Amsterdam had moved to the other side of the world, by a newer tzdata.
    raw = (files("tzdata") / "zoneinfo" / "Pacific" / "Kiritimati").read_bytes()
    moved = ZoneInfo.from_file(io.BytesIO(raw), key="Europe/Amsterdam")
    Venue.objects.filter(pk=hotel.pk).update(time_zone="Europe/Amsterdam")
    monkeypatch.setattr(
        time_zones, "named", lambda name: moved if name == moved.key else named(name)
    )
    venue = records.load_venue(hotel.pk)
    assert venue.zone is moved
    first = date(2027, 3, 1)
    look = figures.of(venue, first, first + 3 * DAY, now=NOON + 3 * DAY)
    revenue = next(one for one in look.charts if one.name == "revenue")
    # 15:00 UTC on the 2nd is 05:00 on the 3rd there.
    assert [bool(point.value) for point in revenue.points] == [False, False, True, False]


def test_bars_are_as_high_as_their_values(hotel: Venue) -> None:
    told = figures.of(hotel, date(2027, 3, 1), date(2027, 3, 4), now=NOON + 3 * DAY)
    full = {bar.label: bar.height for bar in told.charts[0].bars}
    assert full["Tue 2 Mar"] == 2 * full["Wed 3 Mar"] > full["Mon 1 Mar"] == 0


def test_a_period_is_put_right_and_is_not_endless(boss: Client, hotel: Venue) -> None:
    for query in ({"from": "2027-03-04", "to": "2027-03-01"}, {"from": "x", "to": "y"},
                  {"from": "2000-02-01", "to": "2190-01-01"}):  # fmt: skip
        told = tables(text_of(boss.get("/admin/charts/", {"venue": str(hotel.pk), **query})))
        assert 1 <= len(told["full"]) <= figures.LONGEST


def test_a_venue_with_nothing_has_charts_of_nothing(boss: Client, elsewhere: Venue) -> None:
    elsewhere.resources.all().delete()
    assert boss.get("/admin/charts/", {"venue": elsewhere.pk}).status_code == 200
