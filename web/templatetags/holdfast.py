"""Times as the venue's clocks show them, and money as the reader writes it."""

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
    """An amount in minor units: `€120.00`, in Dutch `€ 120,00`; a code where no sign is usual."""
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
    # What belongs together stays on one line.
    return (written % {"sign": sign, "amount": amount}).replace(" ", "\u00a0")


@register.filter
def round_money(amount_minor: int, currency: str) -> str:
    """The same without cents where there are none, for where there is little room."""
    whole, cents = divmod(amount_minor, 10 ** prices.exponent(currency))
    if cents:
        return money(amount_minor, currency)
    return f"{_SIGNS.get(currency, currency)}{formats.number_format(whole, force_grouping=True)}"


@register.filter
def price(amount_minor: int, currency: str) -> str:
    """The same in a sentence, where nothing is a word too."""
    return money(amount_minor, currency) if amount_minor else _("nothing")


@register.filter
def clock(instant: datetime, place: Venue | ZoneInfo) -> str:
    """The time of day there: `14:32`, with its offset where that hour happens twice."""
    there = instant.astimezone(_zone(place))
    text = f"{there:%H:%M}"
    return f"{text} ({_offset(there)})" if is_twice(there) else text


@register.filter
def day(when: datetime | date, place: Venue | ZoneInfo | None = None) -> str:
    """The date there with its weekday: `Saturday 5 December 2026`."""
    if isinstance(when, datetime) and place is not None:
        when = when.astimezone(_zone(place)).date()
    return formats.date_format(when, "l j F Y")


@register.filter
def short_day(when: datetime | date, place: Venue | ZoneInfo | None = None) -> str:
    """The same in a few letters: `Sat 5 Dec`."""
    if isinstance(when, datetime) and place is not None:
        when = when.astimezone(_zone(place)).date()
    # Translators: letters as Django's date filter reads them; "Sat 5 Dec", "za 5 dec".
    return formats.date_format(when, pgettext("date in a few letters", "D j M"))


@register.filter
@stringfilter
def line(label: str) -> str:
    """What a line of a price is for, its date as the reader writes it."""
    found = re.match(r"\d{4}-\d\d-\d\d", label)
    if found is None:
        return label
    return f"{short_day(date.fromisoformat(found[0]))}{label[found.end() :]}"


@register.filter
def when(instant: datetime, place: Venue | ZoneInfo) -> str:
    """Day and time there: `Saturday 5 December 2026, 14:32`."""
    return f"{day(instant, place)}, {clock(instant, place)}"


@register.filter
def whose_time(place: Venue | ZoneInfo) -> str:
    """Whose clocks these are: `Amsterdam time`."""
    key = _zone(place).key
    if key in ("UTC", "Etc/UTC"):
        return "UTC"
    return _("%(city)s time") % {"city": key.rpartition("/")[2].replace("_", " ")}


@register.filter
def ends(window: Window, place: Venue | ZoneInfo) -> str:
    """The time a range ends there, with its date where that is another than it starts on."""
    zone = _zone(place)
    text = clock(window.end, place)
    if window.start.astimezone(zone).date() == window.end.astimezone(zone).date():
        return text
    return f"{short_day(window.end, place)}, {text}"


@register.filter
def stars(number: int | None) -> str:
    """As many filled stars, of five."""
    return "" if number is None else "★" * number + "☆" * (5 - number)


@register.filter
def local(instant: datetime, place: Venue | ZoneInfo) -> datetime:
    """The same instant, as clocks there have it."""
    return instant.astimezone(_zone(place)).replace(tzinfo=None)


@register.filter
def length_words(length: timedelta) -> str:
    """A length as people say it: `30 minutes`."""
    return wording.duration(length)


@register.filter
def phone(number: str) -> str:
    """An E.164 number in groups that can be read."""
    try:
        read = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def place_word(venue: Venue) -> str:
    """What is booked there, in the word of its trade."""
    return str(kinds.named(venue.kind).unit_word)


@register.filter
def kind(venue: Venue) -> Kind:
    """Its kind, with the words and the icon of that."""
    return kinds.named(venue.kind)


@register.filter
def names_unit(venue: Venue) -> bool:
    """Whether a guest is told the unit also where the venue chooses it."""
    return kinds.named(venue.kind).names_unit


@register.filter
def has_more_errors(form: ContactForm) -> bool:
    """Whether a field that is folded away has something to mend, or something typed in it."""
    return any(field.errors or field.value() for field in form.folded)


@register.filter
def iso(instant: datetime) -> str:
    """An instant for machines, and for addresses."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def is_twice(there: datetime) -> bool:
    """Whether its hour is shown twice by the clocks there, as in the night summer time ends."""
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
