"""Entries of feeds are kept for a time, and whoever comes too late is told so."""

import random
import threading
from datetime import timedelta

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import tasks
from hooks import feed, feed_retention
from hooks.errors import EventsExpired
from hooks.models import FeedEntry, FeedGap, Subscriber
from reservations import clock as engine_clock
from tests.api.calling import Api, partner
from tests.factories import make_venue
from tests.guests.factories import PartnerFactory
from tests.hooks.test_feed import _together, event, read
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = timedelta(days=90)
SECOND = timedelta(seconds=1)
OLD, YOUNG = 100, 20


@pytest.fixture
def venue() -> Venue:
    return make_venue()


def written(venue: Venue, count: int = 1, *, type_name: str = "venue.changed") -> list[int]:
    """So many entries of now, of which nobody has read. Returns the ids of their events."""
    ids = [event(venue).pk for _ in range(count)]
    FeedEntry.objects.bulk_create(
        FeedEntry(
            partner="acme",
            event_id=pk,
            venue=venue,
            type=type_name,
            body="{}",
            written_at=engine_clock.now(),
        )
        for pk in ids
    )
    return ids


def events(rows: list[FeedEntry]) -> list[int]:
    return [row.event_id for row in rows]


def test_entries_are_kept_for_ninety_days(venue: Venue, clock: FrozenDateTimeFactory) -> None:
    old = written(venue, 3)
    clock.tick(KEPT - SECOND)
    young = written(venue, 2)
    tasks.clean_up()
    assert events(read()) == old + young
    clock.tick(1)
    tasks.clean_up()
    assert events(read()) == young
    assert FeedEntry.objects.count() == 2


def test_the_setting_says_for_how_long(
    venue: Venue, clock: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.FEED_KEPT = timedelta(days=1)
    written(venue)
    clock.tick(timedelta(days=1))
    tasks.clean_up()
    assert not FeedEntry.objects.exists()


@pytest.mark.parametrize("has_read", [True, False])
def test_nothing_is_numbered_anew(
    venue: Venue, clock: FrozenDateTimeFactory, has_read: bool
) -> None:
    written(venue, 3)
    if has_read:
        assert len(read()) == 3
    clock.tick(KEPT)
    while feed_retention.delete_old(batch=2):
        pass
    assert Subscriber.objects.get().last_position == 3
    written(venue)
    (row,) = read(after=3)
    assert row.position == 4
    assert read() == [row]


def test_who_is_behind_what_was_deleted_is_told(venue: Venue, clock: FrozenDateTimeFactory) -> None:
    written(venue, 3)
    read()
    clock.tick(KEPT)
    young = written(venue)
    tasks.clean_up()
    for after in (1, 2):
        with pytest.raises(EventsExpired) as refusal:
            read(after=after)
        assert refusal.value.position == 3
    # This one had read all of it.
    assert events(read(after=3)) == young


def test_who_missed_nothing_of_what_it_asks_for_goes_on(
    venue: Venue, clock: FrozenDateTimeFactory
) -> None:
    other = make_venue()
    written(other, type_name="lot.closed")
    written(venue, 2)
    read()
    clock.tick(KEPT)
    tasks.clean_up()
    told = {(gap.venue_id, gap.type): gap.position for gap in FeedGap.objects.all()}
    assert told == {(other.pk, "lot.closed"): 1, (venue.pk, "venue.changed"): 3}
    # An empty page repeats its `after`, for years.
    assert feed.page("acme", after=1, limit=9, venue_ids=[other.pk]) == []
    assert feed.page("acme", after=1, limit=9, venue_ids=None, type_name="lot.closed") == []
    for narrowed in ({"venue_ids": [venue.pk]}, {"venue_ids": None, "type_name": "venue.changed"}):
        with pytest.raises(EventsExpired):
            feed.page("acme", after=1, limit=9, **narrowed)
    assert feed.page("rival", after=1, limit=9, venue_ids=None) == []


def test_a_young_entry_keeps_those_behind_it(venue: Venue, clock: FrozenDateTimeFactory) -> None:
    late, early = event(venue).pk, event(venue).pk
    now = engine_clock.now()
    for pk, at in ((early, now - KEPT), (late, now)):
        facts = {"partner": "acme", "venue": venue, "type": "venue.changed", "body": "{}"}
        FeedEntry.objects.create(event_id=pk, written_at=at, **facts)
    # Positions follow the events, and a gap must have no entry in it.
    assert feed_retention.delete_old(batch=10) == 0
    assert events(read()) == [late, early]


def test_the_api_says_what_to_do(venue: Venue, clock: FrozenDateTimeFactory) -> None:
    acme: Api = partner(PartnerFactory.create(slug="acme", venues=[venue]))
    written(venue, 2)
    first = acme.get("/events", {"limit": 1}).json()
    acme.get("/events")
    clock.tick(KEPT)
    young = written(venue)
    tasks.clean_up()
    refused = acme.get("/events", {"after": first["next_after"]})
    told = refused.json()
    assert (refused.status_code, told["code"]) == (410, "events_expired")
    assert refused["Content-Type"] == "application/problem+json"
    assert told["kept_days"] == 90
    assert "next_after" in told["detail"]
    onward = acme.get("/events", {"after": told["next_after"]}).json()
    assert [one["id"] for one in onward["items"]] == [f"evt_{young[0]}"]
    # Without `after` it begins with the oldest there is.
    assert acme.get("/events").json()["items"] == onward["items"]


def test_readers_beside_the_clean_up_miss_nothing_unsaid() -> None:
    assert not any(race(seed, is_judged=True) for seed in range(4))


@pytest.mark.postgres
def test_without_the_refusal_readers_would_miss_some() -> None:
    """The control: the same race, where a reader who is behind is told nothing."""
    assert any(race(seed, is_judged=False) for seed in range(20))


def race(seed: int, *, is_judged: bool) -> set[int]:
    """Two readers who rest now and then, beside two clean-ups. Returns what one missed unsaid."""
    name = _feed_of_old_and_young()
    missed, barrier, ended = set[int](), threading.Barrier(4), threading.Event()

    def look(number: int) -> None:
        chance, after = random.Random(seed * 10 + number), 0
        barrier.wait()
        while after < OLD + YOUNG:
            try:
                found = [row.position or 0 for row in _page(name, after, is_judged)]
            except EventsExpired as refusal:
                after = refusal.position
                continue
            assert found == list(range(found[0], found[0] + len(found)))
            # The first page begins where it may.
            missed.update(range(after + 1, found[0]) if after else ())
            after = found[-1]
            ended.wait(chance.random() / 50)

    def clean(_: int) -> None:
        barrier.wait()
        while feed_retention.delete_old(batch=7):
            pass

    _together([(clean, 0), (clean, 1)], [(look, 0), (look, 1)], ended)
    assert FeedEntry.objects.filter(partner=name).count() == YOUNG
    return missed


def _feed_of_old_and_young() -> str:
    venue, now = make_venue(), engine_clock.now()
    name = f"acme{venue.pk}"
    facts = {"partner": name, "venue": venue, "type": "venue.changed", "body": "{}"}
    FeedEntry.objects.bulk_create(
        FeedEntry(event=event(venue), written_at=now - KEPT if number < OLD else now, **facts)
        for number in range(OLD + YOUNG)
    )
    return name


def _page(name: str, after: int, is_judged: bool) -> list[FeedEntry]:
    if is_judged:
        return feed.page(name, after=after, limit=5, venue_ids=None)
    feed.give_positions(name)
    rows = FeedEntry.objects.filter(partner=name, position__gt=after)
    return list(rows.order_by("position")[:5])
