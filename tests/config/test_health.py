"""What those who watch are told."""

import time
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from config import migrating
from config.monitoring import background, readiness
from reservations.models import Event, Reservation, StoredAnswer
from reservations.requests import Times
from tests.api.test_database_full import no_room
from tests.factories import hold, make_venue
from venues import time_zones

TODAY = timezone.now().date()
NIGHT = Times(check_in=TODAY + timedelta(days=40), check_out=TODAY + timedelta(days=41))


@pytest.fixture(autouse=True)
def _nothing_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    # What another test found would count for some seconds.
    monkeypatch.setattr(readiness, "_written", (float("-inf"), ""))


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
        "parts": dict.fromkeys(readiness.PARTS, "ok"),
        # The rules of time zones that this process goes by.
        "zone_rules": time_zones.version(),
        # Nobody sends text messages where no provider is set.
        **({"off": readiness.off()} if readiness.off() else {}),
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


@pytest.mark.django_db
def test_a_traffic_probe_asks_the_database_alone(client: Client, settings: Settings) -> None:
    answer = client.get("/readyz?parts=database")
    assert answer.json() == {"status": "ready", "parts": {"database": "ok"}}
    some = client.get("/readyz?parts=outbox,none,sweeps").json()["parts"]
    assert set(some) == {"sweeps", "outbox"}
    assert set(client.get("/readyz?parts=none").json()["parts"]) == set(readiness.PARTS)


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_readyz_names_a_disk_without_room(client: Client) -> None:
    with no_room():
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["parts"]["writes"].startswith("The database takes no writes.")
        assert client.get("/readyz?parts=database").status_code == 200
    readiness._written = (float("-inf"), "")
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_asking_leaves_nothing_behind(client: Client) -> None:
    client.get("/readyz")
    assert not StoredAnswer.objects.exists()


@pytest.fixture
def _has_run_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_begun_at", float("-inf"))


@pytest.mark.django_db
@pytest.mark.usefixtures("_has_run_for_long")
def test_readyz_names_an_overdue_sweep_and_what_waits_in_the_outbox(client: Client) -> None:
    row = hold(make_venue("hotel"), times=NIGHT)
    assert client.get("/readyz").status_code == 200
    now = timezone.now()
    overdue = now - background.OVERDUE - timedelta(seconds=1)
    Reservation.objects.filter(pk=row.pk).update(hold_expires_at=overdue)
    Event.objects.update(recorded_at=overdue)
    parts = client.get("/readyz").json()["parts"]
    assert parts["sweeps"] == "Overdue: expire holds. See worker and beat."
    assert parts["outbox"].startswith("An event has waited 12")
    assert client.get("/readyz?parts=database").status_code == 200


@pytest.mark.django_db
def test_a_process_that_has_just_begun_is_given_time(client: Client) -> None:
    row = hold(make_venue("hotel"), times=NIGHT)
    Reservation.objects.filter(pk=row.pk).update(hold_expires_at=timezone.now() - timedelta(days=9))
    background._begun_at = time.monotonic()
    assert client.get("/readyz").status_code == 200


def test_health_is_asked_with_get_or_head_only(client: Client) -> None:
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405
