"""What happened is written in the transaction of the change, once, and told after the commit."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoCaptureOnCommitCallbacks

from reservations import actions, events
from reservations.errors import Taken
from reservations.event_types import EVENT_TYPES, MODIFIED, EventType
from reservations.models import Event
from tests.factories import DESK, NOON, hold, make_venue
from tests.reservations.facts import DAY, HOUR, guest, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """What a listener was told, batch by batch."""
    batches: list[list[int]] = []
    monkeypatch.setattr(events, "_listeners", [])
    events.on_recorded(batches.append)
    return batches


def test_a_whole_life_is_told_in_order(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue(confirms_at_once=False, hold_time=2 * DAY))
    actions.confirm(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.tick(HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK)
    assert told(row) == ["created", "confirmed", "checked_in", "checked_out"]


def test_an_event_says_who_did_it_when_and_where() -> None:
    by = guest()
    row = hold(make_venue(), by=by)
    event = Event.objects.filter(reservation=row)[0]
    assert (event.by, event.by_kind) == (f"user:{by.user_id}", "guest")
    assert (event.at, event.recorded_at, event.venue) == (NOON - DAY, NOON - DAY, row.venue)


@pytest.mark.parametrize(
    "kind", [one for one in EVENT_TYPES if one.is_once], ids=lambda kind: kind.name
)
def test_what_can_happen_once_is_written_once(kind: EventType[Any]) -> None:
    row = hold(make_venue())
    Event.objects.all().delete()
    events.record(row, kind({}), at=NOON, by=DESK)
    with pytest.raises(IntegrityError), transaction.atomic():
        events.record(row, kind({}), at=NOON, by=DESK)


def test_what_can_happen_often_is_written_often() -> None:
    row = hold(make_venue())
    for _ in range(2):
        events.record(row, MODIFIED({"changed": {}}), at=NOON, by=DESK)
    assert told(row).count("modified") == 2


def test_listeners_hear_of_it_after_the_commit_and_not_before(
    heard: list[list[int]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        hold(make_venue())
    assert heard == []
    for callback in callbacks:
        callback()
    assert sorted(pk for batch in heard for pk in batch) == sorted(
        Event.objects.values_list("pk", flat=True)
    )


def test_what_was_refused_is_neither_written_nor_told(
    heard: list[list[int]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    venue = make_venue()
    hold(venue)
    before = Event.objects.count()
    with (
        django_capture_on_commit_callbacks(execute=True) as callbacks,
        pytest.raises(Taken),
    ):
        hold(venue)
    assert (callbacks, heard, Event.objects.count()) == ([], [], before)


def test_a_listener_is_told_once_however_often_it_asks(
    heard: list[list[int]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    events.on_recorded(heard.append)
    with django_capture_on_commit_callbacks(execute=True):
        hold(make_venue(confirms_at_once=False))
    assert len(heard) == 1
