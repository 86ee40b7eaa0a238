"""The table of docs/prices.md: each tariff has the price that the page says, by both models."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.plain import price as plain
from tests.plain.price import PlainRate
from venues import prices
from venues.models import Rate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "prices.md"
ZONE = ZoneInfo("UTC")
ROW = re.compile(r"^\| (\d.+?) \| (\d{4}-.+?) \| (\d{4}-.+?) \| (\d+\.\d\d) \|$", re.MULTILINE)


def minor(amount: str) -> int:
    return int(Decimal(amount) * 100)


def words(text: str) -> dict[str, Any]:
    """The columns of a rate that a cell describes, named as the plain model names them."""
    amount, unit, *rest = text.split()
    found: dict[str, Any] = {"unit": unit, "amount": minor(amount)}
    while rest:
        word = rest.pop(0)
        if ".." in word:
            found["first"], found["last"] = map(date.fromisoformat, word.split(".."))
        elif ":" in word:
            found["opens"], found["closes"] = map(time.fromisoformat, word.split("-"))
        else:
            value = rest.pop(0)
            name = {"max": "most", "min": "least", "days": "weekdays"}.get(word, word)
            found[name] = minor(value) if name in ("most", "least") else value
            if name in ("free", "long"):
                found[name] = int(value)
    return found


def rate_of(one: dict[str, Any], number: int) -> Rate:
    names = {
        "unit": "unit", "amount": "amount_minor", "first": "first_date", "last": "last_date",
        "weekdays": "weekdays", "opens": "from_time", "closes": "to_time",
        "least": "minimum_minor", "most": "day_maximum_minor", "free": "free_minutes",
        "long": "least_stay",
    }  # fmt: skip
    return Rate(pk=number, **{names[name]: value for name, value in one.items()})


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall(PAGE.read_text())


def test_the_page_has_a_table() -> None:
    assert len(rows()) > 25


@pytest.mark.parametrize(("tariff", "start", "end", "price"), rows())
def test_a_tariff_costs_what_the_page_says(tariff: str, start: str, end: str, price: str) -> None:
    told = [words(part) for part in tariff.split("; ")]
    begin, finish = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (start, end))
    # Whatever the age of the rows.
    for order in (told, told[::-1]):
        rates = [rate_of(one, number) for number, one in enumerate(order, 1)]
        items = prices.itemise(rates, begin, finish, ZONE)
        assert prices.total(items) == minor(price), items
    assert plain.price([PlainRate(**one) for one in told], begin, finish, ZONE) == minor(price)
