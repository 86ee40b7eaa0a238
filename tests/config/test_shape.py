"""The house keeps its shape: rooms of a size, one name for one thing, files that can be read."""

import pytest

from benchmarks import shape

FOUND = shape.modules()
MOST_IN_A_FOLDER = 20
GERUNDS = ("listening", "migrating", "proving", "readiness", "wording", "paging")


def test_no_folder_holds_more_than_twenty_modules() -> None:
    crowded = {name: n for name, n in shape.folders(FOUND).items() if n > MOST_IN_A_FOLDER}
    assert crowded == {}


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    assert {module.name: module.lines for module in FOUND if module.lines > 400} == {}


@pytest.mark.parametrize("package", ["reservations", "venues", "desk", "api"])
def test_modules_are_named_by_nouns(package: str) -> None:
    names = [module.name.rpartition(".")[2] for module in shape.modules(package)]
    assert [name for name in names if name.endswith("ing") and name not in GERUNDS] == []


def test_public_functions_of_the_engine_have_exact_docstrings() -> None:
    assert shape.exact_docstrings(shape.modules("reservations")) >= 0.5
