"""Writes a hold on the first free unit: one SQL statement on PostgreSQL, a few on SQLite."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.db.models import DateTimeField, JSONField, Model, UUIDField
from psycopg.types.json import Jsonb

from guests.callers import Caller
from reservations import events
from reservations.allocation import presence
from reservations.allocation.ask import Ask, Placement
from reservations.lifecycle import drafts
from reservations.models import Allocation, Reservation
from reservations.ranges import MAX_SPAN
from reservations.transactions import is_passing
from venues import statements
from venues.models import Resource

_FIELDS = [field for field in Reservation._meta.concrete_fields if field.name != "id"]
_JSON = [str(field.column) for field in _FIELDS if isinstance(field, JSONField)]
_COLUMNS = ", ".join(f'"{field.column}"' for field in _FIELDS)
_VALUES = ", ".join(f"%({field.column})s" for field in _FIELDS)

# The units whose guests have not gone. Whether a later booking may be put there after all, the
# locked path decides.
_OCCUPIED = """
SELECT here.resource_id
FROM reservations_reservation AS guest
JOIN reservations_allocation AS here ON here.reservation_id = guest.id
WHERE guest.venue_id = %(venue_id)s AND guest.ends_at <= %(created_at)s
AND guest.checked_in_at IS NOT NULL AND guest.checked_out_at IS NULL
AND guest.cancelled_at IS NULL AND NOT guest.is_departure_assumed
AND here.is_live AND NOT EXISTS (
    SELECT 1 FROM reservations_allocation AS later
    WHERE later.reservation_id = guest.id AND later.is_live AND later.ends_at > here.ends_at
)
"""

# The lateral join tries the units in their order and stops at the first free one. A lapsed hold
# still counts as taken here; the locked path releases it. If another caller takes the unit first,
# the constraint refuses the insert, and the statement returns no row.
_WRITE = f"""
WITH occupied AS MATERIALIZED ({_OCCUPIED}), unit AS MATERIALIZED (
    SELECT found.id
    FROM unnest(%(units)s::bigint[]) AS wanted(id)
    CROSS JOIN LATERAL (
        SELECT unit.id FROM venues_resource AS unit
        WHERE unit.id = wanted.id AND unit.retired_at IS NULL AND NOT EXISTS (
            SELECT FROM reservations_allocation AS other
            WHERE other.resource_id = wanted.id AND other.is_live
            AND tstzrange(other.starts_at, other.ends_at, '[)')
                && tstzrange(%(taken_from)s, %(taken_to)s, '[)')
        ) AND NOT EXISTS (SELECT FROM occupied WHERE occupied.resource_id = wanted.id)
        FOR NO KEY UPDATE OF unit SKIP LOCKED
    ) AS found
    WHERE EXISTS (
        SELECT FROM venues_venue AS venue
        WHERE venue.id = %(venue_id)s AND venue.revision = %(revision)s AND venue.is_active
    )
    LIMIT 1
), taken AS (
    INSERT INTO reservations_allocation
        (venue_id, resource_id, reservation_id, reason, starts_at, ends_at,
         is_live, is_locked, lapses_at)
    SELECT %(venue_id)s, unit.id,
        nextval(pg_get_serial_sequence('reservations_reservation', 'id')),
        '', %(taken_from)s, %(taken_to)s, true, %(is_locked)s, %(lapses_at)s
    FROM unit
    ON CONFLICT ON CONSTRAINT allocation_no_overlap DO NOTHING
    RETURNING id, resource_id, reservation_id
), made AS (
    INSERT INTO reservations_reservation (id, {_COLUMNS})
    SELECT taken.reservation_id, {_VALUES} FROM taken
), told AS (
    INSERT INTO reservations_event
        (venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited)
    SELECT %(venue_id)s, taken.reservation_id, told.name, %(created_at)s, %(created_at)s,
        %(by)s, %(by_kind)s, '{{}}', false
    FROM taken CROSS JOIN unnest(%(names)s::text[]) AS told(name)
    RETURNING id
)
SELECT taken.reservation_id, taken.resource_id, taken.id, ARRAY(SELECT id FROM told) FROM taken
"""  # noqa: S608 - the names of our own model's columns

# SQLite runs a CROSS JOIN in the order of its tables, so the units keep their order.
_CHOOSE = f"""
SELECT unit.id
FROM json_each(%(units)s) AS wanted CROSS JOIN venues_resource AS unit
WHERE unit.id = wanted.value AND unit.retired_at IS NULL
AND EXISTS (
    SELECT 1 FROM venues_venue AS venue
    WHERE venue.id = %(venue_id)s AND venue.revision = %(revision)s AND venue.is_active
)
AND NOT EXISTS (
    SELECT 1 FROM reservations_allocation AS other
    WHERE other.resource_id = unit.id AND other.is_live AND other.starts_at < %(taken_to)s
    AND other.ends_at > %(taken_from)s AND other.starts_at > %(earliest)s
)
AND unit.id NOT IN ({_OCCUPIED})
LIMIT 1
"""  # noqa: S608 - our own words

_TELL = """
INSERT INTO reservations_event
    (venue_id, reservation_id, name, at, recorded_at, "by", by_kind, data, is_limited)
