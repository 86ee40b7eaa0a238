"""The OpenAPI document: what Ninja reads from the operations, and what they all have in common."""

from datetime import date
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from ninja import NinjaAPI
from ninja.errors import ValidationError as NinjaValidationError
from ninja.errors import ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from api.errors import CODES
from api.published import completion
from api.schemas import Problem
from api.strict import unknown_fields
from reservations import clock

_OF_EVERY = {503: "Nothing was changed; try again after Retry-After seconds."}
_OF_BODIES = {
    400: "The body is not one JSON document, or the time is outside what the venue sells.",
    413: "The body is too large.",
    415: "The body is declared to be something other than JSON.",
    422: "Some of what was sent does not fit.",
}
_OF_PROTECTED = {401: "No credentials were sent, or they are not valid."}

_HEADERS: dict[str, dict[str, Any]] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "ETag": {"description": "Names this version, for If-Match.", "schema": {"type": "string"}},
    "Location": {"description": "Where it is from now on.", "schema": {"type": "string"}},
    "RateLimit-Policy": {
        "description": "The rate: q changes, or failed log-ins, in w seconds. Staff have none.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left: r of them; more in t seconds.",
        "schema": {"type": "string"},
    },
}
_RATE = ("RateLimit-Policy", "RateLimit")


def answering_with(status: int, *headers: str) -> dict[str, Any]:
    """Returns an `openapi_extra=` that names the headers of the answer with this status."""
    return {"responses": {status: {"headers": _described(*headers)}}}


class DocumentedAPI(NinjaAPI):
    """Ninja's API with an OpenAPI document that describes the real errors."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Returns the document. Builds it once a day for each prefix."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return _document(self, prefix, clock.now().date())

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> NinjaValidationError:
        """Returns Ninja's error of all that was refused. Unknown fields have our sentences."""
        fault = super().validation_error_from_error_contexts(error_contexts)
        told = [
            sentence
            for context in error_contexts
            for sentence in unknown_fields.sentences(
                context.pydantic_validation_error, context.model
            )
        ]
        for error, sentence in zip(fault.errors, told, strict=True):
            error["msg"] = sentence or error["msg"]
        return fault

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Always raises ImproperlyConfigured: every operation names its id, because generated
        clients use it.
        """
        called = f"{operation.view_func.__module__}.{operation.view_func.__name__}"
        raise ImproperlyConfigured(f"{called} needs an operation_id, verb then noun: getVenue.")


class _Document(OpenAPISchema):
    def responses(self, operation: Operation) -> dict[int, dict[str, Any]]:
        declared: dict[int, dict[str, Any]] = super().responses(operation)
        for status, description in _common(operation).items():
            declared.setdefault(status, {"description": description})
        for status, answer in declared.items():
            if status >= 400:
                answer["content"] = _problem_content()
            names = _header_names(operation, status)
            if names:
                answer["headers"] = _described(*names)
        self.add_schema_definitions({"Problem": _problem_schema()})
        return dict(sorted(declared.items()))

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        """Adds an empty scheme where the operation also accepts no credentials, or
        one in the body.
        """
        schemes: list[dict[str, Any]] | None = super().operation_security(operation)
        if not schemes:
            # Without it, a reader takes the operation for one that the whole document protects.
            return []
        if len(schemes) < len(operation.auth_callbacks):
            schemes.append({})
        return schemes


@lru_cache(maxsize=2)
def _document(api: NinjaAPI, prefix: str, today: date) -> _Document:
    # Building it takes a second of a core, and anybody may ask for it.
    document = _Document(api, prefix)
    completion.complete(document, today=today)
    return document


def _common(operation: Operation) -> dict[int, str]:
    found = dict(_OF_EVERY)
    if operation.auth_callbacks:
        found |= _OF_PROTECTED
    if any(model.__ninja_param_source__ == "body" for model in operation.models):
        found |= _OF_BODIES
    return found


def _header_names(operation: Operation, status: int) -> tuple[str, ...]:
    is_rated = 429 in operation.response_models
    # A wrong password counts towards the rate. Missing credentials elsewhere do not.
    is_told = status < 300 or status == 429 or (status == 401 and not operation.auth_callbacks)
    told = _RATE if is_rated and is_told else ()
    return ("Retry-After", *told) if status in (429, 503) else told


def _described(*names: str) -> dict[str, Any]:
    return {name: _HEADERS[name] for name in names}


def _problem_content() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"application/problem+json": {"schema": schema}}


def _problem_schema() -> dict[str, Any]:
    schema = Problem.json_schema()
    schema["properties"]["code"]["description"] = f"Stable; one of: {', '.join(CODES)}."
    schema["properties"]["errors"]["anyOf"][0]["items"] = schema.pop("$defs")["FieldError"]
    return schema
