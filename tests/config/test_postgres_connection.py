"""A kept connection whose server has gone is told from one that lives, before it is used."""

from typing import Any

import pytest
from django.db import connection

from venues import statements

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def end_from_outside() -> None:
    """End this connection's server process, as a restart of the database would."""
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    with connection.copy().temporary_connection() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)


def test_one_that_lives_is_usable_and_asked_nothing() -> None:
    connection.ensure_connection()
    before = connection.connection.pgconn.transaction_status
    assert connection.is_usable()
    assert connection.connection.pgconn.transaction_status == before


def test_one_that_was_ended_is_not_and_the_next_request_has_another() -> None:
    end_from_outside()
    assert not connection.is_usable()
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_notice_that_waits_to_be_read_is_no_end() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LISTEN word")
    with connection.copy().temporary_connection() as cursor:
        cursor.execute("NOTIFY word")
    assert connection.is_usable()


def test_one_that_was_closed_here_is_not_usable() -> None:
    connection.ensure_connection()
    connection.connection.close()
    assert not connection.is_usable()
    connection.close()
    assert not connection.is_usable()


def test_a_planned_statement_looks_first_as_well() -> None:
    end_from_outside()
    # As the beginning of a request leaves it.
    kept: Any = connection
    kept.health_check_enabled, kept.health_check_done = True, False
    assert statements.rows("SELECT 1", {}) == [(1,)]


def test_a_planned_statement_numbers_its_values() -> None:
    text = "SELECT %(b)s::int, %(a)s::text, %(b)s::int + 1, '5 %%'"
    assert statements.planned(text, {"a": "x", "b": 3, "unused": 1}) == [(3, "x", 4, "5 %")]
