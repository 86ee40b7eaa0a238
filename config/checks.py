"""Django's system checks: unsafe combinations of settings, and a database that cannot be used."""

import re
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connection

from config import migrating
from config.monitoring import readiness
from notices.mail import messages
from reservations import clock
from reservations.inventory import zone_changes
from reservations.models import Allocation
from venues import kinds, time_zones

_IN_PROCESS = "django.core.cache.backends.locmem.LocMemCache"


def unsafe_combinations(**_: Any) -> Iterable[CheckMessage]:
    """Yields combinations of settings that are each valid but not safe together."""
    is_deployed = connection.vendor == "postgresql"
    if settings.DEBUG and settings.HTTPS:
        yield Error(
            "DEBUG and HTTPS are both on: guests would be shown the inside of every error.",
            hint="Set DEBUG=0.",
            id="holdfast.E001",
        )
    if is_deployed and settings.CACHES["default"]["BACKEND"] == _IN_PROCESS:
        yield checks.Warning(
            "PostgreSQL is used with a cache inside each process, so limits count per process.",
            hint="Set REDIS_URL, or serve with one process only.",
            id="holdfast.W001",
        )
    if is_deployed and _is_kept_in_a_file("SECRET_KEY"):
        yield checks.Warning(
            "SECRET_KEY was made on this machine; other processes have other ones.",
            hint="Set SECRET_KEY and JWT_SECRET in the environment of every process.",
            id="holdfast.W002",
        )
    if is_deployed and "*" in settings.ALLOWED_HOSTS:
        yield checks.Warning(
            "ALLOWED_HOSTS lets any Host header through.",
            hint="Name the hosts that guests use.",
            id="holdfast.W003",
        )
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None) and not settings.TRUSTED_PROXIES:
        yield checks.Warning(
            "There is a proxy in front, and TRUSTED_PROXIES is 0: all guests have its address.",
            hint="Set TRUSTED_PROXIES to how many proxies append to X-Forwarded-For.",
            id="holdfast.W005",
        )


def state_change_rate(**_: Any) -> Iterable[CheckMessage]:
    """Yields an error if STATE_CHANGE_RATE cannot be read."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}/[smhd]", settings.STATE_CHANGE_RATE):
        yield Error(
            "STATE_CHANGE_RATE is not valid.",
            hint="Expected count/period with period s, m, h or d, such as 1/m.",
            id="holdfast.E002",
        )


def metrics_from(**_: Any) -> Iterable[CheckMessage]:
    """Yields an error if METRICS_FROM names something that is no network."""
    for network in settings.METRICS_FROM:
        try:
            ip_network(network)
        except ValueError:
            yield Error(
                f"METRICS_FROM: {network} is no network.",
                hint="Expected addresses or networks, such as 10.0.0.0/8,::1.",
                id="holdfast.E006",
            )


def webhooks_stay_outside(**_: Any) -> Iterable[CheckMessage]:
    """Yields an error where a deployment lets webhooks reach inward addresses."""
    if settings.WEBHOOK_ALLOW and settings.HTTPS:
        yield Error(
            "WEBHOOK_ALLOW and HTTPS are both on: partners could have inward addresses called.",
            hint="Unset WEBHOOK_ALLOW. It is for tests and for trying out.",
            id="holdfast.E007",
        )


def retention_days(**_: Any) -> Iterable[CheckMessage]:
    """Every kind of venue that RETENTION_DAYS names exists."""
    if unknown := sorted(set(settings.RETENTION_DAYS) - set(kinds.codes())):
        yield Error(
            f"RETENTION_DAYS names kinds of venue that there are none of: {', '.join(unknown)}.",
            hint=f"Expected one or more of {', '.join(kinds.codes())}.",
            id="holdfast.E005",
        )


def mail_carries_invitations(**_: Any) -> Iterable[CheckMessage]:
    """Yields a warning if letters cannot hold a calendar beside text and HTML."""
    if not messages.carries_calendars(settings.EMAIL_BACKEND):
        yield checks.Warning(
            f"{settings.EMAIL_BACKEND} sends no calendar inside a letter: invitations are attached "
            "only, and most calendars do not move or remove what came so.",
            hint="Send by SMTP: set MAIL_URL to the SMTP server of the same provider.",
            id="holdfast.W010",
        )


def database_is_fit(*, databases: Iterable[str] | None = None, **_: Any) -> Iterable[CheckMessage]:
    """Yields faults of the database: with `migrate`, `check --database default` and before gunicorn
    starts.
    """
    if "default" not in (databases or ()):
        return
    try:
        yield from _database_faults()
    except DatabaseError:
        yield checks.Warning(
            "The database cannot be reached, so it was not checked.",
            hint="The server starts and answers 503 until it can.",
            id="holdfast.W004",
        )


def _database_faults() -> Iterable[CheckMessage]:
    if connection.vendor == "postgresql" and (fault := _btree_gist_fault()):
        yield Error(fault, id="holdfast.E003")
    if connection.vendor == "postgresql" and not _has("pg_trgm"):
        yield checks.Warning(
            "pg_trgm is not in this database, so searches read every reservation.",
            hint="An administrator runs CREATE EXTENSION pg_trgm, then "
            "CREATE INDEX reservation_searched ON reservations_reservation "
            "USING gin (search_text gin_trgm_ops).",
            id="holdfast.W009",
        )
    has_table = Allocation._meta.db_table in connection.introspection.table_names()
    if has_table and not migrating.pending() and (count := zone_changes.due(clock.now())):
        yield checks.Warning(
            f"By the zone rules {time_zones.version()}, {count} promises to come mean other "
            "instants than those that are stored.",
            hint="Run manage.py restate_zones.",
            id="holdfast.W006",
        )
    if has_table and not readiness.is_guarded():
        yield Error(
            "The guard against double booking is missing from the database.",
            hint="Do not serve from it: restore the constraint of reservations.Allocation.",
            id="holdfast.E004",
        )


def _has(extension: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = %s)", [extension])
        return bool(cursor.fetchone()[0])


def _btree_gist_fault() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'btree_gist'),
                   EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'btree_gist'),
                   has_database_privilege(current_database(), 'CREATE')
            """
        )
        is_installed, is_available, may_create = cursor.fetchone()
    if is_installed or (is_available and may_create):
        return ""
    if not is_available:
        return "PostgreSQL lacks btree_gist: install its contrib package on the database server."
    return "btree_gist is not in this database and this user may not add it: an administrator \
runs CREATE EXTENSION btree_gist."


def _is_kept_in_a_file(name: str) -> bool:
    path = Path(settings.DATA_DIR) / f"{name.lower()}.txt"
    return path.exists() and path.read_text(encoding="ascii").strip() == str(
        getattr(settings, name)
    )
