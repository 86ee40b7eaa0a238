"""What this process counts for Prometheus, and what a scrape reads of the whole deployment.

docs/metrics.md explains each name. Under several gunicorn processes each writes its counts to
PROMETHEUS_MULTIPROC_DIR, and a scrape of any of them adds them up.
"""

import os
from collections.abc import Iterator

import prometheus_client
from django.db import DatabaseError, InterfaceError, connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config.monitoring import background
from config.monitoring.counters import BOOKINGS, COUNTED
from reservations import clock


def scrape() -> bytes:
    """Returns all metrics in Prometheus' text format."""
    registry = COUNTED
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    shared = CollectorRegistry()
    shared.register(_Shared())
    return prometheus_client.generate_latest(registry) + prometheus_client.generate_latest(shared)


def count_booking(outcome: str) -> None:
    """Counts a booking that was made or refused."""
    BOOKINGS.labels(outcome).inc()


class _Shared(Collector):
    """What the database and the cache know: the same whichever process is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            found = [*_waiting(), *_connections()]
        except (DatabaseError, InterfaceError):
            connection.close()
            found = []
        yield GaugeMetricFamily(
            "holdfast_database_up", "Whether the database answers.", value=float(bool(found))
        )
        yield from found
        ran = GaugeMetricFamily(
            "holdfast_task_last_run_timestamp_seconds",
            "When each scheduled task last ended well.",
            labels=["task"],
        )
        for task, at in background.last_runs().items():
            ran.add_metric([task], at)
        yield ran


def _waiting() -> Iterator[GaugeMetricFamily]:
    now = clock.now()
    age = background.outbox_age(now).total_seconds()
    yield GaugeMetricFamily(
        "holdfast_outbox_events_waiting", "Events not handed on.", value=background.outbox_backlog()
    )
    yield GaugeMetricFamily(
        "holdfast_outbox_age_seconds", "How long the oldest of them waits.", value=age
    )
    overdue = GaugeMetricFamily(
        "holdfast_sweep_overdue", "1 for a sweep that left something undone.", labels=["sweep"]
    )
    late = background.overdue_sweeps(now)
    for sweep in background.SWEEPS:
        overdue.add_metric([sweep], float(sweep in late))
    yield overdue


def _connections() -> Iterator[GaugeMetricFamily]:
    found = GaugeMetricFamily(
        "holdfast_database_connections", "Connections to the database.", labels=["state"]
    )
    if connection.vendor != "postgresql":
        found.add_metric(["open"], 1)
        yield found
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() GROUP BY 1"
        )
        for state, count in cursor.fetchall():
            found.add_metric([state], count)
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'max_connections'")
        (most,) = cursor.fetchone()
    yield found
    yield GaugeMetricFamily(
        "holdfast_database_connections_max", "Connections that PostgreSQL lets in.", value=most
    )
