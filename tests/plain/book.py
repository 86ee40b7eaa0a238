"""A venue's book of stays kept by hand: who has which unit when, who is in it, and what is owed.

It is slow and plain: each question looks at all stays. It shares no code with the product. There
are no buffers.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.plain.fee import PlainStay, Range

INSTANT = timedelta(microseconds=1)


@dataclass
class Entry:
    """One stay in the book. Instants are aware, in UTC; amounts are in minor units."""

    unit: int
    start: datetime
    end: datetime
    stay: PlainStay
    held_until: datetime | None
    missed_from: datetime
    confirmed: bool = False
    came: datetime | None = None
    left: datetime | None = None
    cancelled: datetime | None = None
    is_released: bool = False
    """True once staff gave a no-show's rest to others, from `given_up` on."""
    given_up: datetime | None = None
    waits_from: datetime | None = None
    """Since when the stay holds its present time, if it was moved or taken back."""
    final: int | None = None
    """The price after leaving."""
    owed_before: int = 0
    """The fees that were owed before it was cancelled."""
    is_adjusted: bool = False
    is_fixed: bool = True
    """True when the stay keeps its unit: the guest chose it, has come, or staff swapped it."""
    was_movable: bool = False
    """True when only the arrival fixed the unit."""
    fee_kept: int | None = None
    """What not coming costs, where something else than the usual percentage was agreed."""

    def can_move(self, now: datetime) -> bool:
        """True when the product may give the stay another unit, to make room."""
        return not self.is_fixed and self.start > now and self.status(now) in ("held", "upcoming")

    def status(self, now: datetime) -> str:
        if self.cancelled:
            return "cancelled"
        if not self.confirmed:
            lapsed = self.held_until is not None and now >= self.held_until
            return "expired" if lapsed else "held"
        if self.left:
            return "left"
        if self.came:
            return "present"
        return "no_show" if now >= self.missed_from else "upcoming"

    def taken(self, now: datetime, *, frees_missed: bool) -> Range | None:
        """The time that nobody else can have, as seen at `now`, or None."""
        match self.status(now):
            case "cancelled" | "expired":
                return None
            case "left":
                assert self.left is not None
                end = min(self.left, self.end)
            case "no_show":
                end = self.missed_from if frees_missed else self.end
                if self.given_up is not None:
                    end = self.given_up
            case _:
                end = self.end
        start = min(self.start, self.came or self.start)
        return (start, end) if start < end else None

    def price(self) -> int:
        return self.final if self.final is not None else self.stay.price()

    def owes(self, now: datetime, *, frees_missed: bool) -> int:
        """All that is owed, paid or not. A no-show whose time others have owes the fee alone."""
        fees = self.stay.owed
        match self.status(now):
            case "cancelled" | "expired":
                return fees
            case "no_show" if frees_missed:
                return fees + self.fee_of_missing()
            case _:
                return self.price() + fees

    def fee_of_missing(self) -> int:
        if self.fee_kept is not None:
            return self.fee_kept
        return self.price() * self.stay.percent // 100


@dataclass
class Book:
    """All stays of a venue, by the id that the product gave them."""

    frees_missed: bool
    units: list[int]
    entries: dict[int, Entry] = field(default_factory=dict)

    def in_the_way(self, unit: int, wanted: Range, now: datetime, *, but: int = 0) -> list[int]:
        """The ids of stays that have the unit in some of this time."""
        return [
            key
            for key, entry in self.entries.items()
            if entry.unit == unit
            and key != but
            and (taken := entry.taken(now, frees_missed=self.frees_missed)) is not None
            and taken[0] < wanted[1]
            and wanted[0] < taken[1]
        ]

    def inside(self, unit: int, now: datetime) -> list[int]:
        """The ids of guests who are in a unit."""
        return [
            key
            for key, entry in self.entries.items()
            if entry.unit == unit and entry.status(now) == "present"
        ]

    def overstaying(self, unit: int, now: datetime, *, but: int = 0) -> bool:
        """True when a guest is in the unit whose end has passed."""
        return any(key != but and self.entries[key].end <= now for key in self.inside(unit, now))

    def can_have(self, unit: int, wanted: Range, now: datetime, *, but: int = 0) -> bool:
        """True when a stay may take the unit for this range, which has not ended."""
        begins_now = wanted[0] <= now < wanted[1]
        if begins_now and self.overstaying(unit, now, but=but):
            return False
        return not self.in_the_way(unit, (max(wanted[0], now), wanted[1]), now, but=but)

    def can_seat(self, wanted: Range, now: datetime, *, on: int | None, but: int = 0) -> bool:
        """True when all stays fit with one that wants this range, on unit `on` or on any.

        Those that can move may be anywhere. Each arrangement is tried.
        """
        seats: list[tuple[Range, int | None]] = [((max(wanted[0], now), wanted[1]), on)]
        for key, entry in self.entries.items():
            taken = entry.taken(now, frees_missed=self.frees_missed)
            if key != but and taken is not None and taken[1] > now:
                seats.append((taken, None if entry.can_move(now) else entry.unit))
        sold = {unit for span, unit in seats[1:] if span[0] <= now < span[1]}
        seats += [
            ((now, now + INSTANT), unit)
            for unit in self.units
            if unit not in sold and self.overstaying(unit, now, but=but)
        ]
        # Those on a fixed unit first.
        seats.sort(key=lambda seat: (seat[1] is None, seat[0]))
        return self._fit(seats, {unit: [] for unit in self.units})

    def _fit(self, seats: list[tuple[Range, int | None]], given: dict[int, list[Range]]) -> bool:
        if not seats:
            return True
        (span, unit), *rest = seats
        for one in self.units if unit is None else [unit]:
            if any(span[0] < other[1] and other[0] < span[1] for other in given[one]):
                continue
            given[one].append(span)
            if self._fit(rest, given):
                return True
            given[one].pop()
        return False
