"""What a benchmark is asked to do."""

from dataclasses import dataclass

from benchmarks.measuring import PAIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`rows` reservations before, `pairs` turns of `seconds`; `keep` the seeded databases.

    `file` and `units` (TYPE=COUNT) say which year `replay` plays, and with how many rooms.
    """

    rows: int = 1_000_000
    pairs: int = PAIRS
    seconds: float = 4.0
    keep: bool = False
    file: str = ""
    units: list[str] | None = None
