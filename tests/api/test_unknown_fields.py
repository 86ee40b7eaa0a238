"""What an operation does not know is refused by name, in every body and every query."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.api.calling import BASE, JSON, Api, faults, problem, stay
from tests.api.test_matrix import BODIES, OPERATIONS, QUERIES, TABLE, World
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

CALLERS = ("nobody", "owner", "partner", "manager", "administrator")
OF_SESSIONS = {"createSessionTokens"}
"""Their callers have a cookie, which no caller of the matrix has."""
OF_OTHERS = {"receivePaymentEvents"}
"""Their bodies are written by others, who send what they like, and sign it."""


def caller(name: str) -> str:
    """Somebody who may call this."""
    return next(kind for kind in CALLERS if TABLE[name][kind] < 400)


def misspelt(known: str) -> str:
    return known[:-2] + known[-1] if len(known) > 3 else known + "s"


def fields_of(operation: Any, document: Any) -> list[str]:
    """The names of the fields of an operation's body; [] where it takes none."""
    if "requestBody" not in operation:
        return []
    schema = operation["requestBody"]["content"][JSON]["schema"]
    for each in (schema, *schema.get("anyOf", [])):
        if "$ref" in each:
            named = document["components"]["schemas"][each["$ref"].rpartition("/")[2]]
            return list(named["properties"])
    return list(schema["properties"])


@pytest.fixture(scope="module")
def document() -> Any:
    return Client().get("/api/v1/openapi.json").json()


def test_every_operation_names_an_unknown_field_and_the_nearest(document: Any) -> None:
    world = World()
    for name, (method, _, operation) in OPERATIONS.items():
        if name in OF_SESSIONS | OF_OTHERS or method == "GET":
            continue
        known = fields_of(operation, document)
        written = misspelt(max(known, key=len)) if known else "nonsense"
        nearest = f"Did you mean `{max(known, key=len)}`?" if known else "Leave it out."
        usual = BODIES.get(name, lambda world: {})
        answer = sent(world, name, usual(world) | {written: "x"})
        assert written in faults(answer), name
        assert faults(answer)[written].endswith(nearest), name


def test_every_operation_names_an_unknown_parameter_and_the_nearest() -> None:
    world = World()
    for name, (_, _, operation) in OPERATIONS.items():
        if name in OF_SESSIONS | OF_OTHERS:
            continue
        known = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
        written = misspelt(max(known, key=len)) if known else "nonsense"
        nearest = f"Did you mean `{max(known, key=len)}`?" if known else "Leave it out."
        usual = BODIES[name](world) if name in BODIES else None
        answer = sent(world, name, usual, query=f"{written}=x")
        assert faults(answer)[written].endswith(nearest), name


def sent(world: World, name: str, body: Any, *, query: str = "") -> Any:
    """The answer to a call as the matrix makes it, with this body and these parameters more."""
    before = BODIES.get(name), QUERIES.get(name, "")
    joined = f"{before[1]}&{query}" if before[1] else f"?{query}"
    try:
        BODIES[name], QUERIES[name] = (lambda _: body), joined if query else before[1]
        return world.call(name, caller(name))
    finally:
        QUERIES[name] = before[1]
        if before[0] is None:
            del BODIES[name]
        else:
            BODIES[name] = before[0]


def test_a_misspelt_category_books_nothing(guest: Api, hotel: Venue) -> None:
    answer = guest.post("/reservations", stay(hotel, categry="suite"))
    assert faults(answer) == {
        "categry": "There is no field `categry` here. Did you mean `category`?"
    }
    assert guest.get("/reservations").json()["items"] == []


def test_missing_and_unknown_fields_are_told_together(guest: Api, hotel: Venue) -> None:
    body = stay(hotel, guestCount=2)
    del body["guest_count"]
    told = faults(guest.post("/reservations", body))
    assert set(told) == {"guest_count", "guestCount"}
    assert told["guestCount"].endswith("Did you mean `guest_count`?")


def test_fields_in_lists_and_objects_are_named_by_their_place(
    guest: Api, administrator: Api, hotel: Venue
) -> None:
    body = stay(hotel, items=[{"guest_count": 2}, {"guest_count": 2, "catgory": "standard"}])
    told = faults(guest.post("/reservations/groups", body))
    assert told == {"items/1/catgory": "There is no field `catgory` here. Did you mean `category`?"}
    price = {"amount": "2.00", "curency": "EUR"}
    lot = {"name": "Lot", "capacity": 2, "price": price}
    told = faults(administrator.post("/parking/lots", lot))
    assert told["price/curency"].endswith("Did you mean `currency`?")


def test_a_reservation_sent_back_whole_is_refused_at_its_read_only_fields(
    guest: Api, hotel: Venue
) -> None:
    whole = guest.post("/reservations", stay(hotel)).json()
    told = faults(guest.patch(f"/reservations/{whole['id']}", whole))
    for name in ("id", "code", "status", "status_code", "price", "created_at", "venue"):
        assert told[name] == f"`{name}` is read-only here. Leave it out."
    assert "remarks" not in told


def test_a_status_is_not_written(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    path = f"/reservations/{made['id']}"
    assert set(faults(guest.patch(path, {"status": "cancelled"}))) == {"status"}
    assert guest.get(path).json()["status"] == "held"


def test_an_unknown_filter_lists_nothing(guest: Api) -> None:
    told = faults(guest.get("/reservations", {"state": "held"}))
    assert told == {"state": "There is no parameter `state` here. Did you mean `status`?"}


def test_verbs_take_no_body_or_an_empty_one(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    for body in (None, b"", b"{}", b"null"):
        assert guest.post(f"/reservations/{made['id']}/confirm", body).status_code == 200


def test_a_verb_refuses_what_it_does_not_read(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    path = f"/reservations/{made['id']}/cancel"
    assert set(faults(guest.post(path, {"reason": "x"}))) == {"reason"}
    assert faults(guest.post(path, ["x"])) == {"#": "This takes no body."}
    problem(guest.post(path, b"{"), 400, "malformed_body")
    of_a_form = guest.client.post(BASE + path, {"reason": "x"}, headers=guest.credentials())
    problem(of_a_form, 415, "unsupported_media_type")
    empty_form = guest.client.post(BASE + path, headers=guest.credentials())
    assert empty_form.status_code == 200


def test_names_are_told_as_json_pointers_and_not_at_any_length(guest: Api, hotel: Venue) -> None:
    long = "x" * 5_000
    answer = guest.post("/reservations", stay(hotel) | {"a/b~c": 1, long: 1})
    told = faults(answer)
    assert "a~1b~0c" in told
    assert len(told[long]) < 200


def test_thousands_of_unknown_fields_are_answered_shortly(guest: Api, hotel: Venue) -> None:
    body = stay(hotel) | {f"category{n}": 1 for n in range(5_000)}
    answer = guest.send("POST", "/reservations", json.dumps(body).encode())
    assert len(faults(answer)) == 100


def test_documentation_pages_read_no_query() -> None:
    for path in ("/docs", "/openapi.json"):
        assert Client().get(f"{BASE}{path}?theme=dark").status_code == 200
