"""The terms of a reservation as sold: its tariffs, stretch by stretch, and what policy promised.

They live in the column `tariff`, as JSON. A stay is a list of sales, each for a range that holds
the one before: the first is what was booked, each further one an extension. Let T be a tariff. The
price of a kept range is T0(K0) + sum of Ti(Ki) - Ti(Ki-1), where Ki is what is kept of the range of
sale i. So every stretch keeps the tariff it was sold by, and time taken back gives back what it
added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from reservations.models import Reservation
from reservations.pricing import charges, promises
from reservations.pricing.charges import Charges, LineKind, Party, PriceLine
from reservations.pricing.promises import Columns, Promised
from venues import catalogue, prices
from venues.hours import Window
from venues.models import Category, Rate, Venue

MARGIN = timedelta(days=2)
"""How long before the start rates may apply: an early guest, or a rate that runs past midnight."""

_ONE = Party()


@dataclass(frozen=True, slots=True)
class Sale:
    """A range as it was sold, the rates of that day, and the factor of a price agreed otherwise."""

    window: Window
    rates: Sequence[Rate]
    scale: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Terms:
    """The sales of a reservation, from the first to the latest, each holding the one before.

    `extra` is a part of the price, in minor units, that no rate explains. `charges` are the taxes,
    fees and extras, None without any, and `rounding` what an agreed price has beyond their sum.
    """

    sales: list[Sale]
    zone: ZoneInfo
    is_by_use: bool
    promised: Promised
    extra: Fraction = Fraction(0)
    charges: Charges | None = None
    party: Party = _ONE
    rounding: int = 0

    @property
    def sold(self) -> Window:
        """The whole range that was sold."""
        return self.sales[-1].window

    def exact(self, window: Window) -> Fraction:
        """The price by rates in minor units, not rounded, of what `window` keeps of the range."""
        total, before = Fraction(0), None
        for sale in self.sales:
            kept = common(sale.window, window)
            if kept is None:
                continue
            amount = self._of(sale, kept)
            if before is not None:
                amount -= self._of(sale, before)
            total += sale.scale * amount
            before = kept
        return total + self.extra if before is not None else Fraction(0)

    def price(self, window: Window | None = None) -> int:
        """The price in minor units of what `window` keeps, by default of all that was sold."""
        window = window or self.sold
        return self.total(self.exact(window), window)

    def total(self, room: Fraction, window: Window) -> int:
        """The price in minor units with taxes, fees and extras, where rates ask for `room`."""
        kept = common(self.sold, window)
        if self.charges is None or kept is None:
            return max(0, prices.half_up(room))
        added = self.charges.added(room, kept, self.zone, self.party) + self.rounding
        return max(0, prices.half_up(room) + added)

    def lines(self, price_minor: int) -> list[PriceLine]:
        """The lines of a price of all that was sold, which may have been agreed otherwise."""
        sold, room = self.sold, self.exact(self.sold)
        if self.charges is None:
            return [PriceLine(kind=LineKind.STAY, amount_minor=price_minor)] if price_minor else []
        if price_minor != self.price():
            room = self.charges.room_of(price_minor, sold, self.zone, self.party)
        return self.charges.lines(price_minor, room, sold, self.zone, self.party)

    def until(self, at: datetime) -> int:
        """The price in minor units of the range up to `at` (UTC), 0 at or before its start."""
        return self.price(Window(self.sold.start, at)) if at > self.sold.start else 0

    def trimmed(self, window: Window) -> "Terms":
        """The terms of what `window` keeps of the range, which must be something."""
        sales: list[Sale] = []
        for sale in self.sales:
            kept = common(sale.window, window)
            if kept is not None and (not sales or kept != sales[-1].window):
                sales.append(replace(sale, window=kept))
        return replace(self, sales=sales)

    def extended(self, window: Window, rates: Sequence[Rate], scale: Fraction) -> "Terms":
        """The terms with the time that `window` adds, sold by these rates."""
        latest = self.sales[-1]
        is_same = latest.scale == scale and prices.kept(latest.rates) == prices.kept(rates)
        # By the same rates, two sales are one: the price between them cancels out.
        before = self.sales[:-1] if is_same else self.sales
        return replace(self, sales=[*before, Sale(window, rates, scale)])

    def sold_anew(self, window: Window, rates: Sequence[Rate], scale: Fraction) -> "Terms":
        """The terms of a range that is sold by these rates alone."""
        sales = [Sale(window, rates, scale)]
        return replace(self, sales=sales, extra=Fraction(0), rounding=0)

    def adjusted(self, amount_minor: int) -> "Terms":
        """The terms with every sale scaled so that the whole costs this amount."""
        if self.charges is None:
            return self._scaled(Fraction(amount_minor))
        room = self.charges.room_of(amount_minor, self.sold, self.zone, self.party)
        scaled = replace(self._scaled(room), rounding=0)
        added = self.charges.added(room, self.sold, self.zone, self.party)
        return replace(scaled, rounding=amount_minor - prices.half_up(room) - added)

    def _scaled(self, room: Fraction) -> "Terms":
        rest = self.exact(self.sold) - self.extra
        if rest <= 0:
            return replace(self, extra=room - rest)
        factor = room / rest
        sales = [replace(sale, scale=sale.scale * factor) for sale in self.sales]
        return replace(self, sales=sales, extra=Fraction(0))

    def arrived(self, came_at: datetime) -> "Terms":
        """The terms of a guest who came before the start, whose first sale then begins there."""
        start = min(came_at, self.sold.start)
        moved = [
            replace(sale, window=Window(start, sale.window.end))
            if sale.window.start == self.sold.start
            else sale
            for sale in self.sales
        ]
        return replace(self, sales=moved)

    def to_json(self) -> dict[str, Any]:
        """The terms as the column `tariff` keeps them. `rates` are those of the latest sale."""
        latest = self.sales[-1]
        written: dict[str, Any] = {
            "by_use": self.is_by_use,
            "rates": prices.kept(latest.rates),
            "policy": promises.to_json(self.promised),
        }
        if len(self.sales) > 1 or latest.scale != 1 or self.extra:
            written["sales"] = [_sale_to_json(sale) for sale in self.sales[:-1]]
            written["sales"].append(_sale_to_json(latest, with_rates=False))
            written["extra"] = str(self.extra)
        if self.charges is not None:
            written["charges"] = self.charges.to_json()
        if self.rounding:
            written["rounding"] = self.rounding
        return written

    def _of(self, sale: Sale, window: Window) -> Fraction:
        return prices.exact(sale.rates, window.start, window.end, self.zone)


def booked(
    venue: Venue,
    category: Category,
    window: Window,
    *,
    promised: Promised,
    sold: Charges | None,
    party: Party,
    usual_minor: int,
    price_minor: int,
) -> dict[str, Any]:
    """The terms of a new reservation, for its column `tariff`. Runs no query.

    `usual_minor` is the price by today's rates and charges. Another price agreed is kept as a
    factor of the rates.
    """
    written: dict[str, Any] = {
        "by_use": venue.policy.charges_time_used,
        "rates": _kept_rows(venue, category, window),
        "policy": promises.to_json(promised),
    }
    if sold is not None:
        written["charges"] = sold.to_json()
    if price_minor == usual_minor:
        return written
    return terms_from(written, venue, window, party).adjusted(price_minor).to_json()


def rates_today(venue: Venue, category: Category, window: Window) -> list[Rate]:
    """The category's rates of today that may apply from shortly before a range on."""
    return prices.restored(_kept_rows(venue, category, window))


