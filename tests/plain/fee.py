"""What a stay costs and owes through its changes, worked out slowly from the list of its acts.

It shares no code with the product.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.plain.price import PlainRate, exact

Range = tuple[datetime, datetime]


@dataclass
class PlainStay:
    """A stay of one category: each sale is a range and the tariff of the day it was sold.

    A later range holds the earlier ones. `owed` are the fees for what was given up late.
    """

    zone: ZoneInfo
    percent: int
    deadline: timedelta
    sales: list[tuple[Range, list[PlainRate]]] = field(default_factory=list)
    owed: int = 0

    def price(self) -> int:
        """The price in whole minor units, a half rounded up."""
        return _whole(self.worth(self.sales[-1][0]))

    def worth(self, kept: Range) -> Fraction:
        """The exact price of what a range keeps of the stay."""
        total, before = Fraction(0), None
        for sold, tariff in self.sales:
            part = _overlap(sold, kept)
            if part is None:
                continue
            total += exact(tariff, *part, self.zone)
            if before is not None:
                total -= exact(tariff, *before, self.zone)
            before = part
        return total

    def change(self, to: Range, today: list[PlainRate], now: datetime) -> int:
        """Changes the range at `now`, added time by today's tariff. Returns the fee it owes."""
        sold = self.sales[-1][0]
        kept = _overlap(sold, to)
        remains = _whole(self.worth(kept)) if kept else 0
        given_up = max(0, self.price() - remains)
        fee = self.fee(given_up, now)
        self.owed += fee
        before, self.sales = self.sales, []
        for was, tariff in before:
            part = _overlap(was, kept) if kept else None
            # A sale of which nothing is left prices nothing any more, an overstay neither.
            if part is not None and (not self.sales or part != self.sales[-1][0]):
                self.sales.append((part, tariff))
        if kept != to:
            self.sales.append((to, today))
        return fee

    def cancel(self, now: datetime) -> int:
        """The fees that are owed in all after cancelling at `now`."""
        return self.owed + self.fee(self.price(), now)

    def fee(self, given_up: int, now: datetime) -> int:
        """The fee for giving up, at `now`, what costs this much."""
        is_late = now > self.sales[-1][0][0] - self.deadline
        return given_up * self.percent // 100 if is_late else 0

    def left(self, at: datetime) -> int:
        """The price after leaving at `at`: never below what was sold."""
        (start, end), tariff = self.sales[-1]
        if at <= end:
            return self.price()
        more = exact(tariff, start, at, self.zone) - exact(tariff, start, end, self.zone)
        return max(self.price(), _whole(self.worth((start, end)) + more))

    def used(self, came: datetime, left: datetime) -> int:
        """The price of the time from arrival to departure, where only that is charged."""
        start, end = self.sales[-1][0]
        begin = min(came, start)
        sales = [
            ((begin if sold[0] == start else sold[0], sold[1]), tariff)
            for sold, tariff in self.sales
        ]
        if left > end:
            sales.append(((begin, left), sales[-1][1]))
        whole = PlainStay(self.zone, self.percent, self.deadline, sales)
        return _whole(whole.worth((came, left))) if came < left else 0


def _overlap(one: Range, other: Range) -> Range | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start < end else None


def _whole(amount: Fraction) -> int:
    return max(0, int(amount + Fraction(1, 2)) if amount >= 0 else 0)
