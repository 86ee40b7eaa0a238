"""What this process counts for Prometheus, and what a scrape reads of the whole deployment.

docs/metrics.md explains each name. Under several gunicorn processes each writes its counts to
PROMETHEUS_MULTIPROC_DIR, and a scrape of any of them adds them up.
"""

import os
from collections.abc import Iterator

import prometheus_client
from django.db import DatabaseError, InterfaceError, connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from config.monitoring import background
from config.monitoring.counters import BAD_SIGNATURES, BOOKINGS, COUNTED
from notices.operations import backlogs
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


def count_bad_signature(provider: str) -> None:
    """Counts a report of a payment provider whose signature was wrong."""
    BAD_SIGNATURES.labels(provider).inc()


class _Shared(Collector):
    """What the database and the cache know: the same whichever process is asked."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*_waiting(), *_deliveries(), *_connections()]
        except (DatabaseError, InterfaceError):
            connection.close()
            found = []
        yield GaugeMetricFamily(
            "holdfast_database_up", "Whether the database answers.", value=float(bool(found))
        )
        yield from found
        ended = CounterMetricFamily(
            "holdfast_deliveries",
            "Deliveries that ended, and attempts after which another follows (`retry`).",
            labels=["channel", "outcome"],
        )
        for (channel, outcome), number in background.delivered().items():
            ended.add_metric([channel, outcome], number)
        yield ended
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


def _deliveries() -> Iterator[Metric]:
    now = clock.now()
    waiting = GaugeMetricFamily(
        "holdfast_deliveries_waiting", "Deliveries that are not done.", labels=["channel"]
    )
    oldest = GaugeMetricFamily(
        "holdfast_delivery_oldest_seconds",
        "How long the one that is due longest could have been tried.",
        labels=["channel"],
    )
    for channel, backlog in backlogs.by_channel().items():
        waiting.add_metric([channel], backlog.waiting)
        oldest.add_metric([channel], backlog.overdue(now).total_seconds())
    yield waiting
    yield oldest


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
