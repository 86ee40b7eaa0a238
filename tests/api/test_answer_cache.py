"""Answers that are remembered: never past a commit, a lapse, a start that passes, ten seconds."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests.models import Favourite
from reservations import actions, clock, sweeps
from reservations.availability import answer_cache
from reservations.inventory import closures
from reservations.models import Allocation, Event
from reservations.requests import Change, Times
from tests.api.calling import Api, anonymous, person
from tests.api.conftest import TODAY
from tests.factories import DESK, add_hours, hold, make_venue
from tests.guests.factories import UserFactory
from venues.hours import Window
from venues.models import Opening, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seconds_past")]

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

CALLS = {
    "slots": "/venues/{slug}/slots?date=2027-02-01",
    "calendar": "/venues/{slug}/calendar?month=2027-02",
    "occupancy": (
        "/venues/{slug}/occupancy?starts_at=2027-02-01T00:00:00Z&ends_at=2027-02-02T00:00:00Z"
    ),
    "stats": "/venues/{slug}/stats?starts_at=2027-02-01T00:00:00Z&ends_at=2027-02-02T00:00:00Z",
    "search": "/venues?date=2027-02-01",
}


@pytest.fixture
def seconds_past(clock: FrozenDateTimeFactory) -> None:
    """On a whole minute nothing is remembered, as a start just now is past in a moment."""
    clock.move_to(TODAY + 17 * SECOND)


@pytest.fixture
def bistro() -> Venue:
    """One table, from noon to four; it is nine in the morning."""
    venue = make_venue("restaurant")
    add_hours(venue, time(12), time(16))
    return venue


def asked(name: str, venue: Venue, caller: Api | None = None) -> Any:
    answer = (caller or anonymous()).get(CALLS[name].format(slug=venue.slug))
    assert answer.status_code == 200, answer.content
    return answer.json()


def free(venue: Venue) -> list[str]:
    """When the free slots of the day start."""
    items = asked("slots", venue)["items"]
    return [item["starts_at"][11:19] for item in items if item["state"] == "free"]


def noon(venue: Venue) -> Any:
    return hold(venue, TODAY + 3 * HOUR)


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_is_worked_out_once(name: str, bistro: Venue) -> None:
    noon(bistro)
    before = asked(name, bistro)
    with CaptureQueriesContext(connection) as queries:
        assert asked(name, bistro) == before
    taken = [query for query in queries if "reservations_allocation" in query["sql"]]
    assert taken == []
    # The venue, or the venues that are searched; and whether anything has changed.
    assert len(queries) == 2


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_is_never_older_than_the_last_commit(name: str, bistro: Venue) -> None:
    seen = [asked(name, bistro)]
    row = noon(bistro)
    actions.confirm(reservation_id=row.pk, by=DESK)
    seen.append(asked(name, bistro))
    assert seen[0] != seen[1]
    actions.cancel(reservation_id=row.pk, by=DESK)
    again = asked(name, bistro)
    assert again != seen[1]
    assert again == seen[0]


def test_every_verb_that_changes_taken_time_is_seen_at_once(bistro: Venue) -> None:
    seen = [free(bistro)]
    row = noon(bistro)
    seen.append(free(bistro))
    actions.confirm(reservation_id=row.pk, by=DESK)
    later = Times(starts_at=TODAY + 5 * HOUR, ends_at=TODAY + 7 * HOUR)
    actions.modify(reservation_id=row.pk, change=Change(times=later), by=DESK)
    seen.append(free(bistro))
    ids = list(bistro.resources.values_list("pk", flat=True))
    window = Window(TODAY + 2 * HOUR, TODAY + 4 * HOUR)
    closed = closures.close(
        venue_id=bistro.pk, resource_ids=ids, window=window, reason="paint", by=DESK
    )
    seen.append(free(bistro))
    closures.reopen(closure_id=closed, by=DESK)
    actions.cancel(reservation_id=row.pk, by=DESK)
    seen.append(free(bistro))
    assert [len(starts) for starts in seen] == [9, 0, 0, 0, 9]


def test_what_the_worker_does_is_seen_at_once(bistro: Venue, clock: FrozenDateTimeFactory) -> None:
    row = noon(bistro)
    assert row.hold_expires_at
    clock.move_to(row.hold_expires_at + SECOND)
    before = free(bistro)
    sweeps.expire_holds()
    assert free(bistro) == before != []


def test_a_hold_that_lapses_ends_the_answer_at_that_instant(
    bistro: Venue, clock: FrozenDateTimeFactory
) -> None:
    row = noon(bistro)
    assert row.hold_expires_at
    seen = []
    for ahead in (5 * SECOND, SECOND, 0 * SECOND):
        clock.move_to(row.hold_expires_at - ahead)
        seen.append(bool(free(bistro)))
    assert seen == [False, False, True]


def test_a_guest_who_does_not_come_ends_the_answer_at_that_instant(
    bistro: Venue, clock: FrozenDateTimeFactory
) -> None:
    row = noon(bistro)
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert row.no_show_at
    seen = []
    for ahead in (5 * SECOND, SECOND, 0 * SECOND):
        clock.move_to(row.no_show_at - ahead)
        seen.append("12:30:00" in free(bistro))
    assert seen == [False, False, True]


def test_a_start_that_passes_ends_the_answer(bistro: Venue, clock: FrozenDateTimeFactory) -> None:
    seen = []
    for at in (-5 * SECOND, 0 * SECOND, 59 * SECOND, 60 * SECOND):
        clock.move_to(TODAY + 3 * HOUR + at)
        seen.append("12:00:00" in free(bistro))
    # A start within this very minute may still be booked.
    assert seen == [True, True, True, False]


def test_a_notice_in_seconds_is_not_remembered(clock: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", notice=30 * SECOND)
    add_hours(venue, time(12), time(16))
    seen = []
    for at in (-SECOND, 0 * SECOND, SECOND):
        clock.move_to(TODAY + 3 * HOUR - 30 * SECOND + at)
        seen.append("12:00:00" in free(venue))
    assert seen == [True, True, False]


def test_hours_that_begin_between_minutes_are_not_remembered(
    clock: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("restaurant")
    add_hours(venue, time(12, 0, 30), time(16))
    seen = []
    for at in (-SECOND, 59 * SECOND, 60 * SECOND):
        clock.move_to(TODAY + 3 * HOUR + 30 * SECOND + at)
        seen.append("12:00:30" in free(venue))
    assert seen == [True, True, False]


def test_what_a_venue_sells_by_ends_the_answer_when_it_changes(bistro: Venue) -> None:
    assert free(bistro)
    Opening.objects.create(venue=bistro, date=date(2027, 2, 1))
    assert free(bistro) == []


def test_no_answer_is_kept_for_more_than_ten_seconds(
    bistro: Venue, clock: FrozenDateTimeFactory
) -> None:
    noon(bistro)
    before = free(bistro)
    # Behind everybody's back, as nothing in the product writes.
    Allocation.objects.update(is_live=False)
    seen = []
    for at in (9 * SECOND, 10 * SECOND):
        clock.move_to(TODAY + 17 * SECOND + at)
        seen.append(free(bistro) == before)
    assert seen == [True, False]


def remembered(venue: Venue, work_out: Callable[[], int]) -> int:
    return answer_cache.one("how many", venue, now=clock.now(), work_out=work_out)


def test_what_changes_while_the_answer_is_worked_out_makes_it_an_old_one(bistro: Venue) -> None:
    def work_out() -> int:
        found = Allocation.objects.count()
        if not found:
            noon(bistro)
        return found

    assert [remembered(bistro, work_out) for _ in range(3)] == [0, 1, 1]


def test_a_commit_that_comes_late_is_seen_though_its_event_is_older(bistro: Venue) -> None:
    answers = iter(range(9))
    assert remembered(bistro, lambda: next(answers)) == 0
    assert remembered(bistro, lambda: next(answers)) == 0
    at = clock.now() - 30 * SECOND
    Event.objects.create(
        venue=bistro, name="closure.made", at=at, recorded_at=at, by="x", by_kind="system"
    )
    assert remembered(bistro, lambda: next(answers)) == 1


def test_what_happens_at_another_venue_is_none_of_its_business(bistro: Venue) -> None:
    answers = iter(range(9))
    assert remembered(bistro, lambda: next(answers)) == 0
    noon(make_venue("restaurant"))
    assert remembered(bistro, lambda: next(answers)) == 0


def test_a_venue_where_too_much_happens_is_read_each_time(
    bistro: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_cache, "BUSIEST", 1)
    answers = iter(range(9))
    actions.confirm(reservation_id=noon(bistro).pk, by=DESK)
    assert [remembered(bistro, lambda: next(answers)) for _ in range(2)] == [0, 1]


def test_a_large_answer_is_not_kept(bistro: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_cache, "LARGEST", 10)
    free(bistro)
    with CaptureQueriesContext(connection) as queries:
        free(bistro)
    assert any("reservations_allocation" in query["sql"] for query in queries)


@pytest.mark.parametrize("ignores", [True, False])
def test_without_the_cache_answers_are_right_all_the_same(
    bistro: Venue, settings: Settings, ignores: bool
) -> None:
    settings.CACHES = settings.CACHES | {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.2, "IGNORE_EXCEPTIONS": ignores},
        }
    }
    whole = free(bistro)
    row = noon(bistro)
    assert free(bistro) != whole
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert free(bistro) == whole


def test_what_is_personal_is_told_to_nobody_else(bistro: Venue) -> None:
    user = UserFactory.create()
    Favourite.objects.create(user=user, venue=bistro)
    for _ in range(2):
        assert asked("search", bistro, person(user))["items"][0]["favourite"] is True
        assert "favourite" not in asked("search", bistro)["items"][0]
        assert asked("search", bistro, person(UserFactory.create()))["items"][0]["favourite"] is (
            False
        )


def test_questions_are_told_apart(bistro: Venue) -> None:
    path = f"/venues/{bistro.slug}/slots"
    days = [
        len(anonymous().get(path, {"date": "2027-02-01", "days": days}).json()["items"])
        for days in (1, 2, 1, 2)
    ]
    assert days == [days[0], 2 * days[0]] * 2


def test_booking_does_not_ask_what_is_remembered(
    bistro: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("asked")

    for name in ("_ask", "_set"):
        monkeypatch.setattr(answer_cache, name, never)
    assert noon(bistro)
