"""Money and local times in words, for pages, letters and texts. In the active language."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from venues import prices
from venues.hours import Window
from venues.models import Venue

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "CHF", "PLN": "zł"}


def money(amount_minor: int | None, currency: str) -> str:
    """Returns minor units as `€120.00`, in Dutch `€ 120,00`. A rare currency shows its code. "" for
    None.
    """
    if amount_minor is None:
        return ""
    amount = formats.number_format(
        prices.decimal(amount_minor, currency),
        decimal_pos=prices.exponent(currency),
        force_grouping=True,
    )
    sign = _SIGNS.get(currency, currency)
    written = (
        pgettext("money, with a sign such as €", "%(sign)s%(amount)s")
        if len(sign) == 1
        else pgettext("money, with a code such as CHF", "%(sign)s %(amount)s")
    )
    # No line break inside an amount.
    return (written % {"sign": sign, "amount": amount}).replace(" ", "\u00a0")


def round_money(amount_minor: int, currency: str) -> str:
    """Returns an amount without decimals if they are zero, such as `€120`. For narrow places."""
    whole, cents = divmod(amount_minor, 10 ** prices.exponent(currency))
    if cents:
        return money(amount_minor, currency)
    return f"{_SIGNS.get(currency, currency)}{formats.number_format(whole, force_grouping=True)}"


def clock(instant: datetime, place: Venue | ZoneInfo) -> str:
    """Returns the local time, such as `14:32`, with its offset if clocks show it twice."""
    there = instant.astimezone(zone_of(place))
    text = f"{there:%H:%M}"
    return f"{text} ({_offset(there)})" if is_twice(there) else text


def day(when: datetime | date, place: Venue | ZoneInfo | None = None) -> str:
    """Returns the local date, such as `Saturday 5 December 2026`."""
    if isinstance(when, datetime) and place is not None:
        when = when.astimezone(zone_of(place)).date()
    return formats.date_format(when, "l j F Y")


def short_day(when: datetime | date, place: Venue | ZoneInfo | None = None) -> str:
    """Returns the local date in short, such as `Sat 5 Dec`."""
    if isinstance(when, datetime) and place is not None:
        when = when.astimezone(zone_of(place)).date()
    # Translators: letters as Django's date filter reads them; "Sat 5 Dec", "za 5 dec".
    return formats.date_format(when, pgettext("date in a few letters", "D j M"))


def when(instant: datetime, place: Venue | ZoneInfo) -> str:
    """Returns local date and time, such as `Saturday 5 December 2026, 14:32`."""
    return f"{day(instant, place)}, {clock(instant, place)}"


def whose_time(place: Venue | ZoneInfo) -> str:
    """Returns the name of the zone, such as `Amsterdam time`."""
    key = zone_of(place).key
    if key in ("UTC", "Etc/UTC"):
        return "UTC"
    return _("%(city)s time") % {"city": key.rpartition("/")[2].replace("_", " ")}


def ends(window: Window, place: Venue | ZoneInfo) -> str:
    """Returns the local end of a range: the time, with its date if it is another than
    the start's.
    """
    zone = zone_of(place)
    text = clock(window.end, place)
    if window.start.astimezone(zone).date() == window.end.astimezone(zone).date():
        return text
    return f"{short_day(window.end, place)}, {text}"


def is_twice(there: datetime) -> bool:
    """Says whether clocks show this local time twice, as in the night when summer time ends."""
    first, second = there.replace(fold=0), there.replace(fold=1)
    return first.utcoffset() != second.utcoffset() and _exists(there)


def _exists(there: datetime) -> bool:
    earlier, later = there.replace(fold=0).utcoffset(), there.replace(fold=1).utcoffset()
    return earlier is not None and later is not None and earlier > later


def _offset(there: datetime) -> str:
    text = f"{there:%z}"
    hours, minutes = text[:3], text[3:5]
    return f"UTC{hours}:{minutes}" if minutes != "00" else f"UTC{hours[0]}{int(hours[1:])}"


def zone_of(place: Venue | ZoneInfo) -> ZoneInfo:
    """Returns the zone of a venue, or the zone itself."""
    return place.zone if isinstance(place, Venue) else place
