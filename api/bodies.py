"""Parses request bodies: one JSON document in UTF-8, not declared to be anything else."""

from typing import Any

import orjson
from django.http import HttpRequest
from ninja.parser import Parser


class NotJson(Exception):  # noqa: N818 - a refusal is not a fault
    """The Content-Type of the body is not JSON."""


class Json(Parser):
    """Parses one JSON document in UTF-8, without NaN and lone surrogates."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Returns the document. Raises NotJson, or ValueError for a body that is not JSON.

        A body without a Content-Type is read as JSON.
        """
        if not _is_json(request.content_type or ""):
            raise NotJson
        document: dict[str, Any] = orjson.loads(request.body)
        return document


def _is_json(content_type: str) -> bool:
    kind, _, name = content_type.lower().partition("/")
    return not content_type or (kind == "application" and (name == "json" or name[-5:] == "+json"))
