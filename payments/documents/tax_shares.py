"""What of each tax is in money that was received or given back, in proportion to the amount.

It knows no models. Amounts are in minor units, of whatever currency. The receipts of a reservation
together show the taxes of what is charged once that is paid, and none once all is given back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from payments.documents.issuance import DocumentLine
from venues import prices

Key = tuple[str, int | None]
"""The code and the rate of a tax, in hundredths of a percent."""

UNTAXED: Key = ("", None)


@dataclass(frozen=True, slots=True)
class Part:
    """An amount and the tax that is in it."""

    gross_minor: int = 0
    tax_minor: int = 0

    def __add__(self, other: "Part") -> "Part":
        return Part(self.gross_minor + other.gross_minor, self.tax_minor + other.tax_minor)

    def __neg__(self) -> "Part":
        return Part(-self.gross_minor, -self.tax_minor)


Parts = Mapping[Key, Part]
"""An amount by what taxes it. The parts without any tax are one."""


def of_lines(lines: Iterable[DocumentLine]) -> Parts:
    """Returns the amounts of lines by what taxes them."""
    return _sum(
        ((line.tax_code, line.tax_rate_bp) if line.tax_code else UNTAXED,
         Part(line.amount_minor, line.tax_minor))
        for line in lines
    )  # fmt: skip


def total(parts: Parts) -> int:
    """Returns what the parts add up to."""
    return sum(part.gross_minor for part in parts.values())


def received(amount_minor: int, *, charged: Parts, shown: Parts) -> Parts:
    """Returns the parts of an amount that was received.

    `shown` are those of all receipts before it. What is above the charges has no tax.
    """
    room = min(amount_minor, max(0, total(charged) - total(shown)))
    return plus(share(minus(charged, shown), room), {UNTAXED: Part(amount_minor - room)})


def given_back(amount_minor: int, *, charged: Parts, shown: Parts) -> Parts:
    """Returns the parts of an amount that was given back, all above zero where `shown` are.

    First goes what was paid above the charges, then of all that is left in proportion. What no
    receipt shows has no tax.
    """
    over = min(amount_minor, max(0, total(shown) - total(charged)))
    first = share(minus(shown, charged), over)
    left = minus(shown, first)
    rest = min(amount_minor - over, max(0, total(left)))
    parts = plus(first, share(left, rest))
    return plus(parts, {UNTAXED: Part(amount_minor - over - rest)})


def share(parts: Parts, amount_minor: int) -> Parts:
    """Returns so much of the parts, in proportion. Assumes no more than they add up to.

    The amounts add up exactly, by the largest remainder; of like ones the first by code gets more.
    The tax of each follows from its amount, half up. Of all, it is all.
    """
    whole = total(parts)
    if not amount_minor or whole <= 0:
        return {}
    exact = {
        key: Fraction(part.gross_minor * amount_minor, whole)
        for key, part in sorted(parts.items(), key=_order)
    }
    gross = {key: amount.numerator // amount.denominator for key, amount in exact.items()}
    by_remainder = sorted(exact, key=lambda key: gross[key] - exact[key])
    for key in by_remainder[: amount_minor - sum(gross.values())]:
        gross[key] += 1
    return {
        key: Part(gross[key], _tax(part, gross[key], Fraction(amount_minor, whole)))
        for key, part in parts.items()
    }


def plus(one: Parts, other: Parts) -> Parts:
    """Returns the sums of both. What is zero is left out."""
    return _sum([*one.items(), *other.items()])


def minus(one: Parts, other: Parts) -> Parts:
    """Returns the differences. What is zero is left out."""
    return _sum([*one.items(), *negated(other).items()])


def negated(parts: Parts) -> Parts:
    """Returns the parts below zero."""
    return {key: -part for key, part in parts.items()}


def _tax(part: Part, gross_minor: int, portion: Fraction) -> int:
    # A second tax within an amount stands by itself, with none of its own.
    exact = Fraction(gross_minor, part.gross_minor) if part.gross_minor else portion
    return prices.half_up(part.tax_minor * exact)


def _sum(pairs: Iterable[tuple[Key, Part]]) -> Parts:
    sums: dict[Key, Part] = {}
    for key, part in pairs:
        sums[key] = sums.get(key, Part()) + part
    return {key: part for key, part in sums.items() if part != Part()}


def _order(pair: tuple[Key, Part]) -> tuple[str, int]:
    (code, rate_bp), _part = pair
    return code, -1 if rate_bp is None else rate_bp