def terms_of(reservation: Reservation) -> Terms:
    """The terms of a reservation as sold. Reads its venue, policy and category."""
    return of_columns(reservation, reservation.venue, reservation.category)


def of_columns(reservation: Columns, venue: Venue, category: Category) -> Terms:
    """The terms of a reservation as sold, from some of its columns.

    For one sold before terms were kept, they are worked out from its columns and today's rates.
    """
    window = Window(reservation.starts_at, reservation.ends_at)
    written = reservation.tariff or {}
    promised = promises.of_columns(reservation, venue.policy, written)
    party = Party(reservation.guest_count, tuple(reservation.children or ()))
    terms = terms_from({**written, "policy": promises.to_json(promised)}, venue, window, party)
    if "sales" in written:
        return terms
    price = reservation.price_minor
    if "rates" not in written or (price and not written["rates"]):
        by_use = bool(written.get("by_use", venue.policy.charges_time_used))
        rates = prices.rates_of(category)
        terms = replace(terms, sales=[Sale(window, rates)], is_by_use=by_use)
    is_settled = reservation.checked_out_at is not None
    return terms if is_settled or terms.price() == price else terms.adjusted(price)


def terms_from(
    written: Mapping[str, Any], venue: Venue, window: Window, party: Party = _ONE
) -> Terms:
    """The terms that `to_json` wrote for a reservation of this range and party."""
    rates = prices.restored(written.get("rates", ()))
    sales = [_sale_from_json(row, rates) for row in written.get("sales", ())]
    if sales:
        # A sale that was written for another range than the reservation has is not believed.
        sales[-1] = replace(sales[-1], window=window)
    return Terms(
        sales=sales or [Sale(window, rates)],
        zone=venue.zone,
        is_by_use=bool(written.get("by_use", False)),
        promised=promises.from_json(written["policy"]),
        extra=Fraction(written.get("extra", 0)),
        charges=Charges.from_json(written["charges"]) if "charges" in written else None,
        party=party,
        rounding=written.get("rounding", 0),
    )


