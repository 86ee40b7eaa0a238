"""Works out what a change of range or category costs, and what it gives up of what was sold."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from reservations.models import Reservation
from reservations.pricing import charges, promises
from reservations.pricing.charges import Charges, Party
from reservations.pricing.promises import Promised
from reservations.pricing.terms import (
    Sale,
    Terms,
    charges_today,
    common,
    rates_today,
    terms_of,
)
from reservations.requests import Reprice
from venues import catalogue
from venues.hours import Window
from venues.models import Category, Venue

_WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Repriced:
    """The terms and the price after a change, and what it gives up, all in minor units.

    `given_up_minor` is the kept price of what was sold, less that of what remains of it.
    """

    terms: Terms
    price_minor: int
    given_up_minor: int
    sold: Promised
    """What was promised before the change: giving up costs what it says."""

    def fee_minor(self, start: datetime, now: datetime) -> int:
        """The fee for what is given up, if cancelling costs at `now`. `start` is that before."""
        return self.given_up_minor * self.sold.percent_at(start, now) // 100


def reprice(
    row: Reservation,
    venue: Venue,
    category: Category,
    window: Window,
    *,
    how: Reprice = Reprice.ADDED,
    cut_at: datetime | None = None,
    units: Collection[int] = (),
    party: Party | None = None,
) -> Repriced:
    """Prices a reservation for another range, or category, or both. Writes nothing.

    `venue` and `category` have today's rates. For a guest who is in house, `cut_at` (UTC) is the
    instant up to which the stay was in the present category; None before arrival. `units` are
    those (ids) that the guest had: a unit with rates of its own is priced as another category is.
    `party` is who will come, None where that stays. The taxes, fees and extras stay those that were
    sold, but for `how` ALL. Before arrival the terms of payment become the stricter ones, of those
    sold and those of the other category or day, but for `how` KEEP.
    """
    before, terms = Window(row.starts_at, row.ends_at), terms_of(row)
    is_other = category.pk != row.category_id or (
        catalogue.priced_unit(venue, units) != category.priced_unit
    )
    is_same = window == before and not is_other
    if is_same and how is not Reprice.ALL:
        return _of_party(terms, row.price_minor, party)
    price = row.price_minor
    changed = _changed(terms, venue, category, window, how=how, cut_at=cut_at, is_other=is_other)
    if how is Reprice.ALL:
        codes = terms.charges.chosen() if terms.charges else ()
        changed = replace(changed, charges=_charges_today(row, venue, window, codes))
    changed = replace(changed, party=party or terms.party)
    remains = common(before, window)
    worth = terms.price(remains) if remains else 0
    if is_other and remains and how is not Reprice.KEEP:
        # Of another category, what remains is worth what it costs there.
        worth = min(worth, changed.price(remains))
    if (
        cut_at is None
        and how is not Reprice.KEEP
        and _has_other_terms(row, venue, category, window)
    ):
        offered = promises.promised_by(venue, category, window)
        promised = promises.stricter(
            terms.promised, offered, changed.price(), asked_minor=row.due_now_minor
        )
        changed = replace(changed, promised=promised)
    return Repriced(changed, changed.price(), max(0, price - worth), terms.promised)


def _has_other_terms(row: Reservation, venue: Venue, category: Category, window: Window) -> bool:
    """Whether terms of payment may differ: they go by the category and the date of the start."""
    zone = venue.zone
    is_other_day = window.start.astimezone(zone).date() != row.starts_at.astimezone(zone).date()
    return category.pk != row.category_id or is_other_day


def _of_party(terms: Terms, price_minor: int, party: Party | None) -> Repriced:
    """Another party in the same range: only what goes by the party changes."""
    after = replace(terms, party=party or terms.party)
    more = after.price() - terms.price()
    return Repriced(after, max(0, price_minor + more), 0, terms.promised)


def _charges_today(
    row: Reservation, venue: Venue, window: Window, codes: Sequence[str]
) -> Charges | None:
    """Today's charges, without extras that are sold no more."""
    known = {one.code for one in charges.offered(venue)}
    kept = [code for code in codes if code in known]
    return charges_today(venue, window, kept, is_of_partner=bool(row.partner))


def _changed(
    terms: Terms,
    venue: Venue,
    category: Category,
    window: Window,
    *,
    how: Reprice,
    cut_at: datetime | None,
    is_other: bool,
) -> Terms:
    latest = terms.sales[-1]
    today = Sale(window, rates_today(venue, category, window))
    match how:
        case Reprice.ALL:
            return terms.sold_anew(window, today.rates, _WHOLE)
        case Reprice.KEEP:
            kept, added = common(terms.sold, window), latest
        case Reprice.ADDED:
            kept, added = common(terms.sold, window), today
            if is_other:
                kept = common(kept, Window(window.start, cut_at)) if kept and cut_at else None
    if kept is None:
        return terms.sold_anew(window, added.rates, added.scale)
    trimmed = terms.trimmed(kept)
    return trimmed if kept == window else trimmed.extended(window, added.rates, added.scale)
