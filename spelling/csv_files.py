"""Writes CSV that a spreadsheet shows and never computes. All CSV files are made here.

A cell that a spreadsheet could take for a formula begins with a tab: it is not shown, `strip` of a
program removes it, and, unlike an apostrophe, it stays no part of the text. Plain numbers and phone
numbers are written as they are, because a sign before digits alone computes nothing.
"""

import csv
import io
import re
from collections.abc import Iterable

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""Signs that begin a formula, also as wide as East Asian letters."""
_FORMULA = re.compile(rf"\s*[{_SIGNS}]|[\t\r\n\x00-\x08]")
_NUMBER = re.compile(r"\+[0-9]{1,15}|-?[0-9]{1,15}(\.[0-9]{1,9})?")
# Where the list separator is a semicolon, a spreadsheet begins a cell after one.
_AFTER_SEPARATOR = re.compile(rf"([;\t\r\n])(?=[ ]*[{_SIGNS}])")


def row(values: Iterable[object]) -> str:
    """Returns one line, with its end. None is an empty cell."""
    line = io.StringIO()
    csv.writer(line).writerow([cell(value) for value in values])
    return line.getvalue()


def rows(many: Iterable[Iterable[object]]) -> str:
    """Returns several lines."""
    lines = io.StringIO()
    csv.writer(lines).writerows([cell(value) for value in values] for values in many)
    return lines.getvalue()


def cell(value: object) -> str:
    """Returns the text of a cell."""
    text = "" if value is None else str(value).replace("\x00", "")
    if _NUMBER.fullmatch(text):
        return text
    text = _AFTER_SEPARATOR.sub(r"\1" + "\t", text)
    return f"\t{text}" if _FORMULA.match(text) else text
