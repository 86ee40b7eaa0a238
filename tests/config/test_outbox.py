"""Every event is handed on, once, whatever else is running or failing."""

import logging
import threading

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from config import outbox
from reservations.models import Event
from tests.factories import NOON, hold, make_venue
from venues.scratch import PREFIX

pytestmark = pytest.mark.django_db(transaction=True)


def waiting() -> int:
    return Event.objects.filter(dispatched_at__isnull=True).count()


def test_every_event_is_handed_on_and_marked() -> None:
    hold(make_venue())
    events = waiting()
    assert events > 0
    assert outbox.dispatch() == events
    assert waiting() == 0


def test_a_second_dispatch_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    hold(make_venue())
    outbox.dispatch()
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="config.outbox"):
        assert outbox.dispatch() == 0
    assert caplog.records == []


def test_only_the_named_ones_are_handed_on_when_named() -> None:
    venue = make_venue(units=2)
    hold(venue)
    first = list(Event.objects.values_list("pk", flat=True))
    hold(venue)
    assert outbox.dispatch(first) == len(first)
    assert waiting() == Event.objects.count() - len(first)


def test_more_than_one_batch_is_handed_on(settings: Settings) -> None:
    settings.SWEEP_BATCH = 2
    venue = make_venue(units=5)
    for _ in range(5):
        hold(venue)
    assert outbox.dispatch() == Event.objects.count()


def test_the_journal_says_what_happened_and_not_to_whom(caplog: pytest.LogCaptureFixture) -> None:
    reservation = hold(make_venue())
    with caplog.at_level(logging.INFO, logger="config.outbox"):
        outbox.dispatch()
    [line] = [one for one in caplog.records if one.getMessage() == "reservation.created"]
    assert line.__dict__["reservation_id"] == reservation.pk
    assert line.__dict__["venue_id"] == reservation.venue_id
    everything = " ".join(str(one.__dict__) for one in caplog.records)
    assert "Lovelace" not in everything
    assert reservation.phone not in everything


def test_one_that_fails_stays_and_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SWEEP_BATCH = 1
    venue = make_venue(units=2)
    poison = hold(venue).events.earliest("pk").pk
    hold(venue, NOON)

    def fail_on_it(event: Event) -> None:
        if event.pk == poison:
            raise ValueError("cannot")

    monkeypatch.setattr(outbox, "HANDLERS", (fail_on_it,))
    outbox.dispatch()
    assert list(Event.objects.filter(dispatched_at=None).values_list("pk", flat=True)) == [poison]
    assert "was not handed on" in caplog.text
    monkeypatch.undo()
    assert outbox.dispatch() == 1


def test_several_workers_at_once_hand_each_event_on_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SWEEP_BATCH = 3
    venue = make_venue(units=12)
    for _ in range(12):
        hold(venue)
    told: list[int] = []
    monkeypatch.setattr(outbox, "HANDLERS", (lambda event: told.append(event.pk),))
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        outbox.dispatch()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    outbox.dispatch()
    assert sorted(told) == sorted(Event.objects.values_list("pk", flat=True))


def test_nobody_outside_hears_of_a_scratch_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(outbox, "OUTSIDE", (lambda event: told.append(event.venue_id),))
    real, scratch = make_venue(), make_venue()
    scratch.slug, scratch.is_listed = f"{PREFIX}1", False
    scratch.save()
    hold(real)
    hold(scratch)
    assert outbox.dispatch() == Event.objects.count()
    assert set(told) == {real.pk}
