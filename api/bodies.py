"""Parses request bodies: one JSON document in UTF-8, not declared to be anything else."""

import re
from codecs import BOM_UTF8
from typing import Any

import orjson
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

_OFFSET = re.compile(r"(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?) (\d\d:?\d\d)$")

_END_ALONE = re.compile(rb"--[^\r\n]*--\s*")

DEEPEST = 100
"""Levels of objects and lists. orjson reads 1,024 levels but writes only 254."""


class NotJson(Exception):  # noqa: N818 - a refusal is not a fault
    """The Content-Type of the body is not JSON."""


class ByteOrderMark(ValueError):  # noqa: N818 - a refusal is not a fault
    """The body begins with the byte order mark of UTF-8, which JSON does not have."""


class Encoded(Exception):  # noqa: N818 - a refusal is not a fault
    """The body has a Content-Encoding. None is read."""


class TooDeep(ValueError):  # noqa: N818 - a refusal is not a fault
    """Objects and lists are nested deeper than DEEPEST, in these fields of the document."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__("too deep")
        self.fields = fields


class Json(Parser):
    """Parses one JSON document in UTF-8, without NaN and lone surrogates."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Returns the document. Raises NotJson, Encoded, or ValueError for a body that is not JSON.

        A body without a Content-Type is read as JSON. A form without fields is no body: some
        clients send one where they have nothing to send.
        """
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Encoded
        if not is_json(request.content_type or ""):
            if _is_empty_form(request):
                return {}
            raise NotJson
        document: dict[str, Any] = read(request.body)
        return document

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Returns the values of a query. A + in a time that was not escaped is read as meant."""
        read: dict[str, Any] = super().parse_querydict(data, list_fields, request)
        return {name: _with_plus(value) for name, value in read.items()}


def _with_plus(value: Any) -> Any:
    # It arrives as a space.
    return _OFFSET.sub(r"\1+\2", value) if isinstance(value, str) else value


def _is_empty_form(request: HttpRequest) -> bool:
    # The boundary of the end alone.
    is_form = request.content_type == "multipart/form-data"
    return is_form and bool(_END_ALONE.fullmatch(request.body))


def read(body: bytes) -> Any:
    """Parses a JSON document that can be written again.

    Raises ValueError where it is no JSON: ByteOrderMark where it begins with one, TooDeep where it
    is deeper than DEEPEST.
    """
    if body.startswith(BOM_UTF8):
        raise ByteOrderMark
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


def is_merge_patch(content_type: str) -> bool:
    """Tells whether null in the body removes a value (RFC 7396)."""
    return content_type.lower() == "application/merge-patch+json"


def is_json(content_type: str) -> bool:
    """Tells whether a body with this Content-Type is read as JSON. Without one it is."""
    kind, _, name = content_type.lower().partition("/")
    return not content_type or (kind == "application" and (name == "json" or name[-5:] == "+json"))
