"""The counters of limits over Redis: made once, raised by one question, made anew when gone."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import caches

from config.redis.limit_counters import LimitCounters

pytestmark = pytest.mark.skipif(not settings.REDIS_URL, reason="needs redis")


@pytest.fixture
def counters() -> LimitCounters:
    cache: Any = caches["ratelimit"]
    assert isinstance(cache, LimitCounters)
    return cache


@pytest.fixture
def key(counters: LimitCounters) -> Iterator[str]:
    named = f"test-{uuid4()}"
    yield named
    counters.delete(named)


def test_a_counter_is_made_once_and_raised(counters: LimitCounters, key: str) -> None:
    assert counters.add(key, 1, 60)
    assert not counters.add(key, 1, 60)
    assert [counters.incr(key), counters.incr(key)] == [2, 3]


def test_one_that_another_process_made_is_seen(counters: LimitCounters, key: str) -> None:
    assert counters.add(key, 1, 60)
    counters._known.clear()
    assert not counters.add(key, 1, 60)
    assert counters.incr(key) == 2


def test_one_that_is_gone_is_made_anew_and_ends(counters: LimitCounters, key: str) -> None:
    counters.add(key, 1, 60)
    counters.delete(key)
    assert not counters.add(key, 1, 60)
    assert counters.incr(key) == 1
    assert 0 < counters.ttl(key) <= 60


def test_one_that_never_was_is_not_raised(counters: LimitCounters, key: str) -> None:
    with pytest.raises(ValueError, match="not found"):
        counters.incr(key)


def test_what_is_remembered_is_bounded(
    counters: LimitCounters, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.redis.limit_counters._MOST_KNOWN", 2)
    for each in range(5):
        counters.add(f"{key}-{each}", 1, 1)
        assert len(counters._known) <= 2
