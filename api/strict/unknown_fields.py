"""Refuses fields and parameters that an operation does not know, naming the nearest known one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, ClassVar, LiteralString, get_args

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.operation import Operation
from ninja.params.models import ParamModel
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from api.bodies import NotJson, is_json

READS_ANYTHING = ("/payments/{provider}/events",)
"""Addresses whose callers we do not decide on: they send what their own documentation says."""

MOST_NAMED = 20
"""Unknown names of one request that are compared with the known ones. It takes time for each."""
_LONGEST_SHOWN = 64

Run = Callable[..., Any]

_answered: dict[type[BaseModel], frozenset[str]] = {}
"""For each model of a body, the fields of the answer. Those that it lacks are read-only."""


def refuse(run: Run) -> Run:
    """Makes an operation refuse unknown parameters, and bodies where it takes none.

    `run` is the method of a Ninja operation. Unknown fields of bodies are refused by their schemas.
    """
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    if operation.path.endswith(READS_ANYTHING):
        return run
    written = answered(operation)
    for model in operation.models:
        if model.__ninja_param_source__ == "body":
            _answered[model] = written
    operation.models = [*operation.models, _rest_of(operation, written)]
    return run


def sentences(fault: ValidationError, model: type[BaseModel]) -> Iterator[str | None]:
    """Yields for each error of a body the sentence about its unknown field, None for other errors.

    `model` is what Ninja made of the body's arguments.
    """
    left = MOST_NAMED
    for error in fault.errors(include_url=False, include_input=False):
        if error["type"] != "extra_forbidden":
            yield None
            continue
        *path, name = error["loc"]
        known = _fields_at(model, path) if left > 0 else ()
        written = _answered.get(model, ()) if len(path) <= 1 else ()
        left -= 1
        yield unknown_field(str(name), known, written)


def unknown_field(name: str, known: Iterable[str], written: Iterable[str] = ()) -> str:
    """Returns the sentence about an unknown field of a body."""
    if name in written:
        return f"{_shown(name)} is read-only here. Leave it out."
    return f"There is no field {_shown(name)} here. {_instead(name, known)}"


def unknown_parameter(name: str, known: Iterable[str]) -> str:
    """Returns the sentence about an unknown parameter of a query."""
    return f"There is no parameter {_shown(name)} here. {_instead(name, known)}"


def answered(operation: Operation) -> frozenset[str]:
    """Returns the names of the fields in the answers of an operation that succeed."""
    found: set[str] = set()
    for status, model in operation.response_models.items():
        if isinstance(status, int) and status < HTTPStatus.BAD_REQUEST and _is_schema(model):
            found |= _fields_at(model, ["response"])
    return frozenset(found)


class _Rest(ParamModel):
    """What is left of a request when the operation has read what it knows. It has no values."""

    __ninja_param_source__ = "query"  # type: ignore[assignment]
    __ninja_flatten_map__: ClassVar[dict[str, Any]] = {}
    __ninja_flatten_map_reverse__: ClassVar[dict[str, Any]] = {}
    parameters: ClassVar[frozenset[str]]
    takes_body: ClassVar[bool]
    written: ClassVar[frozenset[str]]

    @classmethod
    def get_request_data(
        cls,
        request: HttpRequest,
        api: NinjaAPI,
        path_params: dict[str, Any],  # noqa: ARG003
    ) -> dict[str, Any]:
        faults = list(cls._of_query(request))
        if not cls.takes_body:
            faults += cls._of_body(request, api)
        if faults:
            raise ValidationError.from_exception_data("request", faults)
        return {}

    @classmethod
    def _of_query(cls, request: HttpRequest) -> Iterator[InitErrorDetails]:
        unknown = [name for name in request.GET if name not in cls.parameters]
        for place, name in enumerate(unknown):
            known = cls.parameters if place < MOST_NAMED else ()
            yield _fault(unknown_parameter(name, known), name)

    @classmethod
    def _of_body(cls, request: HttpRequest, api: NinjaAPI) -> list[InitErrorDetails]:
        kind = request.content_type or ""
        if "form" in kind:
            # A form without a field is what some clients send for nothing.
            if not request.POST and not request.FILES:
                return []
            raise HttpError(HTTPStatus.BAD_REQUEST, "") from NotJson()
        if not request.body:
            return []
        if not is_json(kind):
            raise HttpError(HTTPStatus.BAD_REQUEST, "") from NotJson()
        try:
            document: Any = api.parser.parse_body(request)
        except Exception as fault:
            raise HttpError(HTTPStatus.BAD_REQUEST, "") from fault
        if document is None or document == {}:
            return []
        if not isinstance(document, Mapping):
            return [_fault("This takes no body.", kind="no_body")]
        return [_fault(unknown_field(name, (), cls.written), name) for name in document]


def _rest_of(operation: Operation, written: frozenset[str]) -> type[_Rest]:
    sources = {model.__ninja_param_source__: model for model in operation.models}
    query: Any = sources.get("query")
    facts = {
        "parameters": frozenset(query.__ninja_flatten_map__ if query else ()),
        "takes_body": "body" in sources,
        "written": written,
        "__module__": __name__,
    }
    return type("Rest", (_Rest,), facts)


def _fault(detail: str, *place: str, kind: LiteralString = "unknown") -> InitErrorDetails:
    # As a value, because pydantic reads names in braces in its own text.
    told = PydanticCustomError(kind, "{detail}", {"detail": detail})
    return {"type": told, "loc": place, "input": None}


def _instead(name: str, known: Iterable[str]) -> str:
    by_lower = {one.lower().replace("-", "_"): one for one in known}
    asked = name[:_LONGEST_SHOWN].lower().replace("-", "_")
    near = get_close_matches(asked, by_lower, n=1)
    return f"Did you mean `{by_lower[near[0]]}`?" if near else "Leave it out."


def _shown(name: str) -> str:
    return f"`{name}`" if len(name) <= _LONGEST_SHOWN else f"`{name[:_LONGEST_SHOWN]}…`"


def _fields_at(model: Any, path: Iterable[Any]) -> set[str]:
    """Returns the names of the fields that a document may have at this place of a model."""
    there = [model]
    for part in path:
        there = [found for one in there for found in _below(one, part)]
    return {name for one in there for name in _by_name(one)}


def _below(model: type[BaseModel], part: Any) -> Iterator[type[BaseModel]]:
    fields = _by_name(model)
    if part in fields:
        yield from _schemas_in(fields[part].annotation)
    elif isinstance(part, int) or part == model.__name__:
        # The place in a list, or the member of a union.
        yield model


def _by_name(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _schemas_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yields the models that an annotation such as `list[Member] | None` is made of."""
    if _is_schema(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _schemas_in(inner)


def _is_schema(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
