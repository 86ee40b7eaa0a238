"""Reads what is sent: one JSON document, strictly, and nothing that says it is something else."""

from typing import Any

import orjson
from django.http import HttpRequest
from ninja.parser import Parser


class NotJson(Exception):  # noqa: N818 - a refusal is not a fault
    """The body is declared to be of another type."""


class Json(Parser):
    """One document, UTF-8, no NaN, no lone surrogates; a body of no declared type may be one."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if not _is_json(request.content_type or ""):
            raise NotJson
        document: dict[str, Any] = orjson.loads(request.body)
        return document


def _is_json(content_type: str) -> bool:
    kind, _, name = content_type.lower().partition("/")
    return not content_type or (kind == "application" and (name == "json" or name[-5:] == "+json"))
