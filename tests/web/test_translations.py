"""Every text that people read is in Dutch too; what programs read is English whoever asks."""

import gettext
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from tests.api.calling import stay
from tests.factories import make_venue
from tests.web import catalogue
from venues import local_words
from web import translatable
from web.templatetags import holdfast

FOLDER = catalogue.ROOT / "web" / "locale" / "nl" / "LC_MESSAGES"
DUTCH = catalogue.read(FOLDER / "django.po")
UNFIT = {"email": "a", "password": "12345678", "first_name": " ", "last_name": "B", "phone": "1"}
HOW = "run `python manage.py collect_texts`, then translate what is empty in web/locale"


def holes(text: str) -> list[str]:
    """What a text leaves open for values."""
    return sorted(set(re.findall(r"%\([a-z_]+\)[a-z]|%[a-z]|%%", text)))


def test_every_marked_text_is_in_the_catalogue() -> None:
    missing = {
        f"{path.relative_to(catalogue.ROOT)}: {key[1]}"
        for path, key in catalogue.marked()
        if key not in DUTCH
    }
    assert not missing, f"{HOW}: {sorted(missing)}"


def test_every_refusal_is_in_the_catalogue() -> None:
    missing = [text for text in translatable.sentences() if ("", text) not in DUTCH]
    assert not missing, f"{HOW}: {missing}"


def test_every_text_has_a_dutch_translation() -> None:
    empty = [key for key, told in DUTCH.items() if not all(told)]
    assert not empty, f"{HOW}: {empty}"


def test_translations_leave_the_same_values_open() -> None:
    wrong = [
        (text, translation)
        for (_, text), told in DUTCH.items()
        for translation in told
        # Of one thing the number may stand in the words.
        if len(told) == 1 and holes(translation) != holes(text)
    ]
    assert not wrong


def test_no_translation_is_a_guess() -> None:
    source = (FOLDER / "django.po").read_text(encoding="utf-8")
    assert "#, fuzzy" not in source
    assert "\n#~ " not in source


def test_what_is_compiled_is_what_was_translated() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled: dict[Any, str] = vars(gettext.GNUTranslations(file))["_catalog"]
    stale = []
    for (context, text), told in DUTCH.items():
        key = f"{context}\x04{text}" if context else text
        one = [compiled.get(key)] if len(told) == 1 else [compiled.get((key, n)) for n in (0, 1)]
        if one != told:
            stale.append(text)
    assert not stale, f"{HOW}: {stale}"


@pytest.mark.django_db
def test_a_page_is_in_the_language_that_the_browser_asks_for(client: Client) -> None:
    answer = client.get("/accounts/login/", headers={"Accept-Language": "nl-BE,fr;q=0.5"})
    assert '<html lang="nl">' in answer.content.decode()
    assert "<h1>Inloggen</h1>" in answer.content.decode()
    assert answer["Content-Language"] == "nl"
    assert "<h1>Log in</h1>" in client.get("/accounts/login/").content.decode()
    french = client.get("/accounts/login/", headers={"Accept-Language": "fr"})
    assert '<html lang="en">' in french.content.decode()


@pytest.mark.django_db
def test_a_language_that_was_chosen_stays_whatever_the_browser_asks_for(client: Client) -> None:
    answer = client.post("/language/", {"language": "nl", "next": "/accounts/login/"})
    assert answer["Location"] == "/accounts/login/"
    english = {"Accept-Language": "en"}
    assert "Inloggen" in client.get("/accounts/login/", headers=english).content.decode()
    assert client.post("/language/", {"language": "nl", "next": "https://evil.example/"})[
        "Location"
    ].startswith("/")


@pytest.mark.django_db
def test_what_the_engine_refuses_is_said_in_dutch(client: Client) -> None:
    form = {"first_name": "A" * 16, "last_name": "B", "email": "a", "phone": "12", "password": "x"}
    answer = client.post("/accounts/signup/", form, headers={"Accept-Language": "nl"})
    errors = answer.context["form"].errors
    assert errors["first_name"] == ["Dit heeft hoogstens 15 tekens."]
    assert errors["phone"] == ["Dit telefoonnummer is te kort."]
    assert errors["email"] == ["Een e-mailadres heeft een apenstaartje (@)."]


@pytest.mark.django_db
@pytest.mark.parametrize("default", ["en", "nl"])
def test_the_api_speaks_english_whoever_asks(
    client: Client, settings: Settings, default: str
) -> None:
    settings.LANGUAGE_CODE = default
    client.cookies["django_language"] = "nl"
    venue = make_venue("hotel")
    told = [
        _asked(client, "get", f"/venues/{venue.slug}"),
        _asked(client, "get", "/venues/nowhere"),
        _asked(client, "get", "/me"),
        _asked(client, "post", "/auth/signup", UNFIT),
        _asked(client, "post", "/reservations", stay(venue)),
        _asked(client, "get", "/no-such-address"),
    ]
    text = " ".join(told)
    for english in ("Cancelling is free", "There is no venue", "too common", "write a dash"):
        assert english in text
    for dutch in ("annuleren", "bestaat niet", "telefoonnummer", "wachtwoord"):
        assert dutch not in text.lower()


def _asked(client: Client, method: str, path: str, body: Any = None) -> str:
    answer = client.generic(
        method.upper(),
        f"/api/v1{path}",
        json.dumps(body) if body else "",
        content_type="application/json",
        headers={"Accept-Language": "nl"},
    )
    assert "Content-Language" not in answer
    content: str = answer.content.decode()
    return content


def test_the_reader_of_catalogues_reads_what_they_hold(tmp_path: Path) -> None:
    source = 'msgid ""\nmsgstr "header"\n\nmsgctxt "c"\nmsgid ""\n"a"\n"b"\nmsgstr "x"\n\n'
    source += 'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "een"\nmsgstr[1] ""\n'
    path = tmp_path / "django.po"
    path.write_text(source, encoding="utf-8")
    assert catalogue.read(path) == {("c", "ab"): ["x"], ("", "one"): ["een", ""]}


def test_dates_and_money_are_written_as_the_reader_writes_them() -> None:
    day = date(2026, 12, 5)
    with translation.override("en"):
        assert (local_words.short_day(day), local_words.money(120_050, "EUR")) == (
            "Sat 5 Dec",
            "€1,200.50",
        )
        assert holdfast.line("2026-12-05, 2:00 at Hour rate") == "Sat 5 Dec, 2:00 at Hour rate"
    with translation.override("nl"):
        assert (local_words.short_day(day), local_words.money(120_050, "EUR")) == (
            "za 5 dec",
            "€\u00a01.200,50",
        )
        assert local_words.money(5_000, "CHF") == "CHF\u00a050,00"
        assert holdfast.line("Flat") == "Flat"
