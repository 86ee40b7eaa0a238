"""What a guest has paid and owes, worked out slowly from the list of what the desk did.

It shares no code with the product.
"""

from dataclasses import dataclass, field


@dataclass
class PlainFolio:
    """One confirmed stay. Amounts are in minor units."""

    price: int
    fee: int = 0
    acts: list[tuple[str, int]] = field(default_factory=list)

    def pay(self, amount: int) -> bool:
        """Takes money. False where that is refused."""
        return self._done("pay", amount, amount > 0)

    def give_back(self, amount: int) -> bool:
        """Gives money back. False where it is more than there is."""
        return self._done("back", amount, 0 < amount <= self.paid())

    def adjust(self, price: int) -> None:
        """Sets the price."""
        self.acts.append(("adjust", price - self.price))
        self.price = price

    def waive(self) -> None:
        """Forgives the fees."""
        self.acts.append(("waive", -self.fee))
        self.fee = 0

    def paid(self) -> int:
        """What was paid, less what was given back."""
        taken = sum(amount for act, amount in self.acts if act == "pay")
        return taken - sum(amount for act, amount in self.acts if act == "back")

    def due(self) -> int:
        """What is still to be paid."""
        return max(self.price + self.fee - self.paid(), 0)

    def _done(self, act: str, amount: int, may: bool) -> bool:
        if may:
            self.acts.append((act, amount))
        return may
