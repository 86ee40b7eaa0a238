"""The document teaches: every field has a sentence, and every example works as it is written."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from freezegun.api import FrozenDateTimeFactory

from api.api import api
from guests import tokens
from reservations.models import Allocation
from tests.api.calling import BASE, JSON
from tests.api.test_matrix import BODIES, QUERIES, SIGNED, TABLE, World
from tests.guests.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

CALLERS = ("owner", "manager", "administrator", "nobody", "partner")
NEED_NOTHING = {"createSessionTokens", "receivePaymentEvents"}
"""For a browser that is logged in, and a provider that signs: none of the callers here is one."""


@pytest.fixture
def document(clock: FrozenDateTimeFactory) -> Any:
    schema = api.get_openapi_schema(path_prefix=f"{BASE}/")
    return json.loads(json.dumps(schema, default=str))


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_field_and_parameter_says_what_it_is(document: Any) -> None:
    lacking = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, told in schema.get("properties", {}).items()
        if not told.get("description")
    ]
    lacking += [
        f"{operation['operationId']}?{parameter['name']}"
        for _, _, operation in operations(document)
        for parameter in operation["parameters"]
        if not parameter.get("description")
    ]
    assert not lacking, f"describe in api/published/descriptions.py: {lacking}"


def test_servers_tags_and_security_are_told(document: Any) -> None:
    assert document["servers"][0]["url"]
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    for _, _, operation in operations(document):
        assert set(operation["tags"]) <= set(told)
        assert "security" in operation
        security = operation["security"]
        name = operation["operationId"]
        if TABLE[name]["bad_token"] < 400 or name in SIGNED:
            assert security == [] or {} in security
        else:
            assert security


def test_ids_are_unique_and_everything_is_described(document: Any) -> None:
    told = [operation for _, _, operation in operations(document)]
    ids = [operation["operationId"] for operation in told]
    assert len(ids) == len(set(ids))
    lacking = [
        f"{operation['operationId']} {status}"
        for operation in told
        for status, answer in operation["responses"].items()
        if not answer["description"].strip() or not 100 <= int(status) <= 599
    ]
    assert not lacking
    assert all(operation["summary"] and operation["description"] for operation in told)
    succeeding = [any(int(status) < 400 for status in one["responses"]) for one in told]
    assert all(succeeding)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path)), path
    used = set(re.findall(r"#/components/schemas/([\w.-]+)", json.dumps(document)))
    assert used == set(document["components"]["schemas"])


def test_every_operation_has_an_example_of_its_body(document: Any) -> None:
    lacking = [
        operation["operationId"]
        for _, _, operation in operations(document)
        if "requestBody" in operation and "example" not in operation["requestBody"]["content"][JSON]
    ]
    assert not lacking, f"write in api/published/examples.py: {lacking}"


def test_every_example_is_answered_as_described(document: Any) -> None:
    fails = {}
    world = World()
    world.owner.set_password(PASSWORD)
    world.owner.save()
    # Each reservation of the world moves the next free appointment on, so these come first.
    ordered = sorted(operations(document), key=lambda one: rank(one[2]["operationId"]))
    for method, path, operation in ordered:
        name = operation["operationId"]
        if name in NEED_NOTHING or name == "deleteMe":
            continue
        if name.startswith("delete"):
            # Nothing is in use any more.
            Allocation.objects.update(is_live=False)
        answer = sent(world, name, operation)
        expected = [int(status) for status in operation["responses"] if int(status) < 300]
        if answer.status_code not in expected:
            fails[name] = (method, path, answer.status_code, answer.content[:300])
        elif answer.content:
            content = operation["responses"][str(answer.status_code)]["content"]
            if JSON not in content:
                # A page or a file.
                continue
            told = content[JSON]["schema"]
            whole = {**told, "components": document["components"]}
            jsonschema_rs.validator_for(whole).validate(answer.json())
    assert fails == {}


def rank(name: str) -> tuple[bool, bool]:
    """Appointments before all that moves the next free one on, what takes away at the end."""
    return "Appointment" not in name, name.startswith(("delete", "logOut"))


def sent(world: World, name: str, operation: Any) -> Any:
    """The answer to the example of an operation, with the ids of this world in it."""
    kind = next(kind for kind in CALLERS if TABLE[name][kind] < 400)
    content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    has_body = "requestBody" in operation
    body: Any = of_world(world, content.get("example"), name) if has_body else None
    if name == "swapUnits":
        body |= {"reservations": BODIES[name](world)["reservations"]}
    asked = "&".join(
        f"{each['name']}={of_world(world, each['example'], name)}"
        for each in operation["parameters"]
        if each["in"] == "query" and "example" in each
    )
    tables: tuple[dict[str, Any], ...] = (BODIES, QUERIES)
    before = [table.get(name) for table in tables]
    BODIES[name], QUERIES[name] = (lambda world: body), f"?{asked}" if asked else ""
    try:
        return world.call(name, kind)
    finally:
        for table, kept in zip(tables, before, strict=True):
            if kept is None:
                table.pop(name)
            else:
                table[name] = kept


def of_world(world: World, example: Any, name: str) -> Any:
    """The example with the venues, people and ids of this world."""
    if isinstance(example, dict):
        return {key: of_world(world, value, name) for key, value in example.items()}
    if isinstance(example, list):
        return [of_world(world, value, name) for value in example]
    known = {
        "harbour-hotel": world.hotel.slug,
        "city-lot": world.lot.slug,
        "17": str(world.provider.pk),
        "three words together": PASSWORD,
    }
    if name in ("logIn", "logInDriver"):
        known["ada.lovelace@example.com"] = world.owner.email
    if name in ("createClient", "createProvider", "signUp"):
        known["ada.lovelace@example.com"] = f"{name.lower()}@example.com"
        known["+31 20 123 4567"] = f"+3120123{len(name) * 100 + 4000}"
    if isinstance(example, str) and example.startswith("eyJ"):
        return tokens.issue(world.owner).refresh
    return known.get(example, example) if isinstance(example, str) else example


def test_examples_are_of_days_to_come(document: Any, clock: FrozenDateTimeFactory) -> None:
    asked = [(one[2]["parameters"], one[2].get("requestBody")) for one in operations(document)]
    found = re.findall(r"\d{4}-\d\d-\d\d", json.dumps(asked))
    assert found
    assert min(found) > clock().date().isoformat()
