"""What a client asked and what it was answered: written as it happens, read back when all is over.

Before each call a line says what is asked, after it another what came of it; a client that is
killed in between leaves the first alone, and what became of that call is unknown.
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
"""`fault` is what must never be: an exception that is neither a refusal nor a lost connection.
`seen` is a violation that a client came upon with its own eyes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A reservation as an answer told it."""

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


FACTS = tuple(one.name for one in fields(Seen) if one.name not in ("id", "version", "category"))
"""What the row must say as well, where nothing was written after the answer."""


@dataclass(slots=True)
class Call:
    """One call of a client. `mark` is in the remarks of whatever the call makes."""

    client: int
    number: int
    verb: str
    asked_at: datetime
    about: int | None = None
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
    def mark(self) -> str:
        """`/3` at the end: of a group of three."""
        return f"{self.client}-{self.number}/{self.count}"

    @property
    def name(self) -> str:
        return f"call {self.number} of client {self.client} ({self.verb})"


class Journal:
    """The file of one client."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, call: Call) -> None:
        """The call as it stands; a later line stands for an earlier one of its number."""
        self._file.write(orjson.dumps(call) + b"\n")
        # So that what a killed process wrote is there.
        self._file.flush()


@contextmanager
def journal(path: Path) -> Iterator[Journal]:
    """A journal that is closed in the end."""
    with path.open("ab") as file:
        yield Journal(file)


def seen(row: Reservation) -> Seen:
    """What an answer tells of a reservation."""
    told = {name: getattr(row, name) for name in FACTS}
    return Seen(id=row.pk, version=row.version, category=row.category.code, **told)


def read(paths: Iterable[Path]) -> list[Call]:
    """Every call of every client, in the order in which they were asked."""
    calls: dict[tuple[int, int], Call] = {}
    for path in paths:
        for call in _read(path):
            calls[call.client, call.number] = call
    return sorted(calls.values(), key=lambda call: (call.asked_at, call.client))


def _read(path: Path) -> Iterator[Call]:
    for line in path.read_bytes().splitlines(keepends=True):
        # The last line of a killed client may end in the middle.
        if line.endswith(b"\n"):
            told = orjson.loads(line)
            rows = [Seen(**_instants(row)) for row in told.pop("seen")]
            yield Call(**_instants(told), seen=rows)


def _instants(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in told.items()
    }
