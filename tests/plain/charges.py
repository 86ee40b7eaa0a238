"""What taxes and extras add to a price, worked out slowly: person by person, night by night.

It shares no code with the product. Amounts are in minor units.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

DAY = timedelta(days=1)


@dataclass(frozen=True)
class PlainTax:
    """A tax. `rate` is a share (a fraction of 1), else `amount` is per `basis`."""

    code: str
    basis: str
    amount: int = 0
    rate: Fraction = Fraction(0)
    from_age: int = 0
    most_nights: int = 10_000
    included: bool = False
    first: date = date.min
    last: date = date.max


@dataclass(frozen=True)
class PlainExtra:
    """An extra or a fee that was sold."""

    code: str
    basis: str
    amount: int
    from_age: int = 0
    tax: str = ""


@dataclass
class PlainBill:
    """What a stay costs: the room, what is added to it, and which taxes are within."""

    arrive: date
    leave: date
    adults: int
    ages: list[int]
    taxes: list[PlainTax]
    extras: list[PlainExtra]
    added: dict[str, int] = field(default_factory=dict)
    within: dict[str, int] = field(default_factory=dict)

    def total(self, room: Fraction) -> int:
        """Fills in `added` and `within`, and returns all that the guest pays."""
        self.added, self.within = {}, {}
        costs = {one.code: one.amount * self._times(one.basis, one.from_age) for one in self.extras}
        for code, cost in costs.items():
            self.added[f"extra:{code}"] = cost
        fixed_within = 0
        for tax in self.taxes:
            if tax.basis in ("room", "extra"):
                continue
            amount = self._amount(tax)
            if tax.included:
                fixed_within += amount
                self._note(self.within, tax.code, amount)
            else:
                self._note(self.added, tax.code, amount)
        for tax in self._shares():
            if not tax.included:
                base = (room if tax.basis == "room" else Fraction(0)) + sum(
                    costs[one.code] for one in self.extras if one.tax == tax.code
                )
                self._note(self.added, tax.code, nearest(base * tax.rate))
        price = nearest(room)
        parts = [(max(0, price - fixed_within), self._of_room())]
        parts += [(costs[one.code], self._named(one.tax)) for one in self.extras]
        for amount, taxes in parts:
            together = 1 + sum((tax.rate for tax in taxes), Fraction(0))
            for tax in taxes:
                self._note(self.within, tax.code, nearest(amount * tax.rate / together))
        return price + sum(self.added.values())

    def _shares(self) -> list[PlainTax]:
        on = [tax for tax in self.taxes if tax.first <= self.arrive <= tax.last]
        return [tax for tax in on if tax.basis in ("room", "extra")]

    def _of_room(self) -> list[PlainTax]:
        return [tax for tax in self._shares() if tax.included and tax.basis == "room"]

    def _named(self, code: str) -> list[PlainTax]:
        return [tax for tax in self._shares() if tax.included and tax.code == code]

    def _amount(self, tax: PlainTax) -> int:
        total, taxed, night = 0, 0, self.arrive
        if tax.basis in ("stay", "person"):
            heads = self._heads(tax.from_age) if tax.basis == "person" else 1
            return tax.amount * heads if tax.first <= self.arrive <= tax.last else 0
        while night < self.leave and taxed < tax.most_nights:
            taxed += 1
            if tax.first <= night <= tax.last:
                heads = self._heads(tax.from_age) if tax.basis == "person_night" else 1
                total += tax.amount * heads
            night += DAY
        return total

    def _times(self, basis: str, from_age: int) -> int:
        nights = max(0, (self.leave - self.arrive).days) if "night" in basis else 1
        return nights * (self._heads(from_age) if "person" in basis else 1)

    def _heads(self, from_age: int) -> int:
        return self.adults + len([age for age in self.ages if age >= from_age])

    def _note(self, where: dict[str, int], code: str, amount: int) -> None:
        if amount:
            where[code] = where.get(code, 0) + amount


def nearest(amount: Fraction) -> int:
    """The nearest whole number, of two the larger."""
    whole = amount.numerator // amount.denominator
    return whole + (1 if amount - whole >= Fraction(1, 2) else 0)
