"""The words in double braces that a venue may use in its letters, and how they are filled.

A text is filled once: a value that looks like a placeholder is not filled again. No text reaches
anything but these values.
"""

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PLACEHOLDERS: Mapping[str, str | Promise] = {
    "guest": _("the guest's full name"),
    "first_name": _("the guest's first name"),
    "last_name": _("the guest's last name"),
    "code": _("the code of the reservation"),
    "venue": _("the name of the venue"),
    "address": _("street and city of the venue"),
    "category": _("what was reserved, such as Deluxe room"),
    "unit": _("the name of the room, table, spot or provider; empty while it may still change"),
    "starts": _("day and time of the start"),
    "ends": _("day and time of the end"),
    "zone": _("whose time that is, such as Amsterdam time"),
    "party": _("how many come"),
    "price": _("the price"),
    "paid": _("what was paid"),
    "due": _("what is still to be paid"),
    "amount": _("the amount of the payment or refund that the letter is about, else empty"),
    "cancelling": _("what cancelling costs, in a sentence"),
    "cancel_until": _("until when cancelling is free; empty if it always is"),
    "fee": _("the fee that is owed; empty if there is none"),
    "hold_until": _("until when a hold stands; empty once confirmed"),
    "link": _("the address of the reservation's page"),
    "change_link": _("the address of the page that changes it"),
    "cancel_link": _("the address of the page that cancels it"),
    "map_link": _("the address of a map of the venue"),
    "phone": _("the guest's phone number"),
    "email": _("the guest's e-mail address"),
    "plate": _("the number plate"),
    "remarks": _("the guest's remarks"),
    "occasion": _("what is celebrated"),
}
"""Each placeholder and what it stands for."""

_PLACEHOLDER = re.compile(r"\{\{ *([a-z_]{1,20}) *\}\}")
_OPENING = re.compile(r"\{\{(.{0,40}?)(?:\}\}|$)", re.DOTALL | re.MULTILINE)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Returns the text with each placeholder replaced by its value. Others stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def unknown(text: str) -> list[str]:
    """Returns what follows each `{{` that is no placeholder, in order of appearance, once each."""
    good = {found.start() for found in _PLACEHOLDER.finditer(text) if found[1] in PLACEHOLDERS}
    bad = (found for found in re.finditer(r"\{\{", text) if found.start() not in good)
    names = [_named(text, found.start()) for found in bad if found.start() - 1 not in good]
    return list(dict.fromkeys(names))


def _named(text: str, start: int) -> str:
    found = _OPENING.match(text, start)
    return (found[1].strip() if found else "") or "{{"
