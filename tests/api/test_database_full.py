"""No room in the database's file: 503 for whoever writes, nothing half written, and it passes."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from reservations.models import Allocation, Event, Reservation, StoredAnswer
from tests.api.calling import CONTACT, Api, problem
from tests.factories import make_venue
from venues.models import Venue

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]


@contextmanager
def no_room() -> Iterator[None]:
    """The file has the pages that it has, none of them left free by what was there before."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        (most,) = cursor.execute("PRAGMA max_page_count").fetchone()
        (used,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {used}")
        yield
        cursor.execute(f"PRAGMA max_page_count = {most}")


def counts() -> set[int]:
    """How many there are of each thing that a booking writes once."""
    created = Event.objects.filter(name="reservation.created")
    return {
        Reservation.objects.count(),
        Allocation.objects.count(),
        StoredAnswer.objects.count(),
        created.count(),
    }


def test_what_does_not_fit_is_refused_whole_and_made_once_there_is_room(guest: Api) -> None:
    venue = make_venue("parking", units=3, unit_choice="venue")
    keys = (f"key {number}" for number in itertools.count())
    with no_room():
        answers = [guest.post("/reservations", wish(venue, 0), Idempotency_Key=next(keys))]
        while answers[-1].status_code == 201:
            later = wish(venue, len(answers))
            answers.append(guest.post("/reservations", later, Idempotency_Key=next(keys)))
        problem(answers[-1], 503, "unavailable")
        assert int(answers[-1]["Retry-After"]) > 0
        assert guest.get("/venues").status_code == 200
        assert counts() == {len(answers) - 1}
    repeated = guest.post(
        "/reservations",
        wish(venue, len(answers) - 1),
        Idempotency_Key=f"key {len(answers) - 1}",
    )
    assert repeated.status_code == 201
    assert counts() == {len(answers)}


def wish(venue: Venue, day: int) -> dict[str, Any]:
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1 + day)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=2)).isoformat()}
    return {"venue": venue.slug, "guest_count": 1, "remarks": "x" * 500} | times | CONTACT
