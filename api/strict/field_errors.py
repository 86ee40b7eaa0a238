"""The entries of `errors` in a problem document: a JSON pointer and a sentence for each field."""

from collections.abc import Iterable, Mapping
from typing import Any

MOST_LISTED = 100
"""Entries in one answer."""


def listed(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Returns the entries for errors of pydantic, at most MOST_LISTED."""
    return [_entry(error) for error in list(errors)[:MOST_LISTED]]


def _entry(error: Mapping[str, Any]) -> dict[str, str]:
    """Turns Ninja's `('body', 'data', 'phone')` into the pointer `#/phone`."""
    source, *path = error["loc"]
    # In bodies and some queries, Ninja puts the name of the view's argument before the fields.
    fields = path[1:] if source == "body" else path[-1:]
    detail = error["msg"].removeprefix("Value error, ")
    if not fields:
        detail = detail if error.get("type") == "no_body" else "Give a JSON object."
        return {"pointer": "#", "detail": detail}
    return {"pointer": "#/" + "/".join(_escaped(part) for part in fields), "detail": detail}


def _escaped(part: Any) -> str:
    """Escapes a name as JSON Pointer (RFC 6901) asks."""
    return str(part).replace("~", "~0").replace("/", "~1")
