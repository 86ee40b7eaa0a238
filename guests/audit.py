"""What an operator must be able to read afterwards: one log line for each act that guards doors.

docs/audit.md lists the acts. A line names people by id and partners by slug. It never holds a
password, a token, a key, or contact data.
"""

import logging

_log = logging.getLogger("audit")


def note(act: str, *, by: str, place: str, **facts: str | int) -> None:
    """Write one line. `by` is who acted (`user:7`), `place` the network address they came from."""
    _log.info(act, extra={"by": by, "place": place, **facts})
