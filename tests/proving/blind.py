"""An engine that does not look: every unit is free to it, whoever has it.

For databases whose guard is to show what it is worth, or is to be missed.
"""

from importlib import import_module
from typing import Any

from django.apps import AppConfig

_WITHOUT_NAMING = """
INSERT INTO reservations_allocation
    (venue_id, resource_id, reservation_id, closure_id, reason,
     starts_at, ends_at, promised_local, is_live, is_locked, lapses_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, true, %s, %s)
RETURNING id
"""


class Blind(AppConfig):
    name = "tests.proving"
    label = "blind"

    def ready(self) -> None:
        # By name, since they stand on models, which this module is loaded before.
        engine: Any = import_module("reservations.allocation.ledger")
        engine.free_units = lambda units, span: units
        engine.taken_rows = lambda units, span: []
        engine._TAKE = _WITHOUT_NAMING
        glance: Any = import_module("reservations.lifecycle.hold_statement")
        glance.write = lambda row, ask, units: None
