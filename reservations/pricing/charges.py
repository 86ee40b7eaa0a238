"""Taxes, fees and extras: what a stay costs besides its rates, as it was when it was sold.

A reservation keeps the rules in its terms, so that a later change of them changes nothing sold.
Amounts are in minor units. Each line is rounded once, a half up; docs/prices.md has the rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import partial
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from reservations.errors import Invalid
from venues import catalogue, hours, prices
from venues.hours import DAY, Window
from venues.models import Extra, TaxRule, Venue
from venues.models.charges import WHOLE_BP

_SHARES = (TaxRule.TaxBasis.ROOM.value, TaxRule.TaxBasis.EXTRA.value)
_ROOM = TaxRule.TaxBasis.ROOM.value
_BY_NIGHT = ("night", "person_night")
_BY_PERSON = ("person", "person_night")


class LineKind(StrEnum):
    """What a line of a price is for."""

    STAY = "stay"
    EXTRA = "extra"
    FEE = "fee"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class Party:
    """How many guests come, and the ages of the children among them."""

    guests: int = 1
    ages: tuple[int, ...] = ()

    def from_age(self, age: int) -> int:
        """How many are of this age or older. Adults always are."""
        return max(0, self.guests - sum(one < age for one in self.ages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A tax as it was sold. `is_of_channel`: whoever brought the guest collects it."""

    code: str
    name: str
    basis: str
    amount_minor: int = 0
    rate_bp: int = 0
    from_age: int = 0
    max_nights: int | None = None
    included: bool = False
    is_of_channel: bool = False
    first_date: date | None = None
    last_date: date | None = None

    @property
    def is_share(self) -> bool:
        """True when it is a share of what is sold, not an amount."""
        return self.basis in _SHARES

    def is_on(self, day: date) -> bool:
        """True when the tax is raised on this day."""
        has_begun = self.first_date is None or self.first_date <= day
        return has_begun and (self.last_date is None or day <= self.last_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldExtra:
    """An extra or fee as it was sold."""

    code: str
    name: str
    basis: str
    amount_minor: int
    from_age: int = 0
    is_obligatory: bool = False
    tax_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """A line of a price. Those that are `is_added` make up the price; others say what is in it.

    `tax_code` and `rate_bp` are of the tax that is a share of it, or of the tax itself; `tax_minor`
    is how much of the amount is tax.
    """

    kind: LineKind
    code: str = ""
    name: str = ""
    amount_minor: int
    is_added: bool = True
    is_of_channel: bool = False
    tax_code: str = ""
    rate_bp: int | None = None
    tax_minor: int = 0
    taxes: Mapping[str, int] | None = None
    """The taxes within the amount, by code."""


@dataclass(frozen=True, slots=True)
class Charges:
    """The taxes of a stay, and the extras and fees that were sold with it."""

    taxes: tuple[Tax, ...] = ()
    extras: tuple[SoldExtra, ...] = ()

    def chosen(self) -> tuple[str, ...]:
        """The codes of the extras that the guest chose."""
        return tuple(one.code for one in self.extras if not one.is_obligatory)

    def added(self, room: Fraction, window: Window, zone: ZoneInfo, party: Party) -> int:
        """What is added to the price of the room (exact) for a range and a party."""
        stay = _Stay(self, window, zone, party)
        shares = (_share(tax, base) for tax, base in stay.added_shares(room))
        return stay.fixed_minor + sum(shares)

    def room_of(self, price_minor: int, window: Window, zone: ZoneInfo, party: Party) -> Fraction:
        """The price of the room (exact, not below 0) that with all else costs this much.

        What rounding leaves between the two is for the caller to keep.
        """
        stay = _Stay(self, window, zone, party)
        # Shares are linear in the price of the room, but for their rounding.
        rest = Fraction(price_minor - stay.fixed_minor)
        rate = Fraction(0)
        for tax, base in stay.added_shares(Fraction(0)):
            rest -= Fraction(tax.rate_bp, WHOLE_BP) * base
            rate += Fraction(tax.rate_bp, WHOLE_BP) if tax.basis == _ROOM else 0
        return max(Fraction(0), rest / (1 + rate))

    def lines(
        self, price_minor: int, room: Fraction, window: Window, zone: ZoneInfo, party: Party
    ) -> list[PriceLine]:
        """The lines of a price: those that are added make it up, the others are within it.

        `room` is the exact price of the room; its line is what the others leave of the price.
        """
        stay = _Stay(self, window, zone, party)
        shares = [_tax_line(tax, _share(tax, base)) for tax, base in stay.added_shares(room)]
        fixed = [_tax_line(tax, amount) for tax, amount in stay.fixed_taxes if amount]
        extras = [stay.line_of(extra, amount) for extra, amount in stay.extras]
        added = [line for line in (*fixed, *shares) if line.is_added]
        within = [line for line in (*fixed, *shares) if not line.is_added]
        left = price_minor - sum(line.amount_minor for line in (*extras, *added))
        lines = [stay.room_line(left), *extras]
        return [*lines, *added, *within, *_contained(stay, lines)]

    def to_json(self) -> dict[str, Any]:
        """Returns this as the terms of a reservation keep it."""
        return {
            "taxes": [_written(tax) for tax in self.taxes],
            "extras": [_written(extra) for extra in self.extras],
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """Returns what `to_json` wrote."""
        return cls(
            tuple(Tax(**_dated(row)) for row in written.get("taxes", ())),
            tuple(SoldExtra(**row) for row in written.get("extras", ())),
        )


class _Stay:
    """One stay's charges, worked out once: amounts by tax and by extra."""

    def __init__(self, charges: Charges, window: Window, zone: ZoneInfo, party: Party) -> None:
        self.party = party
        self.first, last = (at.astimezone(zone).date() for at in (window.start, window.end))
        self.nights = list(hours.dates(self.first, last - DAY)) if last > self.first else []
        self.taxes = charges.taxes
        self.fixed_taxes = [(tax, self._amount(tax)) for tax in self.taxes if not tax.is_share]
        self.extras = [(one, one.amount_minor * self._units(one)) for one in charges.extras]

    @property
    def fixed_minor(self) -> int:
        """What is added and is no share."""
        taxes = sum(
            amount for tax, amount in self.fixed_taxes if not (tax.included or tax.is_of_channel)
        )
        return taxes + sum(amount for _, amount in self.extras)

    @property
    def included_minor(self) -> int:
        """The taxes within the price of the room that are no shares."""
        return sum(amount for tax, amount in self.fixed_taxes if tax.included)

    def added_shares(self, room: Fraction) -> list[tuple[Tax, Fraction]]:
        """The taxes added as shares, each with what it is a share of (exact)."""
        found = (tax for tax in self.shares() if not (tax.included or tax.is_of_channel))
        return [(tax, self._base(tax, max(Fraction(0), room))) for tax in found]

    def room_line(self, amount_minor: int) -> PriceLine:
        """The line of the room, with the taxes within it."""
        taxes = [
            tax for tax in self.shares() if tax.included and tax.basis == TaxRule.TaxBasis.ROOM
        ]
        base = max(0, amount_minor - self.included_minor)
        line = _priced(LineKind.STAY, amount_minor, base, taxes)
        fixed: dict[str, int] = dict(line.taxes or {})
        for tax, amount in self.fixed_taxes:
            if tax.included and amount:
                fixed[tax.code] = fixed.get(tax.code, 0) + amount
        return replace(line, taxes=fixed, tax_minor=sum(fixed.values()))

    def line_of(self, extra: SoldExtra, amount_minor: int) -> PriceLine:
        """The line of an extra or fee, with the tax within it."""
        taxes = [tax for tax in self.shares() if tax.included and tax.code == extra.tax_code]
        kind = LineKind.FEE if extra.is_obligatory else LineKind.EXTRA
        return _priced(kind, amount_minor, amount_minor, taxes, extra)

    def shares(self) -> Iterable[Tax]:
        """The taxes that are a share of something, and raised on the day of the start."""
        return (tax for tax in self.taxes if tax.is_share and tax.is_on(self.first))

    def _base(self, tax: Tax, room: Fraction) -> Fraction:
        of_extras = sum(amount for one, amount in self.extras if one.tax_code == tax.code)
        return (room if tax.basis == _ROOM else Fraction(0)) + of_extras

    def _units(self, sold: Tax | SoldExtra) -> int:
        nights = len(self.nights) if sold.basis in _BY_NIGHT else 1
        return nights * (self.party.from_age(sold.from_age) if sold.basis in _BY_PERSON else 1)

    def _amount(self, tax: Tax) -> int:
        if tax.basis not in _BY_NIGHT:
            return tax.amount_minor * self._units(tax) if tax.is_on(self.first) else 0
        nights = sum(tax.is_on(night) for night in self.nights[: tax.max_nights])
        people = self.party.from_age(tax.from_age) if tax.basis in _BY_PERSON else 1
        return tax.amount_minor * nights * people


def of_venue(
    venue: Venue, codes: Sequence[str], start: date, *, is_of_partner: bool
) -> Charges | None:
    """Returns what the venue charges those who book now; None where it charges nothing.

    `codes` are the extras that the guest chooses. Runs no query for a venue of the catalogue.
    Raises Invalid for a code that the venue does not have.
    """
    every: Charges = catalogue.derived(venue, f"_charges_{is_of_partner}", _both[is_of_partner])
    offered = {one.code: one for one in every.extras if not one.is_obligatory}
    unknown = [code for code in codes if code not in offered]
    if unknown:
        told = gettext("There is no extra %(code)r here. There are: %(codes)s.")
        names = ", ".join(offered) or gettext("none")
        raise Invalid("extras", told % {"code": unknown[0], "codes": names})
    taxes = tuple(one for one in every.taxes if one.last_date is None or start <= one.last_date)
    extras = tuple(one for one in every.extras if one.is_obligatory or one.code in codes)
    return Charges(taxes, extras) if taxes or extras else None


def offered(venue: Venue) -> list[SoldExtra]:
    """The extras of a venue that a guest may choose, in its order. Runs no query."""
    every: Charges = catalogue.derived(venue, "_charges_False", _both[False])
    return [one for one in every.extras if not one.is_obligatory]


def go_by_age(venue: Venue) -> bool:
    """True when something that the venue charges goes by the ages of children. Runs no query."""
    every: Charges = catalogue.derived(venue, "_charges_False", _both[False])
    ages = [*(tax.from_age for tax in every.taxes), *(one.from_age for one in every.extras)]
    return any(ages)


def _of_venue(venue: Venue, *, is_of_partner: bool) -> Charges:
    taxes = (_sold_tax(row, is_of_partner=is_of_partner) for row in venue.tax_rules.all())
    return Charges(tuple(taxes), tuple(map(_sold_extra, venue.extras.all())))


_both = {told: partial(_of_venue, is_of_partner=told) for told in (False, True)}


def _sold_tax(row: TaxRule, *, is_of_partner: bool) -> Tax:
    return Tax(
        code=row.code,
        name=row.name,
        basis=row.basis,
        amount_minor=row.amount_minor or 0,
        rate_bp=row.rate_bp or 0,
        from_age=row.from_age,
        max_nights=row.max_nights,
        included=row.included,
        is_of_channel=is_of_partner and row.collected_by == TaxRule.Collector.CHANNEL,
        first_date=row.first_date,
        last_date=row.last_date,
    )


def _sold_extra(row: Extra) -> SoldExtra:
    return SoldExtra(
        code=row.code,
        name=row.name,
        basis=row.basis,
        amount_minor=row.amount_minor,
        from_age=row.from_age,
        is_obligatory=row.is_obligatory,
        tax_code=row.tax_code,
    )


def _share(tax: Tax, base: Fraction) -> int:
    return prices.half_up(base * Fraction(tax.rate_bp, WHOLE_BP))


def _within(tax: Tax, base: int, rates: int) -> int:
    """The tax within an amount that holds taxes of these rates together."""
    return prices.half_up(Fraction(base * tax.rate_bp, WHOLE_BP + rates))


def _priced(
    kind: LineKind,
    amount_minor: int,
    base: int,
    taxes: Sequence[Tax],
    extra: SoldExtra | None = None,
) -> PriceLine:
    rates = sum(tax.rate_bp for tax in taxes)
    within = {tax.code: _within(tax, base, rates) for tax in taxes}
    return PriceLine(
        kind=kind,
        code=extra.code if extra else "",
        name=extra.name if extra else "",
        amount_minor=amount_minor,
        tax_code=taxes[0].code if taxes else "",
        rate_bp=rates if taxes else None,
        tax_minor=sum(within.values()),
        taxes=within,
    )


def _tax_line(tax: Tax, amount_minor: int) -> PriceLine:
    return PriceLine(
        kind=LineKind.TAX,
        code=tax.code,
        name=tax.name,
        amount_minor=amount_minor,
        is_added=not (tax.included or tax.is_of_channel),
        is_of_channel=tax.is_of_channel,
        tax_code=tax.code,
        rate_bp=tax.rate_bp if tax.is_share else None,
        tax_minor=amount_minor,
    )


def _contained(stay: _Stay, lines: Sequence[PriceLine]) -> list[PriceLine]:
    """The taxes that are shares within these lines, one line each."""
    sums: dict[str, int] = {}
    for line in lines:
        for code, amount in (line.taxes or {}).items():
            sums[code] = sums.get(code, 0) + amount
    by_code = {tax.code: tax for tax in stay.shares() if tax.included}
    return [_tax_line(by_code[code], amount) for code, amount in sums.items() if code in by_code]


def _written(row: Tax | SoldExtra) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    given = {one.name: getattr(row, one.name) for one in fields(row)}
    usual = {one.name: one.default for one in fields(row)}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in given.items()
        if value != usual[name]
    }


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("first_date", "last_date")
    return {
        name: date.fromisoformat(value) if name in names else value for name, value in row.items()
    }
