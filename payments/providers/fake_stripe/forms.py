"""Reads the bodies and queries that Stripe's clients send: nested values in a flat form."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

Params = Mapping[str, Any]
"""Texts, lists and further mappings, by name."""

_PART = re.compile(r"[^\[\]]+")


def decode(body: str) -> Params:
    """Returns `a[b][0]=c` as {"a": {"b": ["c"]}}. Values stay texts."""
    told: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        parts = _PART.findall(name)
        if name.endswith("[]"):
            parts.append(f"~{len(told)}{value}")
        place = told
        for part in parts[:-1]:
            following = place.setdefault(part, {})
            if not isinstance(following, dict):
                break
            place = following
        else:
            if parts:
                place[parts[-1]] = value
    return {name: _lists(value) for name, value in told.items()}


def whole(params: Params, name: str, default: int | None = None) -> int | None:
    """Returns a whole number, or the default. Raises ValueError for any other text."""
    given = params.get(name, "")
    return int(given) if given != "" else default


def truth(params: Params, name: str) -> bool:
    """True for `true`."""
    return str(params.get(name, "")).lower() == "true"


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() or name.startswith("~") for name in value):
        return [_lists(one) for one in value.values()]
    return {name: _lists(one) for name, one in value.items()}
