"""Every package the product asks for is used, and every package it uses is asked for."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from benchmarks.shape import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"^([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?")

NEVER_IMPORTED = {
    "argon2-cffi": "django's Argon2PasswordHasher imports it",
    "gunicorn": "the server of a deployment, started by its name",
    "httptools": "uvicorn imports it to read requests",
    "tzdata": "zoneinfo reads it where the system has no time zones, such as in an image",
    "websockets": "uvicorn imports it for --ws websockets-sansio",
}
"""Packages that no module of ours imports, each with what does."""

EXTRAS = {
    "django-allauth[socialaccount]": "signing in through OpenID Connect, Google and GitHub",
    "ssrfguard[httpx]": "the guard for the client that deliveries use",
    "psycopg[binary]": "psycopg without a compiler and libpq",
}
"""Extras, each with what it is for."""

COMES_ALONG = {
    "asgiref": "django",
    "kombu": "celery",
    "pydantic": "django-ninja",
    "pydantic-core": "django-ninja",
    "requests": "django-allauth",
}
"""Packages that are imported and come with one that is asked for: its interface hands them out."""


def asked() -> dict[str, set[str]]:
    """The packages of pyproject.toml, without those of tests, with their extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = [NAME.match(line) for line in project["dependencies"]]
    return {one[1].lower(): set(filter(None, (one[2] or "").split(","))) for one in found if one}


def imported() -> set[str]:
    """The packages of every module that the product imports."""
    return packages_of(module for path in sources() for module in imports(path))


def named() -> set[str]:
    """The packages of every module that a setting names, such as a middleware."""
    return packages_of(text for path in (ROOT / "settings").glob("*.py") for text in texts(path))


def packages_of(modules: Iterable[str]) -> set[str]:
    known = packages_distributions()
    found = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names
    return {name.lower().replace("_", "-") for one in found for name in known.get(one, ())}


def sources() -> Iterator[Path]:
    for folder in (*PACKAGES, "payments", "spelling", "deploy"):
        yield from (ROOT / folder).rglob("*.py")
    yield ROOT / "manage.py"


def imports(path: Path) -> Iterator[str]:
    for node in walk(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def texts(path: Path) -> Iterator[str]:
    for node in walk(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def walk(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_every_package_is_imported_or_has_a_reason() -> None:
    assert asked().keys() - imported() - named() - NEVER_IMPORTED.keys() == set()


def test_every_reason_is_of_a_package_that_needs_one() -> None:
    assert NEVER_IMPORTED.keys() - (asked().keys() - imported() - named()) == set()
    assert COMES_ALONG.keys() - (imported() - asked().keys()) == set()


def test_every_extra_has_a_reason() -> None:
    extras = {f"{name}[{extra}]" for name, extras in asked().items() for extra in extras}
    assert extras == EXTRAS.keys()


def test_every_package_that_is_imported_is_asked_for() -> None:

    assert imported() - asked().keys() - COMES_ALONG.keys() == set()
