"""What an invoice lists of a reservation, as it stands in the ledger: stay, fees, adjustments.

Texts are in the active language. Amounts are in minor units and add up to what is owed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from payments import accounts, ledger
from payments.documents.issuance import DocumentLine
from payments.models import Entry, Kind
from reservations.models import Reservation
from reservations.pricing import nightly, price_lines
from reservations.pricing.charges import LineKind, PriceLine
from venues import local_words, prices
from venues.kinds import Mode

_PUT_RIGHT = (Kind.ADJUSTMENT, Kind.WAIVER)


def of_reservation(row: Reservation) -> list[DocumentLine]:
    """Returns the lines of a reservation. Reads its venue and category.

    Assumes that what waits is posted, and the lock. [] when nothing is owed.
    """
    sums = ledger.nets([row.pk])[row.pk]
    entries = list(row.entries.filter(kind__in=_PUT_RIGHT).order_by("pk"))
    waived = sum(_charged(entry) for entry in entries if entry.kind == Kind.WAIVER)
    # Whatever posts to these accounts, the lines add up to them.
    lines = _of_price(row, ledger.price(sums), entries)
    lines += [
        _line(row, "fee", _("Fee for a late change or cancelling"), ledger.fees(sums) - waived),
        _line(row, "waiver", _("Fee waived"), waived),
    ]
    return [line for line in lines if line.amount_minor or line.tax_minor]


def of_sale(row: Reservation) -> list[DocumentLine]:
    """Returns what a payment of a reservation is for: its lines, or those of a hold's price.

    Assumes what `of_reservation` does.
    """
    is_hold = not (row.confirmed_at or row.checked_in_at or row.cancelled_at)
    lines = of_reservation(row)
    return [*_of_price(row, row.price_minor, ()), *lines] if is_hold else lines


def stay_of(row: Reservation) -> dict[str, Any]:
    """Returns what a document says of a stay: its code, range and a text."""
    zone, end = row.venue.zone, row.ends_at
    begin = row.starts_at
    text = f"{local_words.when(begin, zone)} – {local_words.when(end, zone)}, {row.category.name}"
    return {
        "code": row.code,
        "starts_at": begin.isoformat(),
        "ends_at": end.isoformat(),
        "text": text,
    }


def _of_price(row: Reservation, price_minor: int, entries: Sequence[Entry]) -> list[DocumentLine]:
    """Returns the lines of the price: stay, extras, taxes, and what managers adjusted.

    A price that is made of taxes and extras has its adjustment within each of them.
    """
    parts = price_lines.of(row, row.venue, row.category, price_minor) if price_minor else []
    is_one = all(part.kind is LineKind.STAY and not part.taxes for part in parts)
    if is_one:
        adjusted = [entry for entry in entries if entry.kind == Kind.ADJUSTMENT]
        amount = price_minor - sum(map(_charged, adjusted))
        plain = PriceLine(kind=LineKind.STAY, amount_minor=amount)
        return [*_of_stay(row, plain), *(_adjustment(row, entry) for entry in adjusted)]
    lines: list[DocumentLine] = []
    for part in (part for part in parts if part.is_added):
        lines += _of_stay(row, part) if part.kind is LineKind.STAY else [_of_part(row, part)]
        lines += _further_taxes(row, part)
    return lines


def _of_stay(row: Reservation, part: PriceLine) -> Iterator[DocumentLine]:
    """Yields the lines of the stay itself, which add up to the part: a line a night, or one."""
    venue, category = row.venue, row.category
    nights = nightly.prices_of(row, venue, category) if venue.mode == Mode.NIGHT else []
    if not nights:
        yield replace(_line(row, "stay", category.name, part.amount_minor), **_tax_of(part))
        return
    taxes = shared(part.tax_minor, nights)
    for (night, amount), (_night, tax) in zip(
        shared(part.amount_minor, nights), taxes, strict=True
    ):
        text = _("Night of %(day)s, %(category)s") % {
            "day": formats.date_format(night, "j F Y"),
            "category": category.name,
        }
        yield replace(_line(row, "night", text, amount), **{**_tax_of(part), "tax_minor": tax})


def _of_part(row: Reservation, part: PriceLine) -> DocumentLine:
    """Returns the line of an extra, a fee, or a tax that is added."""
    line = _line(row, str(part.kind), price_lines.text(part, "", 0), part.amount_minor)
    if part.kind is LineKind.TAX:
        amount = part.amount_minor
        return replace(line, tax_code=part.code, tax_rate_bp=part.rate_bp, tax_minor=amount)
    return replace(line, **_tax_of(part))


def _further_taxes(row: Reservation, part: PriceLine) -> Iterator[DocumentLine]:
    """Yields the taxes within a part beside its own, each as a line of no amount."""
    for code, tax in (part.taxes or {}).items():
        if tax and code != part.tax_code:
            yield replace(_line(row, "included_tax", code, 0), tax_code=code, tax_minor=tax)


def _tax_of(part: PriceLine) -> dict[str, Any]:
    if not part.tax_code:
        return {}
    return {
        "tax_code": part.tax_code,
        "tax_rate_bp": part.rate_bp,
        "tax_minor": part.tax_minor,
    }


def shared(amount_minor: int, nights: list[tuple[date, int]]) -> list[tuple[date, int]]:
    """Shares an amount among nights in proportion to their prices, in equal parts if they are 0.

    The parts add up to the amount.
    """
    whole = sum(price for _night, price in nights)
    shares = [
        (night, Fraction(amount_minor * price, whole) if whole else Fraction(amount_minor, count))
        for count in [len(nights)]
        for night, price in nights
    ]
    pairs = prices.rounded(shares, of=lambda share: share[1])
    return [(night, amount) for (night, _share), amount in pairs]


def _adjustment(row: Reservation, entry: Entry) -> DocumentLine:
    day = formats.date_format(entry.at.astimezone(row.venue.zone), "j F Y")
    text = _("Price adjusted on %(day)s") % {"day": day}
    return _line(row, "adjustment", text, _charged(entry))


def _charged(entry: Entry) -> int:
    return entry.amount_minor if entry.from_account == accounts.GUEST else -entry.amount_minor


def _line(row: Reservation, kind: str, text: str, amount_minor: int) -> DocumentLine:
    return DocumentLine(kind=kind, text=text, amount_minor=amount_minor, code=row.code)
