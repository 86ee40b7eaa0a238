"""Template filters for local times, money and the words of kinds."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from django import template
from django.template.defaultfilters import stringfilter
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from venues import kinds, prices, wording
from venues.hours import Window
from venues.kinds import Kind
from venues.models import Venue
from web.forms import ContactForm

register = template.Library()

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "CHF", "PLN": "zł"}


@register.filter
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


@register.filter
def round_money(amount_minor: int, currency: str) -> str:
    """Returns an amount without decimals if they are zero, such as `€120`. For narrow places."""
    whole, cents = divmod(amount_minor, 10 ** prices.exponent(currency))
    if cents:
        return money(amount_minor, currency)
    return f"{_SIGNS.get(currency, currency)}{formats.number_format(whole, force_grouping=True)}"


@register.filter
def price(amount_minor: int, currency: str) -> str:
    """Returns an amount for a sentence: "nothing" for 0."""
    return money(amount_minor, currency) if amount_minor else _("nothing")


@register.filter
def clock(instant: datetime, place: Venue | ZoneInfo) -> str:
    """Returns the local time, such as `14:32`, with its offset if clocks show it twice."""
    there = instant.astimezone(_zone(place))
    text = f"{there:%H:%M}"
    return f"{text} ({_offset(there)})" if is_twice(there) else text


@register.filter
def day(when: datetime | date, place: Venue | ZoneInfo | None = None) -> str:
    """Returns the local date, such as `Saturday 5 December 2026`."""
    if isinstance(when, datetime) and place is not None:
        when = when.astimezone(_zone(place)).date()
    return formats.date_format(when, "l j F Y")


@register.filter
def short_day(when: datetime | date, place: Venue | ZoneInfo | None = None) -> str:
    """Returns the local date in short, such as `Sat 5 Dec`."""
    if isinstance(when, datetime) and place is not None:
        when = when.astimezone(_zone(place)).date()
    # Translators: letters as Django's date filter reads them; "Sat 5 Dec", "za 5 dec".
    return formats.date_format(when, pgettext("date in a few letters", "D j M"))


@register.filter
@stringfilter
def line(label: str) -> str:
    """Returns the label of a price line, with its ISO date in short."""
    found = re.match(r"\d{4}-\d\d-\d\d", label)
    if found is None:
        return label
    return f"{short_day(date.fromisoformat(found[0]))}{label[found.end() :]}"


@register.filter
def when(instant: datetime, place: Venue | ZoneInfo) -> str:
    """Returns local date and time, such as `Saturday 5 December 2026, 14:32`."""
    return f"{day(instant, place)}, {clock(instant, place)}"


@register.filter
def whose_time(place: Venue | ZoneInfo) -> str:
    """Returns the name of the zone, such as `Amsterdam time`."""
    key = _zone(place).key
    if key in ("UTC", "Etc/UTC"):
        return "UTC"
    return _("%(city)s time") % {"city": key.rpartition("/")[2].replace("_", " ")}


@register.filter
def ends(window: Window, place: Venue | ZoneInfo) -> str:
    """Returns the local end of a range: the time, with its date if it is another than
    the start's.
    """
    zone = _zone(place)
    text = clock(window.end, place)
    if window.start.astimezone(zone).date() == window.end.astimezone(zone).date():
        return text
    return f"{short_day(window.end, place)}, {text}"


@register.filter
def stars(number: int | None) -> str:
    """Returns `★★★☆☆` for 3. "" for None."""
    return "" if number is None else "★" * number + "☆" * (5 - number)


@register.filter
def local(instant: datetime, place: Venue | ZoneInfo) -> datetime:
    """Returns an instant as a local datetime without a zone."""
    return instant.astimezone(_zone(place)).replace(tzinfo=None)


@register.filter
def length_words(length: timedelta) -> str:
    """Returns a duration in words, such as `30 minutes`."""
    return wording.duration(length)


@register.filter
def phone(number: str) -> str:
    """Returns an E.164 number in international format; text that is no number as it is."""
    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def place_word(venue: Venue) -> str:
    """Returns the word for a unit of this kind of venue, such as room or table."""
    return str(kinds.named(venue.kind).unit_word)


@register.filter
def kind(venue: Venue) -> Kind:
    """Returns the kind of a venue, with its words and icon."""
    return kinds.named(venue.kind)


@register.filter
def names_unit(venue: Venue) -> bool:
    """Says whether guests see their unit even if the venue chooses it."""
    return kinds.named(venue.kind).names_unit


@register.filter
def has_more_errors(form: ContactForm) -> bool:
    """Says whether a folded field has an error or a value."""
    return any(field.errors or field.value() for field in form.folded)


@register.filter
def iso(instant: datetime) -> str:
    """Returns an instant in UTC as `2026-12-05T13:32:00Z`, for machines and addresses."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


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


def _zone(place: Venue | ZoneInfo) -> ZoneInfo:
    return place.zone if isinstance(place, Venue) else place
