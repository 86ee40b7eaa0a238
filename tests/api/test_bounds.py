"""How much may be sent and asked for at once, and what nobody may set: over all operations."""

import json
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, DateTimeField, Field
from pytest_django import Settings

from api import bodies
from api.api import api
from reservations.availability import answer_cache, slots
from tests.api.calling import Api, faults, problem, stay
from tests.api.test_canaries import dump
from tests.api.test_matrix import BODIES, OPERATIONS, QUERIES, TABLE, OneWorld, World
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

WRITING = sorted(BODIES)
TEXT, NUMBER, INSTANT = "planted", 7_777_777, "2001-01-01T00:00:00Z"
TRACES = ("planted", "7777777", "2001-01-01", "2001, 1, 1")


def asked(name: str) -> dict[str, dict[str, Any]]:
    """What an operation reads from its query, by name."""
    parameters = OPERATIONS[name][2].get("parameters", [])
    return {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}


def powerful(name: str) -> str:
    """Who may do most of those who may do it."""
    kinds = ("administrator", "manager", "owner", "partner", "nobody")
    return next(kind for kind in kinds if TABLE[name][kind] < 400)


def call(world: World, name: str, *, query: str = "", body: Any = None) -> Any:
    """An operation as who may do it, with something added to its query or in place of its body."""
    asks, sends = QUERIES.get(name, ""), BODIES.get(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(QUERIES, name, f"{asks}{'&' if asks else '?'}{query}" if query else asks)
        if body is not None:
            own = sends(world) if sends else {}
            patch.setitem(BODIES, name, lambda _: body | own if isinstance(body, dict) else body)
        return world.call(name, powerful(name))


# What nobody may set.


def fields() -> dict[str, Any]:
    """Every column there is by its name, with a value that leaves a trace where it is believed."""
    found: dict[str, Any] = {}
    for label in ("reservations", "venues", "guests"):
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.concrete_fields:
                if not isinstance(field, BooleanField):
                    found |= dict.fromkeys((field.name, field.attname), planted(field))
    return found | {"price": NUMBER, "status": "planted", "scopes": ["planted"]}


def planted(field: "Field[Any, Any]") -> str | int:
    if isinstance(field, DateTimeField):
        return INSTANT
    is_text = field.get_internal_type() in ("CharField", "TextField", "EmailField", "SlugField")
    return TEXT if is_text else NUMBER


def its_own(name: str) -> set[str]:
    """The fields that an operation does read."""
    content = OPERATIONS[name][2]["requestBody"]["content"]["application/json"]["schema"]
    schemas = api.get_openapi_schema()["components"]["schemas"]
    return set(schemas[content["$ref"].rpartition("/")[2]]["properties"])


def test_what_is_assigned_leaves_a_trace(guest: Api, hotel: Venue) -> None:
    """The negative control."""
    assert guest.post("/reservations", stay(hotel, remarks=TEXT)).status_code == 201
    assert [trace for trace in TRACES if trace in dump()] == [TEXT]


# How much may be sent.


@pytest.mark.parametrize("depth", [bodies.DEEPEST + 1, 254, 255, 1_023])
def test_a_deep_body_with_an_idempotency_key_is_refused(
    guest: Api, hotel: Venue, depth: int
) -> None:
    deep = b"[" * depth + b"1" + b"]" * depth
    body = json.dumps(stay(hotel)).encode()[:-1] + b', "other": ' + deep + b"}"
    assert "other" in faults(guest.send("POST", "/reservations", body, Idempotency_Key="k"))


def test_brackets_in_a_text_are_no_depth(guest: Api, hotel: Venue) -> None:
    body = stay(hotel, remarks="[{" * 150)
    assert guest.post("/reservations", body, Idempotency_Key="k").status_code == 201


def test_a_body_of_just_the_size_is_read(guest: Api, hotel: Venue, settings: Settings) -> None:

    room = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = json.dumps(stay(hotel)).encode()
    assert guest.send("POST", "/reservations", body + b" " * (room - len(body))).status_code == 201
    problem(
        guest.send("POST", "/reservations", body + b" " * (room - len(body) + 1)),
        413,
        "body_too_large",
    )


# How much may be asked for.

PAGED = sorted(name for name in OPERATIONS if "limit" in asked(name))
LISTS = sorted(name for name in OPERATIONS if "cursor" in asked(name))
FORGED = ["x", "k1", "a" * 5_000, "-1", "2027-03-01T12:00:00", "%00", "W10"]


def test_slots_beyond_the_most_of_an_answer_are_refused(
    guest: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = World().practice
    monkeypatch.setattr(slots, "MOST_SLOTS", 100)
    path = f"/venues/{practice.slug}/slots?date=2027-03-01"
    assert guest.get(path).status_code == 200
    assert "days" in faults(guest.get(path + "&days=31"))


@pytest.mark.parametrize("field", ["slot_length", "step"])
def test_a_slot_or_step_of_seconds_is_no_grid(field: str, hotel: Venue) -> None:
    policy = hotel.policy
    for seconds, is_right in ((1, False), (299, False), (300, True)):
        setattr(policy, field, timedelta(seconds=seconds))
        with nullcontext() if is_right else pytest.raises(ValidationError, match=field):
            policy.full_clean()


def test_parameters_that_mean_nothing_fill_no_cache(
    guest: Api, hotel: Venue, django_assert_num_queries: Any
) -> None:
    cache.clear()
    path = f"/venues/{hotel.slug}/calendar?month=2027-03"
    asked: set[str] = set()
    kept = answer_cache._key

    def key(question: str, venue: Venue) -> str:
        asked.add(question)
        return kept(question, venue)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer_cache, "_key", key)
        for more in ("", "&x=1", "&x=2", "&y=3"):
            guest.get(path + more)
    assert len(asked) == 1


def test_there_are_lists() -> None:
    assert len(PAGED) > 3 and len(LISTS) > 3


class TestEveryOperation(OneWorld):
    @pytest.mark.parametrize("name", WRITING)
    def test_what_an_operation_does_not_ask_for_assigns_nothing(
        self, world: World, name: str
    ) -> None:
        every = fields()
        own = its_own(name)
        assert {"id", "created_at", "confirmed_at", "price_minor", "role"} <= set(every)
        answer = call(
            world, name, body={key: value for key, value in every.items() if key not in own}
        )
        assert answer.status_code == 422, answer.content
        told = answer.content.decode() + dump()
        assert not [trace for trace in TRACES if trace in told]

    @pytest.mark.parametrize("name", WRITING)
    def test_a_body_of_a_megabyte_is_413_and_described(self, world: World, name: str) -> None:
        problem(
            call(world, name, body=b'{"remarks": "' + b"x" * 2**20 + b'"}'), 413, "body_too_large"
        )
        assert 413 in OPERATIONS[name][2]["responses"]

    @pytest.mark.parametrize("name", WRITING)
    def test_of_ten_thousand_unknown_fields_some_are_named(self, world: World, name: str) -> None:
        answer = call(world, name, body={f"x{number}": number for number in range(10_000)})
        assert answer.status_code == 422, answer.content
        assert "#/x0" in [one["pointer"] for one in answer.json()["errors"]]
        assert len(answer.content) < 100_000

    @pytest.mark.parametrize("name", WRITING)
    def test_a_document_as_deep_as_a_body_may_be_is_refused(self, world: World, name: str) -> None:
        answer = call(world, name, body=b'{"a":' * 40_000 + b"1" + b"}" * 40_000)
        assert answer.status_code in (400, 422), answer.content

    @pytest.mark.parametrize("name", PAGED)
    def test_a_page_has_at_most_what_is_described(self, world: World, name: str) -> None:
        most = asked(name)["limit"]["maximum"]
        assert most <= 200
        assert call(world, name, query=f"limit={most}").status_code == 200
        for limit in (most + 1, 10**30, -1, 0):
            problem(call(world, name, query=f"limit={limit}"), 422, "validation_error")

    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize("cursor", FORGED)
    def test_a_cursor_that_nobody_was_given_is_refused(
        self, world: World, name: str, cursor: str
    ) -> None:
        problem(call(world, name, query=f"cursor={cursor}"), 422, "validation_error")

    @pytest.mark.parametrize("name", LISTS)
    def test_a_cursor_of_another_list_opens_nothing(self, world: World, name: str) -> None:
        for cursor in ("azc3Nzc3Nzc", "2027-03-01T12:00:00Z", "2027-03-01T12:00:00%2B00:00"):
            answer = call(world, name, query=f"cursor={cursor}")
            assert answer.status_code in (200, 422)
