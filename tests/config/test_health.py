"""What those who watch are told."""

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from config import migrating, readiness


def drop_the_guard() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "ALTER TABLE reservations_allocation DROP CONSTRAINT allocation_no_overlap"
            )
        else:
            cursor.execute("DROP TRIGGER allocation_no_overlap_insert")


def test_healthz_asks_nobody(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_names_every_part(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "parts": {"database": "ok", "cache": "ok", "broker": "ok"},
    }


@pytest.mark.django_db
def test_readyz_names_a_missing_guard(client: Client) -> None:
    drop_the_guard()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Retry-After"] == "5"
    assert answer.json()["code"] == "not_ready"
    assert answer.json()["detail"] == (
        "The guard against double booking is missing from the database."
    )


@pytest.mark.django_db
def test_readyz_names_a_missing_migration(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_is_migrated", False)
    monkeypatch.setattr(migrating, "pending", lambda: ["reservations.0009_next"])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "reservations.0009_next" in answer.json()["detail"]


@pytest.mark.django_db
def test_readyz_without_a_database_says_so_and_nothing_of_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> bool:
        raise OperationalError('connection to server at "10.0.0.7" failed')

    monkeypatch.setattr(readiness, "is_guarded", refuse)
    monkeypatch.setattr(connection, "close", lambda: None)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "The database cannot be reached."


@pytest.mark.django_db
def test_readyz_names_a_cache_and_a_broker_that_do_not_answer(
    client: Client, settings: Settings
) -> None:
    nobody = "redis://127.0.0.1:1/0"
    settings.CACHES = {
        "default": settings.CACHES["default"],
        "ratelimit": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": nobody,
            "OPTIONS": {"IGNORE_EXCEPTIONS": False, "SOCKET_CONNECT_TIMEOUT": 0.2},
        },
    }
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["cache"] == "The cache (REDIS_URL) does not answer."
    assert answer.json()["parts"]["database"] == "ok"
    caches.close_all()


def test_health_is_asked_with_get_or_head_only(client: Client) -> None:
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405
