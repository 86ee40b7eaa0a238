"""A backup and the log since then: restored to an instant, the books are whole and guarded."""

from datetime import datetime

import psycopg
import pytest

from tests.faults.fleet import Fleet, wait_until
from tests.faults.guests import OVERLAPS, Guests, fresh, kept

_TAKE_AGAIN = """
INSERT INTO reservations_allocation (venue_id, resource_id, reservation_id, reason, starts_at,
    ends_at, is_live, is_locked)
SELECT venue_id, resource_id, reservation_id, '', starts_at, ends_at, true, false
FROM reservations_allocation WHERE is_live LIMIT 1
"""


def test_what_was_booked_until_then_is_there_and_nothing_after(fleet: Fleet) -> None:
    guests = fresh(fleet)
    book(guests, 10)
    restored = fleet.postgres.back_up()
    book(guests, 10)
    until = told_now(fleet)
    wanted = {wish.key for wish in guests.booked()}
    book(guests, 10)
    archive(fleet)
    restored.restore(until)
    try:
        wait_until(lambda: not restored.rows("SELECT WHERE pg_is_in_recovery()"))
        mine = {wish.key for wish in guests.booked()} & kept(restored).keys()
        assert mine == wanted
        assert restored.rows(OVERLAPS) == []
        with pytest.raises(psycopg.errors.ExclusionViolation):
            restored.run(_TAKE_AGAIN)
    finally:
        restored.stop()


def book(guests: Guests, times: int) -> None:
    wanted = len(guests.booked()) + times
    while len(guests.booked()) < wanted:
        wish = guests.wish()
        wish.answer = guests.send(wish)
        guests.wishes.append(wish)


def told_now(fleet: Fleet) -> datetime:
    (row,) = fleet.postgres.rows("SELECT clock_timestamp() AS at")
    at: datetime = row["at"]
    return at


def archive(fleet: Fleet) -> None:
    """Wait until the log so far is kept elsewhere."""
    (row,) = fleet.postgres.rows("SELECT pg_walfile_name(pg_switch_wal()) AS file")
    wait_until(
        lambda: fleet.postgres.rows(
            "SELECT FROM pg_stat_archiver WHERE last_archived_wal >= %s", row["file"]
        )
    )
