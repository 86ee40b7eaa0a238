"""Explains in one line why the database cannot be used, and what to do."""

from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError

_IN_SQLITE = {
    "not a database": "Put a backup in its place, or move it away to begin with an empty one.",
    "malformed": "Put a backup in its place, or move it away to begin with an empty one.",
    "unable to open": "Make it readable and writable for this user, or set DATA_DIR.",
    "readonly": "Make it writable for this user, or set DATA_DIR.",
    "disk I/O": "See that the disk works and has room, or set DATA_DIR.",
    "is full": "Make room on the disk, or set DATA_DIR.",
    "locked": "Stop what else is writing to it, then try again.",
    "no such table": "Run bin/manage prepare first.",
}
_OF_CONNECTING = ("connection", "resolve")


def line(error: DatabaseError | InterfaceError, database: Mapping[str, Any]) -> str | None:
    """Returns the line for an error of `database` (its settings). None if the fault is ours: show
    the traceback.
    """
    said = next(iter(str(error).splitlines()), "").strip()
    is_its_state = isinstance(error, OperationalError | InterfaceError)
    if not is_its_state and type(error) is not DatabaseError:
        return None
    if "sqlite" not in database["ENGINE"]:
        return _of_postgresql(said)
    for words, advice in _IN_SQLITE.items():
        if words in said:
            return f"The database {database['NAME']} cannot be used: {said}. {advice}"
    return None


def _of_postgresql(said: str) -> str | None:
    if not any(word in said for word in _OF_CONNECTING):
        return None
    reason = said.rpartition("failed: ")[2].replace("FATAL:  ", "").rstrip(".")
    return f"The database cannot be reached: {reason}. Start it, or correct DATABASE_URL."
