"""Boards over a Redis that comes and goes, in one process."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from uuid import uuid4

import pytest
from pytest_django import Settings

from api.live import hub
from config import outbox
from reservations.models import Event
from tests.api.redis_server import OwnRedis
from tests.factories import hold, make_venue
from tests.trades.listening import Page, Pages, pages
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def redis(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnRedis]:
    """A Redis that is not started yet."""
    if which("redis-server") is None:
        pytest.skip("needs redis-server")
    server = OwnRedis(tmp_path)
    settings.LIVE_REDIS_URL, settings.LIVE_CHANNEL = server.url, uuid4().hex
    monkeypatch.setattr(hub, "PAUSE", 0.05)
    yield server
    server.stop()


@pytest.fixture
def browser(redis: OwnRedis) -> Iterator[Pages]:
    with pages() as opened:
        yield opened


@pytest.fixture
def venue() -> Venue:
    return make_venue(units=2, confirms_at_once=False)


def what(page: Page) -> str:
    """What kind of word comes next."""
    word = page.read()
    return str(word.get("event", word["type"]))


def test_every_page_hears_once_what_is_announced_twice(
    redis: OwnRedis, browser: Pages, venue: Venue
) -> None:
    redis.start()
    watching = [browser.of(venue), browser.of(venue)]
    assert [what(page) for page in watching] == ["hello", "hello"]
    hold(venue)
    hub.publish([Event.objects.get().pk])
    outbox.dispatch()
    hold(venue)
    outbox.dispatch()
    for page in watching:
        heard = [page.read() for _ in range(2)]
        assert [one["event"] for one in heard] == ["reservation.created"] * 2
        # Two bookings, each told once.
        assert len({one["resource"] for one in heard}) == 2


def test_nobody_is_greeted_before_redis_is_heard(
    redis: OwnRedis, browser: Pages, venue: Venue
) -> None:
    page = browser.of(venue)
    assert page.opened
    assert page.is_quiet(0.3)
    redis.start()
    assert what(page) == "hello"
    hold(venue)
    outbox.dispatch()
    assert what(page) == "reservation.created"


def test_who_was_there_is_greeted_again_once_redis_is_back(
    redis: OwnRedis, browser: Pages, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    redis.start()
    page = browser.of(venue)
    assert what(page) == "hello"
    with caplog.at_level(logging.WARNING, logger="api.live.hub"):
        redis.stop()
        redis.start()
        assert what(page) == "hello"
    assert [line for line in caplog.messages if line.startswith("Boards hear nothing")]


def test_a_redis_that_has_nothing_to_say_is_asked_and_one_that_is_silent_is_left(
    redis: OwnRedis, browser: Pages, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "SILENCE", 1)
    redis.start()
    page = browser.of(venue)
    assert what(page) == "hello"
    # It answers when asked, so nothing is begun anew.
    assert page.is_quiet(2)
    redis.pause()
    time.sleep(3)
    redis.resume()
    assert what(page) == "hello"
