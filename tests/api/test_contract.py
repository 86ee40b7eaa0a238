"""The OpenAPI document agrees with the server: read line by line, then tried with made-up input."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.contrib.staticfiles import finders
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.calling import BASE, anonymous
from tests.api.test_matrix import OPERATIONS, World
from tests.effort import examples

DOCUMENT = "/api/v1/openapi.json"
FUZZ = os.environ.get("FUZZ") == "1"
EXAMPLES = 25 if FUZZ else examples(2)
"""Made-up requests for each operation and way of making them up, each sent by every caller."""

# Made-up credentials beside good ones would make everything 401.
CONFIG = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get(DOCUMENT).json()


every_operation = pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS.values(), ids=list(OPERATIONS)
)


# Read.


def test_the_document_is_served_to_anybody_and_is_the_whole_of_it(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Holdfast"
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert document["info"]["version"] == project["project"]["version"]
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    told = [each["operationId"] for of in document["paths"].values() for each in of.values()]
    assert set(told) == set(OPERATIONS)
    assert len(told) == len(set(told))


def test_every_reference_leads_somewhere(document: Any) -> None:
    for found in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        there = document
        for part in found.removeprefix("#/").split("/"):
            there = there[part]
        assert there


def test_the_ways_to_log_in_are_described(document: Any) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["Bearer"] == {"type": "http", "scheme": "bearer"}
    assert schemes["ApiKey"] == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    assert schemes["BrowserSession"]["in"] == "cookie"


@every_operation
def test_errors_are_problem_documents(method: str, path: str, operation: Any) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            assert answer["content"] == problem, status
            assert answer["description"]


UNLIMITED = ("/undo-check-in", "/undo-check-out", "/reinstate", "/release-rest")
"""Staff put right what went wrong as often as it takes."""


@every_operation
def test_what_can_go_wrong_is_described(method: str, path: str, operation: Any) -> None:
    told = {int(status) for status in operation["responses"]}
    expected = {503}
    security = operation.get("security")
    if security:
        expected.add(401)
    if security and {} not in security:
        expected.add(403)
    if "{" in path:
        expected.add(404)
    if any(parameter["in"] == "query" for parameter in operation["parameters"]):
        expected.add(422)
    if "requestBody" in operation:
        expected |= {400, 413, 415, 422}
    if path.startswith(("/reservations/{", "/parking/reservations/{")) and method != "GET":
        is_limited = method != "PATCH" and not path.endswith(UNLIMITED)
        expected |= {409, 429} if is_limited else {409}
    assert expected <= told


@every_operation
def test_every_operation_says_what_it_does(method: str, path: str, operation: Any) -> None:
    assert operation["summary"]
    assert operation["description"].endswith((".", ")", "`"))
    assert operation["tags"]
    assert any(int(status) < 300 for status in operation["responses"])


def header_names(name: str) -> set[str]:
    parameters = OPERATIONS[name][2]["parameters"]
    return {each["name"] for each in parameters if each["in"] == "header"}


def test_headers_are_named_with_hyphens_and_are_optional() -> None:
    assert header_names("createReservation") == {"Idempotency-Key"}
    assert header_names("modifyReservation") == {"If-Match"}
    for _, _, operation in OPERATIONS.values():
        for parameter in operation["parameters"]:
            assert "_" not in parameter["name"] or parameter["in"] != "header"
            assert not (parameter["in"] == "header" and parameter["required"])


@pytest.mark.parametrize(
    ("name", "status", "headers"),
    [
        ("createReservation", 201, {"Location", "ETag"}),
        ("getReservation", 200, {"ETag"}),
        ("modifyReservation", 200, {"ETag"}),
        ("confirmReservation", 200, {"ETag", "RateLimit", "RateLimit-Policy"}),
        ("confirmReservation", 429, {"Retry-After", "RateLimit", "RateLimit-Policy"}),
        ("logIn", 429, {"Retry-After"}),
        ("createReservation", 503, {"Retry-After"}),
    ],
)
def test_headers_of_answers_are_described(name: str, status: int, headers: set[str]) -> None:
    assert headers <= set(OPERATIONS[name][2]["responses"][status]["headers"])


def test_fields_of_a_new_reservation_are_described_with_their_lengths(document: Any) -> None:
    fields = document["components"]["schemas"]["ReservationIn"]["properties"]

    def limits(name: str) -> tuple[int | None, int | None]:
        field = fields[name]
        of_text = next((one for one in field.get("anyOf", []) if one["type"] == "string"), field)
        return of_text.get("minLength"), of_text.get("maxLength")

    assert limits("first_name") == limits("last_name") == (1, 15)
    assert limits("occasion") == (None, 20)
    assert limits("remarks") == (None, 500)
    schema = document["components"]["schemas"]["ReservationIn"]
    assert schema["required"] == ["venue"]
    # Either says how many come.
    assert schema["anyOf"] == [{"required": ["guest_count"]}, {"required": ["adults"]}]


# Browsed.


def test_the_docs_are_served_and_need_nothing_from_elsewhere() -> None:
    page = anonymous().get("/docs")
    assert page.status_code == 200
    html = page.content.decode()
    assert "swagger-ui" in html
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert addresses
    for address in addresses:
        assert address.startswith("/static/ninja/"), address
        assert finders.find(address.removeprefix("/static/")), address
        script = Client().get(address)
        assert script.status_code == 200
        assert script.getvalue()
    assert DOCUMENT in html


# Tried.


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """As Django's own test client does: the test's transaction outlives each request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


TAGS = sorted({tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]})
CALLERS = (
    "nobody",
    "bad_token",
    "scopeless",
    "owner",
    "partner",
    "clerk",
    "manager",
    "administrator",
)


@pytest.mark.no_cover
@pytest.mark.django_db
@pytest.mark.usefixtures("clock", "_one_connection")
@pytest.mark.parametrize("tag", TAGS)
def test_made_up_requests_are_answered_as_described_to_every_caller(tag: str) -> None:
    world = World()
    headers = {kind: world.callers[kind].credentials() for kind in CALLERS}
    known = {
        "reservation_id": [
            str(world.reservation(name).pk) for name in ("getReservation", "occupySpot")
        ],
        "appointment_id": [str(world.reservation("confirmAppointment").pk)],
        "provider_id": [str(world.provider.pk)],
        "block_id": [str(world.block())],
        "slug": [world.hotel.slug, world.lot.slug],
        "venue": [world.hotel.slug],
        "lot_id": [world.lot.slug],
    }
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, get_wsgi_application(), config=CONFIG)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == len(OPERATIONS)
    # Whoever is erased can try nothing more.
    for operation in sorted(found, key=lambda one: (one.path.endswith("/me"), one.label)):
        if tag not in (operation.tags or []):
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.POSITIVE or operation.body or operation.query:
                try_out(operation, mode, headers, known)


def try_out(
    operation: Any,
    mode: GenerationMode,
    headers: dict[str, dict[str, str]],
    known: dict[str, list[str]],
) -> None:
    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), pick=st.integers(0, 3))
    def check(case: Case, pick: int) -> None:
        for name, values in known.items():
            # What exists is more telling than what never did.
            if name in (case.path_parameters or {}) and pick < 3:
                case.path_parameters[name] = values[pick % len(values)]
        if isinstance(case.body, dict) and "venue" in case.body and pick < 3:
            case.body["venue"] = known["slug"][pick % 2]
        for kind in CALLERS:
            note(f"as {kind}")
            response = case.call(headers=headers[kind])
            case.validate_response(response, checks=CHECKS)

    check()


def test_the_base_is_the_one_of_the_contract() -> None:
    assert BASE == "/api/v1"