VALUES (%s, %s, %s, %s, %s, %s, %s, '{}', false)
"""


def is_one_statement() -> bool:
    """True when `write` is one statement, so that it needs no transaction around it."""
    return connection.vendor == "postgresql"


def write(row: Reservation, ask: Ask, units: Sequence[Resource]) -> Reservation | None:
    """Saves the drafted reservation on the first free unit, in the order given, with its events.

    Assumes that hours and policy are judged, and units of the row's category, or the one named.
    Takes no locks beforehand. Returns None when no unit was free without waiting, or when the venue
    has changed since it was read. On SQLite it assumes a transaction, and everywhere for an ask
    that begins now: then None asks to roll back.
    """
    if not units:
        return None
    if is_one_statement():
        return _in_one(row, ask, units)
    return _in_steps(row, ask, units)


def _in_one(row: Reservation, ask: Ask, units: Sequence[Resource]) -> Reservation | None:
    drafted = _drafted(row, ask, units[0])
    # The driver takes every field as it is, except JSON.
    values: dict[str, Any] = {str(field.column): getattr(row, field.attname) for field in _FIELDS}
    values |= {name: Jsonb(values[name]) for name in _JSON if values[name] is not None}
    values |= {
        # As text: the driver is slow to adapt a list of some hundred ids.
        "units": "{" + ",".join([str(unit.id) for unit in units]) + "}",
        "revision": ask.venue.revision,
        "taken_from": drafted.starts_at,
        "taken_to": drafted.ends_at,
        "is_locked": drafted.is_locked,
        "lapses_at": drafted.lapses_at,
        "names": [kind.name for kind in drafts.events_of(row)],
        "by": ask.by.name,
        "by_kind": ask.by.kind,
    }
    found = _run(values)
    if found is None:
        return None
    row.pk, drafted.resource_id, drafted.pk, told = found
    drafted.reservation_id = row.pk
    drafted.resource = next(unit for unit in units if unit.pk == drafted.resource_id)
    row._state.adding, row._state.db = False, connection.alias
    row.just_taken = [drafted]
    if ask.begins_now and presence.occupied_by(drafted.resource_id, ask.now):
        # The guest of the unit arrived between the statement's snapshot and its lock on the unit.
        return None
    events.tell(told)
    return row


def _run(values: dict[str, Any]) -> tuple[int, int, int, list[int]] | None:
    try:
        return next(iter(statements.planned(_WRITE, values)), None)
    except OperationalError as error:
        if not is_passing(error) or connection.in_atomic_block:
            raise
        return None


def _in_steps(row: Reservation, ask: Ask, units: Sequence[Resource]) -> Reservation | None:
    drafted = _drafted(row, ask, units[0])
    span = {"taken_from": drafted.starts_at, "taken_to": drafted.ends_at}
    span["created_at"] = row.created_at
    wanted = {
        **{name: _adapted(at) for name, at in span.items()},
        "units": "[" + ",".join([str(unit.id) for unit in units]) + "]",
        "venue_id": row.venue_id,
        "revision": ask.venue.revision,
        "earliest": _adapted(drafted.starts_at - MAX_SPAN),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHOOSE, wanted)
        found = cursor.fetchone()
        if found is None:
            return None
        row.pk = _insert(cursor, row)
        drafted.resource = next(unit for unit in units if unit.id == found[0])
        drafted.reservation_id = row.pk
        drafted.pk = _insert(cursor, drafted)
        told = [_tell(cursor, row, kind.name, by=ask.by) for kind in drafts.events_of(row)]
    row.just_taken = [drafted]
    events.tell(told)
    return row


def _tell(cursor: CursorWrapper, row: Reservation, name: str, *, by: Caller) -> int:
    at = _adapted(row.created_at)
    cursor.execute(_TELL, [row.venue_id, row.pk, name, at, at, by.name, by.kind])
    return int(cursor.lastrowid)


def _insert(cursor: CursorWrapper, row: Model) -> int:
    """Inserts a row of any model without Django's overhead, and returns its id."""
    text, names, prepared = _insertion(type(row))
    values = {name: getattr(row, name) for name in names}
    for field in prepared:
        values[field.attname] = field.get_db_prep_save(values[field.attname], cursor.db)
    cursor.execute(text, list(values.values()))
    row._state.adding, row._state.db = False, connection.alias
    return int(cursor.lastrowid)


@cache
def _insertion(model: type[Model]) -> tuple[str, list[str], list[Any]]:
    """The SQL that inserts a row of a model, its attributes, and the fields that need adapting.

    The driver takes all types as they are except instants, JSON and UUIDs.
    """
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join([f'"{field.column}"' for field in fields])
    marks = ", ".join(["%s"] * len(fields))
    text = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'  # noqa: S608
    adapted = [one for one in fields if isinstance(one, DateTimeField | JSONField | UUIDField)]
    return text, [field.attname for field in fields], adapted


def _adapted(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _drafted(row: Reservation, ask: Ask, unit: Resource) -> Allocation:
    placement = Placement(units=[unit], is_locked=ask.resource is not None)
    (drafted,) = drafts.allocations(row, placement, ask.taken)
    return drafted