def charges_today(
    venue: Venue, window: Window, codes: Sequence[str], *, is_of_partner: bool
) -> Charges | None:
    """The taxes, fees and chosen extras of those who book a range now. Raises Invalid."""
    start = window.start.astimezone(venue.zone).date()
    return charges.of_venue(venue, codes, start, is_of_partner=is_of_partner)


def price_until(reservation: Reservation, at: datetime) -> int:
    """The kept price, in minor units, of the range up to `at` (UTC)."""
    return terms_of(reservation).until(at)


def given_back(reservation: Reservation, at: datetime) -> int:
    """What the range from `at` (UTC) to the end adds to the kept price, in minor units."""
    terms = terms_of(reservation)
    return max(0, terms.price() - terms.until(at))


def fee_for(reservation: Reservation, given_up_minor: int) -> int:
    """The fee, in minor units, for giving up what costs this much, by the policy as promised."""
    return given_up_minor * terms_of(reservation).promised.fee_percent // 100


def common(one: Window, other: Window) -> Window | None:
    """The range that two ranges share. None when they share none."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start, end) if start < end else None


def _kept_rows(venue: Venue, category: Category, window: Window) -> list[dict[str, Any]]:
    """The rates of a category that may apply from shortly before a range on, as JSON."""
    first = (window.start.astimezone(venue.zone) - MARGIN).date().isoformat()
    name = f"_kept_{category.pk}_{category.priced_unit}"
    every = catalogue.derived(venue, name, partial(_all_rows, category))
    return [row for row in every if row.get("last_date", first) >= first]


def _all_rows(category: Category, _: Venue) -> list[dict[str, Any]]:
    return prices.kept(prices.rates_of(category))


def _sale_to_json(sale: Sale, *, with_rates: bool = True) -> dict[str, Any]:
    written: dict[str, Any] = {
        "from": sale.window.start.isoformat(),
        "until": sale.window.end.isoformat(),
        "scale": str(sale.scale),
    }
    if with_rates:
        written["rates"] = prices.kept(sale.rates)
    return written


def _sale_from_json(written: Mapping[str, Any], latest: Sequence[Rate]) -> Sale:
    window = Window(*(datetime.fromisoformat(written[name]) for name in ("from", "until")))
    rates = prices.restored(written["rates"]) if "rates" in written else latest
    return Sale(window, rates, Fraction(written["scale"]))
