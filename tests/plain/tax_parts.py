"""The taxes in money that was paid and given back, worked out slowly, a unit at a time.

It shares no code with the product. Money is a list of piles: what taxes it, how much, and the tax.
"""

from decimal import ROUND_FLOOR, Decimal, localcontext

Pile = list[int]
"""How much, and the tax in it."""
Money = dict[str, Pile]
"""Piles by the name of what taxes them; "" for none."""


class PlainReceipts:
    """The receipts of one stay."""

    def __init__(self) -> None:
        self.shown: Money = {}
        self.charged: Money = {}

    def pay(self, amount: int) -> Money:
        """Returns what a receipt of so much says."""
        room = max(0, amount_of(self.charged) - amount_of(self.shown))
        taken = min(room, amount)
        told = take(less(self.charged, self.shown), taken)
        return self._add(more(told, {"": [amount - taken, 0]}))

    def give_back(self, amount: int) -> Money:
        """Returns what a receipt of so much given back says, below zero."""
        over = min(amount, max(0, amount_of(self.shown) - amount_of(self.charged)))
        told = take(less(self.shown, self.charged), over)
        left = less(self.shown, told)
        told = more(told, take(left, amount - over))
        return self._add(less({}, told))

    def _add(self, told: Money) -> Money:
        self.shown = more(self.shown, told)
        return told


def take(money: Money, amount: int) -> Money:
    """Takes so much from all piles alike. Units that are left over go where most is missing."""
    whole = amount_of(money)
    if not amount or whole <= 0:
        return {}
    taken: Money = {}
    missing: dict[str, int] = {}
    for name in sorted(money):
        # In wholes of a unit: what is missing is in `whole`-ths.
        units, lacks = divmod(money[name][0] * amount, whole)
        taken[name], missing[name] = [units, 0], lacks
    while amount_of(taken) < amount:
        most = max(missing.values())
        name = next(name for name in sorted(missing) if missing[name] == most)
        taken[name][0] += 1
        missing[name] = -1
    for name, (units, tax) in money.items():
        part, of = (taken[name][0], units) if units else (amount, whole)
        taken[name][1] = rounded(tax * part, of)
    return taken


def rounded(number: int, by: int) -> int:
    """Divides, to the nearest; of two, the larger."""
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(2 * number + abs(by) * (1 if by > 0 else -1)) / Decimal(2 * by)
        return int(exact.to_integral_value(ROUND_FLOOR))


def more(one: Money, other: Money) -> Money:
    """Puts piles together."""
    names = {*one, *other}
    sums = {
        name: [a + b for a, b in zip(one.get(name, [0, 0]), other.get(name, [0, 0]), strict=True)]
        for name in names
    }
    return {name: pile for name, pile in sums.items() if pile != [0, 0]}


def less(one: Money, other: Money) -> Money:
    """Takes piles away."""
    return more(one, {name: [-amount, -tax] for name, (amount, tax) in other.items()})


def amount_of(money: Money) -> int:
    """How much it is."""
    return sum(amount for amount, _tax in money.values())
