"""What /metrics tells, to whom, and from how many processes."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config import checks, tasks
from config.celery import app
from config.monitoring import background
from reservations.errors import Taken
from tests.api.calling import anonymous
from tests.factories import NOON, hold, make_venue

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^(?P<name>holdfast_\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")


def told(client: Client, name: str, **labels: str) -> float:
    """The sum of a metric's values with these labels."""
    total = 0.0
    for line in scraped(client).splitlines():
        found = LINE.match(line)
        if found and found["name"] == name:
            has = dict(re.findall(r'(\w+)="([^"]*)"', found["labels"] or ""))
            total += float(found["value"]) if labels.items() <= has.items() else 0
    return total


def scraped(client: Client) -> str:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return answer.content.decode()


def test_every_name_is_ours(client: Client) -> None:
    lines = [line for line in scraped(client).splitlines() if not line.startswith("#")]
    assert lines and all(LINE.match(line) for line in lines)


def test_every_name_is_explained(client: Client) -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    names = set(re.findall(r"^# TYPE (holdfast_\w+)", scraped(client), flags=re.MULTILINE))
    assert len(names) > 8
    assert not {name for name in names if f"`{name}`" not in page}


def test_requests_are_counted_by_route_and_status(client: Client) -> None:
    slug = make_venue().slug
    labels = {"method": "GET", "route": "venues/<slug:slug>/", "status": "200"}
    before = told(client, "holdfast_requests_total", **labels)
    client.get(f"/venues/{slug}/")
    assert told(client, "holdfast_requests_total", **labels) == before + 1
    none = {"route": "none", "status": "404"}
    before = told(client, "holdfast_requests_total", **none)
    client.get("/no/such/page/")
    assert told(client, "holdfast_requests_total", **none) == before + 1


def test_bookings_are_counted_by_outcome(client: Client) -> None:
    venue = make_venue()
    made, taken = (
        told(client, "holdfast_bookings_total", outcome=one) for one in ("made", "taken")
    )
    hold(venue)
    with pytest.raises(Taken):
        hold(venue)
    assert told(client, "holdfast_bookings_total", outcome="made") == made + 1
    assert told(client, "holdfast_bookings_total", outcome="taken") == taken + 1


def test_a_failed_log_in_is_counted(client: Client) -> None:
    before = told(client, "holdfast_failed_log_ins_total", act="log_in.failed")
    anonymous().post("/auth/login", {"email": "ada@example.com", "password": "wrong"})
    assert told(client, "holdfast_failed_log_ins_total", act="log_in.failed") == before + 1


def test_what_waits_and_what_is_overdue_is_told(client: Client) -> None:
    before = told(client, "holdfast_outbox_events_waiting")
    hold(make_venue(), NOON)
    assert told(client, "holdfast_outbox_events_waiting") > before
    assert told(client, "holdfast_database_up") == 1
    assert 'holdfast_sweep_overdue{sweep="expire holds"} 0.0' in scraped(client)


def test_the_last_run_of_a_task_is_told(client: Client) -> None:
    begun = time.time()
    app.tasks[tasks.clean_up.name].apply()
    at = told(client, "holdfast_task_last_run_timestamp_seconds", task="config.tasks.clean_up")
    assert at >= begun
    assert set(background.last_runs()) <= {one["task"] for one in app.conf.beat_schedule.values()}


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "status"),
    [
        ("127.0.0.1", "", 0, 200),
        ("::1", "", 0, 200),
        ("203.0.113.9", "", 0, 404),
        ("203.0.113.9", "127.0.0.1", 0, 404),
        ("127.0.0.1", "203.0.113.9", 1, 404),
        ("10.0.0.1", "127.0.0.1, 203.0.113.9", 1, 404),
    ],
)
def test_only_the_addresses_named_are_answered(
    settings: Settings, peer: str, forwarded: str, proxies: int, status: int
) -> None:
    settings.TRUSTED_PROXIES = proxies
    sent = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert Client(REMOTE_ADDR=peer).get("/metrics", headers=sent).status_code == status


def test_the_networks_are_a_setting(settings: Settings) -> None:
    settings.METRICS_FROM = ["203.0.113.0/24"]
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 404


def test_a_network_that_is_none_is_found_at_the_start(settings: Settings) -> None:
    settings.METRICS_FROM = ["10.0.0.0/8", "::1", "10.0.0.1/8", "here"]
    assert [one.id for one in checks.metrics_from()] == ["holdfast.E006"] * 2


def test_a_scrape_needs_no_name_of_the_host() -> None:
    assert Client(HTTP_HOST="api:8000").get("/metrics").status_code == 200


def test_several_processes_are_added_up(tmp_path: Path) -> None:
    script = (
        "import django; django.setup()\n"
        "from config.monitoring import metrics\n"
        "metrics.count_booking('made')\n"
        "from prometheus_client import CollectorRegistry, generate_latest\n"
        "from prometheus_client.multiprocess import MultiProcessCollector\n"
        "registry = CollectorRegistry(); MultiProcessCollector(registry)\n"
        "print(generate_latest(registry).decode())\n"
    )
    values = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "settings.project",
    }
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=values,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for _ in range(2)
    ]
    assert 'holdfast_bookings_total{outcome="made"} 2.0' in said[1]
