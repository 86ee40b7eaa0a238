"""What a guest says is listed once: layers follow the list, and lengths are those of the model."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django import forms
from pydantic import BaseModel

from api import documents
from api.contacts import ContactIn
from api.documents import ReservationOut
from api.wishes.reservations import ReservationIn, ReservationPatch
from desk.reservations import facts as desk_facts
from desk.reservations.forms import HoldForm
from desk.reservations.walk_in import WalkInForm
from guests.phones import LONGEST_INPUT
from reservations.models import Reservation
from reservations.privacy import blanks
from reservations.requests import Contact, Extras
from reservations.rules.guest_fields import CONTACT, DETAILS, EXTRAS, GIVEN, PREFERENCES, longest
from tests.factories import NOON, make_venue
from tests.reservations.facts import facts
from web.forms import ContactForm, extras_of

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("api", "config", "desk", "guests", "reservations", "settings", "venues", "web")
TEXTS = [name for name in DETAILS if name not in PREFERENCES]


def sources(pattern: str) -> dict[Path, str]:
    """The product's own files, without migrations, translations and what is built."""
    found = (path for package in PRODUCT for path in (ROOT / package).rglob(pattern))
    skipped = {"migrations", "locale", "static"}
    return {path: path.read_text() for path in found if not skipped & set(path.parts)}


def test_adding_a_field_like_occasion_touches_at_most_five_files() -> None:
    files = sources("*.py") | sources("*.html")
    naming = {
        str(path.relative_to(ROOT))
        for path, text in files.items()
        if re.search(r"\b(asks_)?occasion\b", text) and path.name != "guest_fields.py"
    }
    assert naming == {
        "desk/templates/desk/rows.html",
        "reservations/models/reservation.py",
        "reservations/requests.py",
        "venues/kinds.py",
        "web/forms.py",
    }


def test_the_list_says_which_files_those_are() -> None:
    text = (ROOT / "reservations/rules/guest_fields.py").read_text()
    named = re.findall(r"^\d\. ([\w/.]+):", text, flags=re.MULTILINE)
    assert len(named) == 5
    for path in named:
        assert "occasion" in (ROOT / path).read_text(), path


def test_a_reservation_keeps_each_field() -> None:
    kept = {field.name for field in Reservation._meta.concrete_fields}
    assert set(GIVEN) == {*CONTACT, *EXTRAS, "guest_count"} <= kept
    assert {field.name for field in (*fields(Contact), *fields(Extras))} == set(DETAILS)


@pytest.mark.parametrize("schema", [ReservationIn, ReservationPatch, ReservationOut])
def test_the_api_has_each_field(schema: type[BaseModel]) -> None:
    assert set(GIVEN) <= set(schema.model_fields)


def limits(schema: type[BaseModel]) -> dict[str, Any]:
    found = {}
    for name, shown in schema.model_json_schema()["properties"].items():
        told = [shown, *shown.get("anyOf", [])]
        found[name] = next((one["maxLength"] for one in told if "maxLength" in one), None)
    return found


@pytest.mark.parametrize("schema", [ReservationIn, ReservationPatch, ContactIn])
def test_the_api_takes_as_much_as_a_reservation_keeps(schema: type[BaseModel]) -> None:
    found = limits(schema)
    names = [name for name in TEXTS if name in found]
    expected = {name: longest(name) for name in names} | {"phone": LONGEST_INPUT}
    assert {name: found[name] for name in names} == expected


@pytest.mark.django_db
def test_forms_take_as_much_as_a_reservation_keeps() -> None:
    lot = make_venue("parking")
    shown: list[forms.Form] = [
        HoldForm(venue=lot),
        WalkInForm(venue=lot, now=NOON),
        ContactForm(venue=make_venue("restaurant")),
    ]
    expected = {name: longest(name) for name in TEXTS} | {"phone": LONGEST_INPUT}
    for form in shown:
        for name in set(TEXTS) & set(form.fields):
            field = form.fields[name]
            assert isinstance(field, forms.CharField)
            # Names and numbers are judged by the verb, so that all that is wrong is said at once.
            if name in ("phone", "email"):
                continue
            limit = str(expected[name])
            assert field.max_length == expected[name] or limit in str(field.help_text), name
    assert set(DETAILS) <= set(shown[0].fields)
    assert set(DETAILS) <= set(ContactForm.base_fields)


@pytest.mark.django_db
def test_documents_desk_and_pages_tell_each_extra() -> None:
    said = {name: f"A {name}" for name in EXTRAS}
    row = facts(make_venue(), group_id=None, **said)
    row.save()
    document = documents.reservation(row)
    assert {name: document[name] for name in EXTRAS} == said
    lines = dict(line for _, section in desk_facts.sections(row, NOON) for line in section)
    assert set(said.values()) <= set(lines.values())
    assert sorted(text for _, text in extras_of(row)) == sorted(said.values())


def test_erasing_a_guest_leaves_nothing_of_what_they_gave() -> None:
    assert set(DETAILS) <= set(blanks.BLANK)
    for name in (*EXTRAS, "email", "phone"):
        assert blanks.BLANK[name] == ""
    assert not any(blanks.BLANK[name] for name in PREFERENCES)


def test_only_texts_of_limited_length_have_a_longest() -> None:
    for name in ("guest_count", "tariff"):
        with pytest.raises(TypeError):
            longest(name)


def test_no_layer_repeats_a_length_of_the_model() -> None:
    lengths = "|".join(sorted({str(longest(name)) for name in TEXTS}))
    literal = re.compile(rf"max_length=({lengths})\b")
    layers = ("api", "desk", "web")
    repeated = [
        str(path.relative_to(ROOT))
        for path, text in sources("*.py").items()
        if path.relative_to(ROOT).parts[0] in layers and literal.search(text)
    ]
    assert repeated == []
