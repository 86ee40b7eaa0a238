"""The feed of a partner: nothing is ever inserted behind a reader."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from hooks import feed
from hooks.models import FeedEntry, Subscriber
from reservations.models import Event
from tests.factories import NOON, make_venue
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)


def event(venue: Venue) -> Event:
    return Event.objects.create(
        venue=venue, name="venue.changed", at=NOON, recorded_at=NOON, by="t", by_kind="system"
    )


def entry(of: Event, partner: str = "acme") -> FeedEntry:
    return FeedEntry(partner=partner, event=of, venue_id=of.venue_id, type=of.name, body="{}")


def read(after: int = 0, limit: int = 50, partner: str = "acme") -> list[FeedEntry]:
    return feed.page(partner, after=after, limit=limit, venue_ids=None)


def test_pages_follow_each_other_and_an_empty_one_stays_where_it_is() -> None:
    venue = make_venue()
    events = [event(venue) for _ in range(5)]
    FeedEntry.objects.bulk_create(map(entry, events))
    first = read(limit=3)
    rest = read(after=first[-1].position or 0)
    assert [row.event_id for row in first + rest] == [one.pk for one in events]
    assert read(after=rest[-1].position or 0) == []


def test_what_commits_late_stands_behind_what_was_read() -> None:
    venue = make_venue()
    early, late = event(venue), event(venue)
    entry(late).save()
    (seen,) = read()
    entry(early).save()
    assert [row.event_id for row in read(after=seen.position or 0)] == [early.pk]


@pytest.mark.postgres
def test_a_reader_does_not_wait_for_what_is_uncommitted_and_has_it_afterwards() -> None:
    venue = make_venue()
    early, late = event(venue), event(venue)
    is_written, may_end = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                entry(early).save()
                is_written.set()
                may_end.wait(60)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert is_written.wait(60)
        entry(late).save()
        (seen,) = read()
        assert (seen.event_id, seen.position) == (late.pk, 1)
        assert read(after=1) == []
    finally:
        may_end.set()
        writer.join()
    (then,) = read(after=1)
    assert (then.event_id, then.position) == (early.pk, 2)
    assert [row.event_id for row in read()] == [late.pk, early.pk]


def test_ids_that_were_rolled_back_leave_no_gap() -> None:
    venue = make_venue()
    for number, one in enumerate([event(venue) for _ in range(6)]):
        with suppress(ZeroDivisionError), transaction.atomic():
            entry(one).save()
            assert number % 2 or 1 // 0
    rows = read()
    assert [row.position for row in rows] == [1, 2, 3]
    assert read(after=2) == rows[2:]


def test_feeds_are_of_one_partner_and_its_venues() -> None:
    venue, other = make_venue(), make_venue()
    for each in (venue, other):
        one = event(each)
        FeedEntry.objects.bulk_create([entry(one), entry(one, "rival")])
    assert len(read()) == len(read(partner="rival")) == 2
    assert read(partner="nobody") == []
    narrowed = feed.page("acme", after=0, limit=9, venue_ids=[venue.pk])
    assert [row.venue_id for row in narrowed] == [venue.pk]
    typed = feed.page("acme", after=0, limit=9, venue_ids=None, type_name="lot.closed")
    assert typed == []


@trials(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(["write", "read", "more"]), min_size=5, max_size=30))
def test_a_reader_sees_each_event_once_whatever_the_order(acts: list[str]) -> None:
    FeedEntry.objects.all().delete()
    Subscriber.objects.all().delete()
    venue = make_venue()
    waiting = [event(venue) for _ in acts]
    random.Random(0).shuffle(waiting)
    written, seen, after = [], [], 0
    for act in [*acts, "more", "more"]:
        if act == "write":
            written.append(waiting.pop())
            entry(written[-1]).save()
            continue
        rows = read(after=after, limit=2 if act == "read" else 50)
        seen += [row.event_id for row in rows]
        after = rows[-1].position or 0 if rows else after
    assert sorted(seen) == sorted(one.pk for one in written)


def test_dispatches_and_readers_at_once_lose_nothing() -> None:
    assert race(by_id=False) == set()


@pytest.mark.postgres
def test_reading_by_id_alone_would_lose_some() -> None:
    """The control: the same race, read by the ids of entries, which commit out of order."""
    assert any(race(by_id=True) for _ in range(10))


def race(*, by_id: bool) -> set[int]:
    """Writers whose transactions end in any order, and two readers. Returns what one missed."""
    venue = make_venue()
    rounds, writers = 12, 4
    events = iter([event(venue) for _ in range(rounds * writers)])
    share = [[next(events) for _ in range(rounds)] for _ in range(writers)]
    ended, missed, orders = threading.Event(), set[int](), list[list[int]]()
    barrier = threading.Barrier(writers + 2)

    def write(number: int) -> None:
        barrier.wait()
        chance = random.Random(number)
        for one in share[number]:
            with transaction.atomic():
                entry(one).save()
                if connection.vendor == "postgresql":
                    # It holds its place for a moment, as a dispatch of many events does.
                    ended.wait(chance.random() / 50)

    def look(_: int) -> None:
        barrier.wait()
        seen, after = list[int](), 0
        while True:
            is_last = ended.is_set()
            rows = _by_id(after) if by_id else _patiently(after)
            seen += [row.event_id for row in rows]
            if rows:
                after = rows[-1].pk if by_id else rows[-1].position or 0
            elif is_last:
                break
        missed.update({one.pk for each in share for one in each}.difference(seen))
        orders.append(seen)

    _together([(write, n) for n in range(writers)], [(look, n) for n in range(2)], ended)
    # Both readers saw one order, whoever gave it.
    assert by_id or orders[0] == orders[1]
    return missed


def _by_id(after: int) -> list[FeedEntry]:
    return list(FeedEntry.objects.filter(pk__gt=after).order_by("pk")[:50])


def _patiently(after: int) -> list[FeedEntry]:
    with suppress(OperationalError):
        return read(after=after)
    return []


def _together(
    writing: list[tuple[Callable[[int], None], int]],
    reading: list[tuple[Callable[[int], None], int]],
    ended: threading.Event,
) -> None:
    def run(act: Callable[[int], None], number: int) -> None:
        try:
            act(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in (*writing, *reading)]
    for each in threads:
        each.start()
    for each in threads[: len(writing)]:
        each.join()
    ended.set()
    for each in threads[len(writing) :]:
        each.join()
