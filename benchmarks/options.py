"""The options of a benchmark."""

from dataclasses import dataclass

from benchmarks.measuring import PAIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`rows` reservations in the database, `pairs` turns of `seconds`; `keep` keeps the databases.

    `file` and `units` (TYPE=COUNT) are the year that `replay` plays and its rooms.
    """

    rows: int = 1_000_000
    pairs: int = PAIRS
    seconds: float = 4.0
    keep: bool = False
    file: str = ""
    units: list[str] | None = None
