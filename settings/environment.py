"""Reads settings from the environment. A bad value stops the start with one clear line."""

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
"""The version of the product, also in the OpenAPI document."""

_env = environ.Env()


def text(name: str, default: str = "") -> str:
    """Returns the value as text, or the default if the variable is not set or empty."""
    return _read(name, str, default, "text")


def flag(name: str, *, default: bool) -> bool:
    """Returns True for 1, true, yes and on, False for 0, false, no and off.

    Raises ImproperlyConfigured for any other value.
    """
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    return _read(name, lambda raw: words[raw.strip().lower()], default, "0 or 1")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    """Returns a whole number from `least` to `most`. Raises ImproperlyConfigured."""

    def cast(raw: str) -> int:
        number = int(raw)
        if not least <= number <= most:
            raise ValueError(raw)
        return number

    return _read(name, cast, default, f"a whole number from {least} to {most}")


def seconds(name: str, default: timedelta) -> timedelta:
    """Returns a duration from a number of seconds, up to ten years. Raises ImproperlyConfigured."""
    return _read(name, lambda raw: _positive(float(raw)), default, "a number of seconds")


def names(name: str, default: list[str] | None = None) -> list[str]:
    """Returns the parts of a comma-separated list, without empty ones. [] by default."""
    return _read(name, _split, default or [], "names separated by commas")


def folder(name: str, default: Path) -> Path:
    """Returns an absolute path. `~` is the home folder."""
    return _read(name, lambda raw: Path(raw).expanduser().resolve(), default, "a folder")


def json_value(name: str, default: Any) -> Any:
    """Returns a value from JSON. Raises ImproperlyConfigured for any other text."""
    return _read(name, json.loads, default, "JSON")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Returns one of the allowed words. Raises ImproperlyConfigured for any other."""

    def cast(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(raw)
        return raw

    return _read(name, cast, default, "one of " + ", ".join(allowed))


def database_url(name: str) -> dict[str, Any]:
    """Returns Django's settings for `postgres://user:secret@host:port/name`, or {} without a value.

    Raises ImproperlyConfigured for other databases.
    """

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
        # Keep the value out of the message: it may be a secret.
        message = f"{name} is not valid: expected {expected}."
        raise ImproperlyConfigured(message) from None


def _positive(number: float) -> timedelta:
    if not 0 <= number <= 10 * 365 * 86_400:
        raise ValueError(number)
    return timedelta(seconds=number)


def _split(raw: str) -> list[str]:
    return [part.strip() for part in raw.split(",") if part.strip()]


DATA_DIR = folder("DATA_DIR", BASE_DIR / ".data")
"""The only folder in which the embedded mode writes: database, keys and files."""
