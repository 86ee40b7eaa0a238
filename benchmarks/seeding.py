"""Fills a database for the benchmarks: one venue, and a year of it sold."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.plan import SLUG, UNITS, period
from guests import keys
from guests.models import Partner
from venues import presets
from venues.models import Category, Policy, Rate, Resource

SEED = Path(__file__).parent / "sql" / "seed.sql"


def fill(rows: int, *, stay: int, is_lapsed: bool) -> None:
    """One venue with 500 like units, and `rows` stays (in minutes) over the year ahead.

    They are confirmed, or else holds that have lapsed a minute ago.
    """
    venue, category, first_unit = _make_venue()
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {
        "rows": rows,
        "units": UNITS,
        "first_unit": first_unit,
        "venue": venue,
        "category": category,
        "base": midnight + timedelta(days=1),
        "confirmed_at": None if is_lapsed else midnight,
        "lapses_at": now - timedelta(minutes=1) if is_lapsed else None,
        "stay": timedelta(minutes=stay),
        "period": timedelta(minutes=period(rows, UNITS)),
    }
    # The URL's time limits are for requests.
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in SEED.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)
        cursor.execute("VACUUM (ANALYZE)")


def issue_key() -> str:
    """A partner's key that may book at the venue."""
    scopes = ["reservations:read", "reservations:write", "venues:read"]
    partner, _ = Partner.objects.get_or_create(
        slug="bench", defaults={"name": "Bench", "scopes": scopes, "has_all_venues": True}
    )
    return keys.issue(partner, by=None)[1]


def _make_venue() -> tuple[int, int, int]:
    """Ids of the venue, its category and the first of its units, which follow on one another."""
    policy = {
        "confirms_at_once": False,
        "unit_choice": Policy.UnitChoice.GUEST,
        "horizon": None,
        "hold_time": timedelta(days=1),
        "releases_no_shows": False,
    }
    venue = presets.create_venue(slug=SLUG, name="Bench", kind="parking", policy=policy)
    category = Category.objects.create(venue=venue, code="standard", name="Standard")
    Rate.objects.create(venue=venue, category=category, unit=Rate.Unit.HOUR, amount_minor=1_000)
    units = Resource.objects.bulk_create(
        Resource(venue=venue, category=category, name=str(number), capacity=4, floor=1)
        for number in range(1, UNITS + 1)
    )
    return venue.pk, category.pk, units[0].pk
