"""Template filters for local times, money and the words of kinds."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from django import template
from django.template.defaultfilters import stringfilter
from django.utils.translation import gettext as _

from reservations.rules import parties
from venues import kinds, wording
from venues.kinds import Kind
from venues.local_words import (
    clock,
    day,
    ends,
    money,
    round_money,
    short_day,
    when,
    whose_time,
    zone_of,
)
from venues.models import Venue
from web.forms import ContactForm

register = template.Library()

for each in (money, round_money, clock, day, short_day, when, whose_time, ends):
    register.filter(each)


register.filter("party", parties.told)


@register.filter
def price(amount_minor: int, currency: str) -> str:
    """Returns an amount for a sentence: "nothing" for 0."""
    return money(amount_minor, currency) if amount_minor else _("nothing")


@register.filter
@stringfilter
def line(label: str) -> str:
    """Returns the label of a price line, with its ISO date in short."""
    found = re.match(r"\d{4}-\d\d-\d\d", label)
    if found is None:
        return label
    return f"{short_day(date.fromisoformat(found[0]))}{label[found.end() :]}"


@register.filter
def stars(number: int | None) -> str:
    """Returns `★★★☆☆` for 3. "" for None."""
    return "" if number is None else "★" * number + "☆" * (5 - number)


@register.filter
def local(instant: datetime, place: Venue | ZoneInfo) -> datetime:
    """Returns an instant as a local datetime without a zone."""
    return instant.astimezone(zone_of(place)).replace(tzinfo=None)


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
