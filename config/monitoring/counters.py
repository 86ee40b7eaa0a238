"""What this process counts for Prometheus. The logging settings name CountLogIns by its path."""

import logging

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

COUNTED = CollectorRegistry()

REQUESTS = Counter(
    "holdfast_requests", "Requests answered.", ["method", "route", "status"], registry=COUNTED
)
BOOKINGS = Counter(
    "holdfast_bookings",
    "Bookings tried: `made`, or the code of the refusal.",
    ["outcome"],
    registry=COUNTED,
)
BAD_SIGNATURES = Counter(
    "holdfast_payment_events_refused",
    "Reports of payment providers whose signature was wrong or too old.",
    ["provider"],
    registry=COUNTED,
)
FAILED_LOG_INS = Counter(
    "holdfast_failed_log_ins",
    "Log-ins that failed (`log_in.failed`) or were held back (`log_in.held_back`).",
    ["act", "door"],
    registry=COUNTED,
)
SOCKETS = Gauge(
    "holdfast_sockets_open",
    "Live boards open now.",
    registry=COUNTED,
    multiprocess_mode="livesum",
)


class CountLogIns(logging.Handler):
    """Counts the audit lines of log-ins."""

    def emit(self, record: logging.LogRecord) -> None:
        act = record.getMessage()
        if act.startswith("log_in."):
            FAILED_LOG_INS.labels(act, getattr(record, "door", "")).inc()
