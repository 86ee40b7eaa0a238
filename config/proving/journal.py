"""The calls and answers of a client, written as they happen and read back at the end.

A line before each call has what is asked, a line after it has the answer. If a client is killed in
between, only the first line is there, and the outcome is unknown.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from reservations.models import Reservation

Outcome = Literal["ok", "refused", "unknown", "fault", "seen"]
"""`fault` is an exception that is neither a refusal nor a lost connection. `seen` is a violation
that a client saw in the database."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A reservation as an answer returned it."""

    id: int
    version: int
    category: str
    guest_count: int
    starts_at: datetime
    ends_at: datetime
    hold_expires_at: datetime | None = None
    no_show_at: datetime | None = None
    confirmed_at: datetime | None = None
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    cancelled_at: datetime | None = None
    expired_at: datetime | None = None
    missed_at: datetime | None = None
    completed_at: datetime | None = None
    round: int = 0
    price_minor: int = 0
    fee_due_minor: int = 0


FACTS = tuple(one.name for one in fields(Seen) if one.name not in ("id", "version", "category"))
"""The fields in which the row must equal the answer, if nothing was written after it."""


@dataclass(slots=True)
class Call:
    """One call of a client. The remarks of what it makes hold its `mark`."""

    client: int
    number: int
    verb: str
    asked_at: datetime
    about: int | None = None
    others: list[int] = field(default_factory=list)
    """The second reservation of a swap, or the other ones of a group."""
    unit: int | None = None
    count: int = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    closure: str = ""
    answered_at: datetime | None = None
    outcome: Outcome = "unknown"
    code: str = ""
    frees_at: datetime | None = None
    seen: list[Seen] = field(default_factory=list)

    @property
    def ids(self) -> set[int]:
        """The ids of the reservations that the call is about. Empty when it makes new ones."""
        return {*self.others, *([self.about] if self.about is not None else [])}

    @property
    def mark(self) -> str:
        """The mark of the call. It ends in the number of reservations, such as `/3` for a group of
        three.
        """
        return f"{self.client}-{self.number}/{self.count}"

    @property
    def name(self) -> str:
        """The name of the call in reports."""
        return f"call {self.number} of client {self.client} ({self.verb})"


class Journal:
    """The file of one client."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, call: Call) -> None:
        """Writes the call as it is. The last line with its number counts."""
        self._file.write(orjson.dumps(call) + b"\n")
        # A killed process leaves only what was flushed.
        self._file.flush()


@contextmanager
def journal(path: Path) -> Iterator[Journal]:
    """Yields a journal and closes its file after the block."""
    with path.open("ab") as file:
        yield Journal(file)


def seen(row: Reservation) -> Seen:
    """Returns a reservation as an answer returns it."""
    told = {name: getattr(row, name) for name in FACTS}
    return Seen(id=row.pk, version=row.version, category=row.category.code, **told)


def read(paths: Iterable[Path]) -> list[Call]:
    """Returns every call of every client, in the order in which they were made."""
    calls: dict[tuple[int, int], Call] = {}
    for path in paths:
        for call in _read(path):
            calls[call.client, call.number] = call
    return sorted(calls.values(), key=lambda call: (call.asked_at, call.client))


def _read(path: Path) -> Iterator[Call]:
    for line in path.read_bytes().splitlines(keepends=True):
        # The last line of a killed client may be incomplete.
        if line.endswith(b"\n"):
            told = orjson.loads(line)
            rows = [Seen(**_instants(row)) for row in told.pop("seen")]
            yield Call(**_instants(told), seen=rows)


def _instants(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in told.items()
    }
