"""Judges what a change owes that gives up something sold when cancelling is no longer free."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from guests.callers import Caller
from reservations.errors import FeeApplies, Forbidden, Invalid, WrongStatus
from reservations.event_types import ModifiedData
from reservations.models import Reservation
from reservations.pricing import owed
from reservations.pricing.changed_prices import Repriced, reprice
from reservations.pricing.terms import terms_of
from reservations.requests import Change, Reprice
from reservations.rules import parties, permissions
from venues import prices
from venues.hours import Window
from venues.models import Category, Venue


@dataclass(frozen=True, slots=True)
class Settled:
    """What a change does to the money of a reservation, in minor units."""

    repriced: Repriced
    fee_minor: int
    data: ModifiedData
    """What its event says of this."""

    def write(self, row: Reservation) -> list[str]:
        """Sets price, terms and fee, but no instants. Returns the names of the fields set."""
        row.tariff = self.repriced.terms.to_json()
        row.fee_due_minor += self.fee_minor
        return ["tariff", "fee_due_minor"]


def may(row: Reservation, now: datetime) -> bool:
    """True when the guest may change range, unit or party at `now`, as far as time decides."""
    if not row.confirmed_at or not owed.is_late(row, now):
        return True
    return terms_of(row).promised.may_change_late


def fee_minor(row: Reservation, repriced: Repriced, now: datetime) -> int:
    """The fee that a change made at `now` owes, in minor units."""
    is_late = row.confirmed_at is not None and owed.is_late(row, now)
    return repriced.fee_minor(row.starts_at, now) if is_late else 0


def settle(
    row: Reservation,
    wish: Change,
    *,
    venue: Venue,
    category: Category,
    window: Window,
    by: Caller,
    now: datetime,
    cut_at: datetime | None = None,
    is_moved: bool = False,
    units: Collection[int] = (),
) -> Settled:
    """Prices a change of a locked reservation, and says what fee it owes. Writes nothing.

    `cut_at` and `is_moved` are of a guest in house: from when on they are in another category, and
    whether they get another unit. `units` are those (ids) that the guest had before. Raises
    FeeApplies, WrongStatus, Invalid or Forbidden.
    """
    _judge_words(row, wish, by)
    is_staff = permissions.is_staff(by, row.venue_id)
    if not (is_staff or may(row, now)):
        raise WrongStatus(
            gettext("This can no longer be changed. Ask the venue, or cancel the reservation.")
        )
    how = wish.reprice or (Reprice.KEEP if is_staff and is_moved else Reprice.ADDED)
    repriced = reprice(
        row,
        venue,
        category,
        window,
        how=how,
        cut_at=cut_at,
        units=units,
        party=parties.wished(row, wish),
    )
    fee, data = fee_minor(row, repriced, now), ModifiedData(changed={})
    if wish.reprice:
        data["reprice"] = wish.reprice.value
    if fee and _is_waived(wish, by, is_staff=is_staff):
        data["waived_minor"] = fee
        fee = 0
    if fee and not wish.accept_fee:
        raise FeeApplies(
            fee=_money(fee, row.currency), price=_money(repriced.price_minor, row.currency)
        )
    if fee:
        data["fee_minor"] = fee
    if wish.reason:
        data["reason"] = wish.reason
    return Settled(repriced, fee, data)


def _judge_words(row: Reservation, wish: Change, by: Caller) -> None:
    """Raises Forbidden for words that only staff may say, Invalid where they lack a reason."""
    is_of_staff = bool(wish.reason) or wish.reprice not in (None, Reprice.ADDED)
    if is_of_staff and not permissions.is_staff(by, row.venue_id):
        raise Forbidden(gettext("Only staff of this venue can set a price or a fee aside."))
    is_staff = permissions.is_staff(by, row.venue_id)
    if is_staff and by.kind != "system" and wish.reprice and not wish.reason:
        raise Invalid("reason", gettext("Say why: give a reason with `reprice`."))


def _is_waived(wish: Change, by: Caller, *, is_staff: bool) -> bool:
    # The system itself, such as an import, asks nobody.
    if by.kind == "system" and wish.accept_fee is None:
        return True
    if wish.accept_fee is not False or not is_staff:
        return False
    if not wish.reason:
        raise Invalid("reason", gettext("Say why no fee is owed: give a reason."))
    return True


def _money(amount_minor: int, currency: str) -> dict[str, str]:
    return {"amount": str(prices.decimal(amount_minor, currency)), "currency": currency}
