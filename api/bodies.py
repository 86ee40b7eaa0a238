"""Parses request bodies: one JSON document in UTF-8, not declared to be anything else."""

from typing import Any

import orjson
from django.http import HttpRequest
from ninja.parser import Parser

DEEPEST = 100
"""Levels of objects and lists. orjson reads 1,024 levels but writes only 254."""


class NotJson(Exception):  # noqa: N818 - a refusal is not a fault
    """The Content-Type of the body is not JSON."""


class TooDeep(ValueError):  # noqa: N818 - a refusal is not a fault
    """Objects and lists are nested deeper than DEEPEST, in these fields of the document."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__("too deep")
        self.fields = fields


class Json(Parser):
    """Parses one JSON document in UTF-8, without NaN and lone surrogates."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Returns the document. Raises NotJson, or ValueError for a body that is not JSON.

        A body without a Content-Type is read as JSON.
        """
        if not _is_json(request.content_type or ""):
            raise NotJson
        document: dict[str, Any] = read(request.body)
        return document


def read(body: bytes) -> Any:
    """Parses a JSON document that can be written again.

    Raises ValueError where it is no JSON, TooDeep where it is deeper than DEEPEST.
    """
    document = orjson.loads(body)
    # Brackets in strings count too. The count spares most bodies the walk.
    if body.count(b"{") + body.count(b"[") > DEEPEST and _is_deeper(document, DEEPEST):
        fields = document.items() if isinstance(document, dict) else ()
        raise TooDeep([name for name, value in fields if _is_deeper(value, DEEPEST - 1)])
    return document


def _is_deeper(document: Any, most: int) -> bool:
    """Tells whether objects and lists are nested more than `most` deep."""
    layer = [document]
    for _ in range(most + 1):
        layer = [inner for one in layer for inner in _inside(one)]
        if not layer:
            return False
    return True


def _inside(one: Any) -> list[Any]:
    """Returns the values of an object or list; [] for anything else."""
    found = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return list(found)


def _is_json(content_type: str) -> bool:
    kind, _, name = content_type.lower().partition("/")
    return not content_type or (kind == "application" and (name == "json" or name[-5:] == "+json"))
