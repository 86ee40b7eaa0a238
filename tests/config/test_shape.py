"""The house keeps its shape: rooms of a size, one name for one thing, files that can be read."""

import pytest

from benchmarks import shape

FOUND = shape.modules()
MOST_IN_A_FOLDER = 20
NOUNS = {
    "paging",
    "parking",
    "modify_upcoming",
    "seating",
    "reseating",
    "scoping",
    "wording",
    "embedding",
}
"""They end in -ing and are nouns of the field."""

SHARED = {
    # What Django looks for by this name.
    "Command",
    "DatabaseWrapper",
    "SchemaEditor",
    # The engine's refusal, and that of accounts, in errors modules that know nothing of each other.
    "Forbidden",
    # A file that somebody asked for, and all data of a person in the API.
    "Export",
    # How a delivery ended, and what becomes of a stay that closed time touches.
    "Outcome",
}


def test_no_folder_holds_more_than_twenty_modules() -> None:
    crowded = {name: n for name, n in shape.folders(FOUND).items() if n > MOST_IN_A_FOLDER}
    assert crowded == {}


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    assert {module.name: module.lines for module in FOUND if module.lines > 400} == {}


@pytest.mark.parametrize("package", ["reservations", "venues", "desk", "api"])
def test_modules_are_named_by_nouns(package: str) -> None:
    names = [module.name.rpartition(".")[2] for module in shape.modules(package)]
    assert [name for name in names if name.endswith("ing") and name not in NOUNS] == []


def test_no_two_public_classes_of_the_house_share_a_name() -> None:
    twice = {
        name: places for name, places in shape.names_twice(FOUND).items() if name not in SHARED
    }
    assert twice == {}


def test_public_functions_of_the_engine_have_exact_docstrings() -> None:
    assert shape.exact_docstrings(shape.modules("reservations")) >= 0.5
