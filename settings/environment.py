"""Reads values from the environment; a bad value stops start-up with one clear line."""

import json
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
"""The product's own: the OpenAPI document tells it too."""

_env = environ.Env()


def text(name: str, default: str = "") -> str:
    """The value as text, or the default where the variable is not set or empty."""
    return _read(name, str, default, "text")


def flag(name: str, *, default: bool) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off."""
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    return _read(name, lambda raw: words[raw.strip().lower()], default, "0 or 1")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    """A whole number between `least` and `most`."""

    def cast(raw: str) -> int:
        number = int(raw)
        if not least <= number <= most:
            raise ValueError(raw)
        return number

    return _read(name, cast, default, f"a whole number from {least} to {most}")


def seconds(name: str, default: timedelta) -> timedelta:
    """A duration given in seconds."""
    return _read(name, lambda raw: _positive(float(raw)), default, "a number of seconds")


def names(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list, blanks dropped."""
    return _read(name, _split, default or [], "names separated by commas")


def folder(name: str, default: Path) -> Path:
    """An absolute path; `~` is the home folder."""
    return _read(name, lambda raw: Path(raw).expanduser().resolve(), default, "a folder")


def json_value(name: str, default: Any) -> Any:
    """A value written as JSON."""
    return _read(name, json.loads, default, "JSON")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed words."""

    def cast(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(raw)
        return raw

    return _read(name, cast, default, "one of " + ", ".join(allowed))


def database_url(name: str) -> dict[str, Any]:
    """Django's connection settings from `postgres://user:secret@host:port/name`."""

    def cast(raw: str) -> dict[str, Any]:
        config: dict[str, Any] = dict(_env.db_url_config(raw))
        if "postgresql" not in config.get("ENGINE", ""):
            raise ValueError(raw)
        return config

    return _read(name, cast, {}, "a URL such as postgres://user:secret@host:5432/holdfast")


def _read(name: str, cast: Callable[[str], T], default: T, expected: str) -> T:
    raw = _env.str(name, default="")
    if raw == "":
        return default
    try:
        return cast(raw)
    except (ValueError, KeyError, TypeError, OverflowError):
        # The value itself stays out of the message: it may hold a secret.
        message = f"{name} is not valid: expected {expected}."
        raise ImproperlyConfigured(message) from None


def _positive(number: float) -> timedelta:
    if not 0 <= number <= 10 * 365 * 86_400:
        raise ValueError(number)
    return timedelta(seconds=number)


def _split(raw: str) -> list[str]:
    return [part.strip() for part in raw.split(",") if part.strip()]


DATA_DIR = folder("DATA_DIR", BASE_DIR / ".data")
"""Where the embedded mode keeps its database, keys and files, and nowhere else."""
