"""Completes the OpenAPI document: descriptions, tags, servers and examples."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from api.published import answers, examples, receivers
from api.published.descriptions import FIELDS, OF_SCHEMA, PARAMETERS, TAGS

Document = dict[str, Any]

_NAMED = re.compile(r"#/components/schemas/([\w.-]+)")


def complete(document: Document, *, today: date) -> None:
    """Adds what Ninja does not write. Changes the document."""
    document["servers"] = [{"url": "/", "description": "This server."}]
    document["tags"] = [
        {"name": name, "description": told} for name, told in TAGS.items() if _has(document, name)
    ]
    _leave_out_unused(document)
    for schema, properties in _schemas(document):
        for name, field in properties.items():
            _describe(field, OF_SCHEMA.get((schema, name)) or FIELDS.get(name))
    document["webhooks"] = receivers.operations()
    for operation in operations(document):
        # Ninja leaves an empty list out.
        operation.setdefault("security", [])
        for parameter in operation["parameters"]:
            _describe(parameter, parameter.get("schema", {}).get("description"))
            _describe(parameter, PARAMETERS.get(parameter["name"]) or FIELDS.get(parameter["name"]))
        examples.add_to(operation, today)
        answers.add_to(operation, today)


def operations(document: Document) -> Iterator[Document]:
    """Yields every operation of the document."""
    for methods in document["paths"].values():
        yield from methods.values()


def _leave_out_unused(document: Document) -> None:
    """Leaves out what Ninja wrote for queries, which stand in the operations themselves."""
    schemas = document["components"]["schemas"]
    while unused := schemas.keys() - set(_NAMED.findall(json.dumps(document, default=str))):
        for name in unused:
            del schemas[name]


def _has(document: Document, tag: str) -> bool:
    return any(tag in operation.get("tags", ()) for operation in operations(document))


def _schemas(document: Document) -> Iterator[tuple[str, dict[str, Document]]]:
    for name, schema in document["components"]["schemas"].items():
        yield name, schema.get("properties", {})


def _describe(told: Document, description: str | None) -> None:
    if description and "description" not in told:
        told["description"] = description
