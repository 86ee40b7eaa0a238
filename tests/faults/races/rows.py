"""The judge of a race: SQL over the rows that are there, and nothing of the engine.

Each promise is a query that returns a line for every row which breaks it. What was acknowledged is
compared with the rows as well.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import Connection, sql
from psycopg.rows import DictRow

from tests.faults.races.crowd import Call

ONE_UNIT_ONE_OWNER = "No two live allocations of one unit overlap"
IN_TIME = "Every live allocation belongs to a reservation that has its time, or to a closure"
NOT_LOST = "Every reservation that is neither over nor given up has its time"
ONE_END = "No reservation is both confirmed and expired, or both cancelled and arrived"
WHOLE_GROUPS = "No half group"
ONE_EVENT = "Every event once, of a fact that is there"
HANDED_ON = "Every event is handed on"
SPOTS = "A lot has as many spots as it was last given, and nobody is on another"
ACKNOWLEDGED = "What was acknowledged is there, what was refused is not"
ERASED = "Nothing is left of who was erased"
NO_FAULT = "No fault: every answer is a success, a refusal, or a service that is away"

_TAKING = """
FROM reservations_allocation AS taken
LEFT JOIN reservations_reservation AS owner ON owner.id = taken.reservation_id
WHERE taken.is_live
"""
_LAST_CAPACITY = """
SELECT DISTINCT ON (venue_id) venue_id, (data ->> 'capacity')::int AS wanted
FROM reservations_event WHERE name = 'lot.changed' ORDER BY venue_id, id DESC
"""

QUERIES: dict[str, LiteralString] = {
    ONE_UNIT_ONE_OWNER: """
        SELECT format('unit %%s: rows %%s and %%s', one.resource_id, one.id, other.id) AS line
        FROM reservations_allocation AS one JOIN reservations_allocation AS other
        ON one.resource_id = other.resource_id AND one.id < other.id
        AND one.is_live AND other.is_live
        AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at
    """,
    IN_TIME: "SELECT format('row %%s of reservation %%s', taken.id, owner.id) AS line"
    + _TAKING
    + """
        AND NOT coalesce(
            CASE
                WHEN owner.id IS NULL THEN EXISTS (
                    SELECT FROM reservations_event AS told WHERE told.name = 'closure.made'
                    AND told.data ->> 'closure' = taken.closure_id::text
                )
                WHEN owner.cancelled_at IS NOT NULL THEN taken.ends_at <= owner.cancelled_at
                WHEN owner.confirmed_at IS NULL
                    THEN owner.expired_at IS NULL AND owner.hold_expires_at > %(at)s
                WHEN owner.checked_out_at IS NOT NULL THEN taken.ends_at <= owner.checked_out_at
                WHEN owner.missed_at IS NOT NULL AND owner.is_no_show_released
                    AND owner.checked_in_at IS NULL THEN taken.ends_at <= owner.missed_at
                ELSE true
            END, false)
    """,
    NOT_LOST: """
        SELECT format('reservation %%s', kept.id) AS line FROM reservations_reservation AS kept
        WHERE kept.cancelled_at IS NULL AND kept.expired_at IS NULL
        AND kept.checked_out_at IS NULL
        AND (kept.missed_at IS NULL OR kept.checked_in_at IS NOT NULL)
        AND (kept.confirmed_at IS NOT NULL OR kept.hold_expires_at > %(at)s)
        AND NOT EXISTS (
            SELECT FROM reservations_allocation AS taken WHERE taken.reservation_id = kept.id
            AND taken.is_live
            AND taken.starts_at <= kept.starts_at AND taken.ends_at >= kept.ends_at
        )
    """,
    ONE_END: """
        SELECT format('reservation %%s', id) AS line FROM reservations_reservation
        WHERE num_nonnulls(confirmed_at, expired_at) = 2
        OR num_nonnulls(cancelled_at, checked_in_at) = 2
    """,
    WHOLE_GROUPS: """
        SELECT format('group %%s has %%s', group_id, count(*)) AS line
        FROM reservations_reservation WHERE group_id IS NOT NULL GROUP BY group_id
        HAVING count(*) <> %(group)s OR count(DISTINCT (starts_at, ends_at, remarks)) <> 1
        OR count(cancelled_at) NOT IN (0, %(group)s) OR count(expired_at) NOT IN (0, %(group)s)
    """,
    ONE_EVENT: """
        SELECT format('%%s of %%s: %%s', name, reservation_id, count(*)) AS line
        FROM reservations_event
        WHERE name = ANY (%(once)s) AND reservation_id IS NOT NULL
        GROUP BY name, reservation_id HAVING count(*) > 1
        UNION ALL
        SELECT format('%%s: %%s', data ->> 'closure', count(*)) FROM reservations_event
        WHERE name = 'closure.made' GROUP BY data ->> 'closure' HAVING count(*) > 1
        UNION ALL
        SELECT format('%%s of %%s', fact.name, row.id) FROM reservations_reservation AS row
        CROSS JOIN LATERAL (VALUES
            ('created', row.created_at), ('confirmed', row.confirmed_at),
            ('checked_in', row.checked_in_at), ('checked_out', row.checked_out_at),
            ('cancelled', row.cancelled_at), ('expired', row.expired_at),
            ('missed', row.missed_at), ('completed', row.completed_at)
        ) AS fact (name, at)
        LEFT JOIN reservations_event AS told
        ON told.reservation_id = row.id AND told.name = 'reservation.' || fact.name
        WHERE told.at IS DISTINCT FROM fact.at
    """,
    HANDED_ON: """
        SELECT format('%%s %%s', name, id) AS line FROM reservations_event
        WHERE dispatched_at IS NULL
    """,
    SPOTS: "WITH last AS ("
    + _LAST_CAPACITY
    + """)
        SELECT format('venue %%s has %%s of %%s spots', venue_id, count(*), wanted) AS line
        FROM last JOIN venues_resource AS unit USING (venue_id) WHERE unit.retired_at IS NULL
        GROUP BY venue_id, wanted HAVING count(*) <> wanted
        UNION ALL
        SELECT format('row %%s is on unit %%s, which is gone', taken.id, unit.id)
        FROM reservations_allocation AS taken JOIN venues_resource AS unit
        ON unit.id = taken.resource_id
        WHERE taken.is_live AND taken.ends_at > unit.retired_at
        AND (taken.lapses_at IS NULL OR taken.lapses_at > unit.retired_at)
    """,
}
_ONCE = [
    "reservation.created",
    "reservation.confirmed",
    "reservation.checked_in",
    "reservation.checked_out",
    "reservation.cancelled",
    "reservation.expired",
    "reservation.missed",
    "reservation.completed",
]
_ROWS = """
SELECT id, remarks, starts_at, confirmed_at, checked_in_at, cancelled_at
FROM reservations_reservation
"""
_TABLES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
_SETS = {
    "confirm": "confirmed_at",
    "check-in": "checked_in_at",
    "cancel": "cancelled_at",
}

Rows = dict[int, DictRow]


def judge(
    line: Connection[DictRow], calls: Sequence[Call], *, at: datetime, group: int
) -> dict[str, list[str]]:
    """Returns the broken promises with what breaks them. {} where all were kept.

    `at` is the time on the product's clock of the last sweep, `group` the size of groups.
    """
    values = {"at": at, "group": group, "once": _ONCE}
    found = {
        promise: [str(row["line"]) for row in line.execute(query, values)]
        for promise, query in QUERIES.items()
    }
    rows = {int(row["id"]): row for row in line.execute(_ROWS)}
    found[ACKNOWLEDGED] = [*_made(calls, rows), *_changed(calls, rows), *_closed(line, calls)]
    found[ERASED] = list(_left(line, calls))
    found[NO_FAULT] = list(_faults(calls))
    return {promise: lines for promise, lines in found.items() if lines}


def _made(calls: Sequence[Call], rows: Rows) -> Iterator[str]:
    marked: dict[str, set[int]] = {}
    for pk, row in rows.items():
        marked.setdefault(row["remarks"], set()).add(pk)
    for call in calls:
        if gone := set(call.made) - rows.keys():
            yield f"{_named(call)} made {gone}, which are not there"
        # Erasing a person blanks their remarks.
        if call.count and call.person is None:
            there = marked.get(call.mark, set())
            allowed = [set(call.made)] if not call.is_unknown else [set(), there]
            if there not in allowed or len(there) not in (0, call.count):
                yield f"{_named(call)} made {there}"


def _changed(calls: Sequence[Call], rows: Rows) -> Iterator[str]:
    asked: set[tuple[int, str]] = set()
    for call in calls:
        fact = _SETS.get(call.verb)
        if fact is None or call.about is None:
            continue
        if call.is_done and rows[call.about][fact] is None:
            yield f"{_named(call)} was done, and {fact} is not set"
        if call.is_done or call.is_unknown:
            asked.add((call.about, fact))
    about = {call.about for call in calls if call.about is not None}
    for pk in about:
        if rows[pk]["cancelled_at"] and (pk, "cancelled_at") not in asked:
            yield f"reservation {pk} is cancelled, and nobody was told so"
    yield from _moved(calls, rows)


def _moved(calls: Sequence[Call], rows: Rows) -> Iterator[str]:
    moves = [call for call in calls if call.verb == "modify" and call.about is not None]
    for pk in {call.about for call in moves if call.about is not None and call.is_done}:
        maybe = {
            datetime.fromisoformat(call.body["starts_at"])
            for call in moves
            if call.about == pk and (call.is_done or call.is_unknown)
        }
        if rows[pk]["starts_at"] not in maybe:
            yield f"reservation {pk} was moved to {maybe} and is at {rows[pk]['starts_at']}"


def _closed(line: Connection[DictRow], calls: Sequence[Call]) -> Iterator[str]:
    """Every form that closed a unit and hour left one closure, one that did not left none."""
    query = "SELECT count(*) AS count FROM reservations_allocation WHERE reason = %s"
    for call in calls:
        if call.verb != "close":
            continue
        (row,) = line.execute(query, [call.mark])
        allowed = (0, 1) if call.is_unknown else (int(call.is_done),)
        if row["count"] not in allowed:
            yield f"{_named(call)} left {row['count']} closures"


def _left(line: Connection[DictRow], calls: Sequence[Call]) -> Iterator[str]:
    erased = [
        call.person
        for call in calls
        if call.verb == "erase" and call.answer.status == 204 and call.person
    ]
    words = {value for person in erased for name, value in person.items() if name != "token"}
    if not words:
        return
    search = sql.SQL("SELECT row::text AS said FROM {} AS row WHERE row::text ~ %s")
    for table in list(line.execute(_TABLES)):
        looked = search.format(sql.Identifier(table["name"]))
        pattern = "|".join(word.replace("+", "[+]").replace(".", "[.]") for word in words)
        for row in line.execute(looked, [pattern]):
            yield f"{table['name']}: {row['said'][:300]}"


def _faults(calls: Sequence[Call]) -> Iterator[str]:
    for call in calls:
        status = call.answer.status
        # A unit that is wanted may be retired, and whoever is erased is not known any more.
        gone = {"book": 404, "erase": 401}.get(call.verb, 409)
        unknown = 409 if call.person is None else 401
        allowed = (400, 409, 422, 503, gone, unknown)
        if status is not None and status >= 400 and status not in allowed:
            yield f"{_named(call)} was answered {status} {call.answer.body}"


def _named(call: Call) -> str:
    about: Any = call.about or call.mark
    return f"{call.verb} {about} ({call.answer.status})"
