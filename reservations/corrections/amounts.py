"""The amounts of a reservation before an event that is taken back."""

from reservations.event_types import PRICE_ADJUSTED
from reservations.models import Event, Reservation
from reservations.rules import differences

_OF_PRICE = ("price_minor", "cancel_fee_minor")


def before(reservation: Reservation, event: Event) -> dict[str, int]:
    """By column, in minor units, what to set where the event is undone; what it left is absent.

    A price that a manager has set since stays, and a fee that was waived is not owed again.
    """
    changed = event.data.get("changed", {})
    found: dict[str, int] = differences.taken_back(changed, *_OF_PRICE)
    overstay, fee = event.data.get("overstay_minor"), event.data.get("fee_minor", 0)
    if isinstance(overstay, int):
        found.setdefault("price_minor", reservation.price_minor - overstay)
    since = reservation.events.filter(name=PRICE_ADJUSTED.name, pk__gt=event.pk)
    if since.exists():
        found = {}
    if "fee_due_minor" in changed:
        fee = changed["fee_due_minor"]["to"] - changed["fee_due_minor"]["from"]
    if fee:
        found["fee_due_minor"] = max(0, reservation.fee_due_minor - fee)
    return found
