"""The lines of the price of a reservation, and their words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

from reservations.pricing.charges import LineKind, PriceLine
from reservations.pricing.owed import Cancellation
from reservations.pricing.promises import Columns
from reservations.pricing.terms import of_columns
from venues.local_words import money, when
from venues.models import Category, Rate, Venue

_BP_A_PERCENT = 100


def of(
    row: Columns, venue: Venue, category: Category, price_minor: int | None = None
) -> list[PriceLine]:
    """The lines of the price of a reservation, or of another price of it.

    The added ones make it up. [] where it costs nothing, and has no taxes and extras.
    """
    price = row.price_minor if price_minor is None else price_minor
    if "charges" not in (row.tariff or {}):
        return [PriceLine(kind=LineKind.STAY, amount_minor=price)] if price else []
    return of_columns(row, venue, category).lines(price)


def extras_of(row: Columns) -> list[str]:
    """The codes of the extras that the guest chose."""
    sold = (row.tariff or {}).get("charges", {}).get("extras", ())
    return [one["code"] for one in sold if not one.get("is_obligatory")]


def has_taxes(lines: list[PriceLine]) -> bool:
    """True when there is more to say of a price than its sum."""
    return len(lines) > 1


def text(line: PriceLine, category: str, nights: int) -> str:
    """What a line is for, in the language of the reader. `nights` is 0 where none are sold."""
    if line.kind is LineKind.STAY:
        if not nights:
            return category
        told = ngettext("%(category)s, %(nights)d night", "%(category)s, %(nights)d nights", nights)
        return told % {"category": category, "nights": nights}
    if line.kind is LineKind.TAX and line.rate_bp is not None:
        return f"{line.name} {rate(line)} %"
    if line.is_of_channel:
        return gettext("%(tax)s, paid to whom you booked with") % {"tax": line.name}
    return line.name


def told(line: PriceLine, category: str, nights: int) -> str:
    """As `text`, with a word for a tax that is within the lines before it."""
    said = text(line, category, nights)
    return said if line.is_added or line.is_of_channel else gettext("%s, included") % said


def rate(line: PriceLine) -> str | None:
    """The rate of a tax in percent, such as `9` or `5.5`; None where it is no share."""
    if line.rate_bp is None:
        return None
    whole, rest = divmod(line.rate_bp, _BP_A_PERCENT)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")


def nights_of(start: datetime, end: datetime, zone: ZoneInfo, *, category: Category) -> int:
    """How many nights a line of the stay names; 0 where its category is not sold by the night."""
    if not any(rate.unit == Rate.Unit.NIGHT for rate in category.rates.all()):
        return 0
    return (end.astimezone(zone).date() - start.astimezone(zone).date()).days


def later_steps(costs: Cancellation, currency: str, zone: ZoneInfo) -> list[str]:
    """A sentence for each further step at which cancelling costs more than now."""
    return [
        gettext("From %(when)s it costs %(fee)s.")
        % {"when": when(at, zone), "fee": money(fee, currency)}
        for at, fee in costs.steps[1:]
        if fee > costs.fee_now_minor
    ]
