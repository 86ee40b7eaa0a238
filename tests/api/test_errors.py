"""What goes wrong, as it is told: one kind of document for all, and nothing of our insides."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from api.errors import OTHERS, STATUSES
from api.problem_titles import TITLES
from guests import keys, tokens
from guests.errors import GuestError
from reservations import actions
from reservations.errors import Refusal
from tests.api.calling import BASE, CONTACT, Api, anonymous, faults, partner, person, problem, stay
from tests.factories import make_venue
from tests.guests.factories import PartnerFactory, UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]


def below(kind: type[Exception]) -> list[type[Exception]]:
    return [found for child in kind.__subclasses__() for found in (child, *below(child))]


REFUSALS = sorted({*below(Refusal), *below(GuestError)}, key=lambda kind: kind.__qualname__)

SAME_ON_PURPOSE = {"validation_error", "forbidden", "rate_limited", "busy"}
"""Codes that mean the same of people and of reservations."""


# The table.


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_has_a_number_a_code_and_a_sentence(kind: Any) -> None:
    assert kind in STATUSES, f"{kind} has no status in api/errors.py"
    assert 400 <= STATUSES[kind] < 600
    assert "code" in vars(kind), f"{kind} has no code of its own"
    assert kind.code.isidentifier() and kind.code == kind.code.lower()
    assert kind.__doc__ and kind.__doc__.strip().endswith(".")


def test_codes_are_not_shared() -> None:
    codes = [kind.code for kind in REFUSALS if kind.code not in SAME_ON_PURPOSE]  # type: ignore[attr-defined]
    assert len(codes) == len(set(codes))


def test_the_table_names_nothing_that_is_gone() -> None:
    assert set(STATUSES) == set(REFUSALS)


def documented(name: str) -> dict[str, set[int]]:
    """Codes and their statuses as a table in a page of the documentation tells them."""
    rows = re.findall(
        r"^\| (`[^|]+) \| ((?:[45][0-9]{2}(?:, )?)+) \|", (ROOT / name).read_text(), re.MULTILINE
    )
    found = [(re.findall(r"`(\w+)`", codes), statuses.split(", ")) for codes, statuses in rows]
    return {code: set(map(int, statuses)) for codes, statuses in found for code in codes}


def told() -> dict[str, int]:
    """Every code that can be met, and its status."""
    refusals = {kind.code: status for kind, status in STATUSES.items()}  # type: ignore[attr-defined]
    return {**OTHERS, **refusals}


def test_the_page_of_errors_explains_every_code_there_is() -> None:
    assert documented("docs/errors.md") == {code: {status} for code, status in told().items()}


def test_the_guide_for_partners_says_nothing_else() -> None:
    said = documented("docs/guide/partner.md")
    assert len(said) > 20
    for code, statuses in said.items():
        assert told()[code] in statuses, code


def test_the_document_names_every_code() -> None:
    schema = Client().get(f"{BASE}/openapi.json").json()["components"]["schemas"]["Problem"]
    said = schema["properties"]["code"]["description"]
    assert set(said.removeprefix("Stable; one of: ").strip(".").split(", ")) == set(told())


def test_every_code_has_a_title_of_its_own() -> None:
    assert set(TITLES) == set(told())
    assert len(set(TITLES.values())) == len(TITLES)


def test_a_problem_has_the_title_of_its_code() -> None:
    said = problem(anonymous().get("/venues/nowhere"), 404, "not_found")
    assert said["title"] == TITLES["not_found"]


def test_a_code_means_one_status() -> None:
    for kind, status in STATUSES.items():
        assert told()[kind.code] == status  # type: ignore[attr-defined]


# What cannot be read.


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/reservations/", "/venues/x/y/z", "/%00"])
def test_an_unknown_path_is_404(path: str) -> None:
    problem(anonymous().get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/%ff", "/reservations/%ff%fe", "/venues/%c0%80"])
def test_a_path_that_is_no_text_is_404_or_401(guest: Api, path: str) -> None:
    problem(guest.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/reservations", {"GET", "HEAD", "POST"}),
        ("DELETE", "/reservations/1", {"GET", "HEAD", "PATCH"}),
        ("GET", "/reservations/1/confirm", {"POST"}),
        ("PUT", "/venues", {"GET", "HEAD", "POST"}),
        ("PATCH", "/auth/login", {"POST"}),
        ("TRACE", "/me", {"GET", "HEAD", "PATCH", "DELETE"}),
    ],
)
def test_a_wrong_method_is_405_and_says_which_are_right(
    method: str, path: str, allowed: set[str]
) -> None:
    answer = anonymous().client.generic(method, BASE + path)
    problem(answer, 405, "method_not_allowed")
    assert set(answer["Allow"].split(", ")) == allowed


MALFORMED = [
    b"{", b"}", b"{'a': 1}", b'{"a": 1,}', b"{} {}", b"a=b", b"\xff\xfe", b'{"a": "\xff"}', b" ",
    b'{"guest_count": NaN}', b'{"guest_count": Infinity}', b'{"first_name": "\\ud800"}',
    b'{"\\udfff": 1}', b"[" * 100_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000, b"\x00",
    b'{"a": 01}', b"\xef\xbb\xbf{}", b'{"remarks": "\t"}', b"nul",
]  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED)
@pytest.mark.parametrize("path", ["/reservations", "/auth/login"])
def test_a_body_that_is_no_json_is_400(guest: Api, path: str, body: bytes) -> None:
    problem(guest.post(path, body), 400, "malformed_body")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b"true", b"[{}]", b""])
@pytest.mark.parametrize("path", ["/reservations", "/auth/login", "/auth/signup"])
def test_a_body_that_is_no_object_is_422(guest: Api, path: str, body: bytes) -> None:
    assert faults(guest.post(path, body)) == {"#": "Give a JSON object."}


@pytest.mark.parametrize("path", ["/reservations", "/auth/login", "/auth/logout"])
@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain; charset=utf-8",
        "text/json",
        "application/xml",
        "application/jsonp",
        "json",
        "*/*",
        "application/x-ndjson",
    ],
)
def test_a_body_declared_as_something_else_is_415(guest: Api, path: str, content_type: str) -> None:
    headers = guest.credentials()
    for body in (b"{}", b"a=b", b"--x\r\n\r\n\r\n--x--", b"{"):
        answer = guest.client.generic("POST", BASE + path, body, content_type, headers=headers)
        problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/merge-patch+json",
    ],
)
def test_json_by_any_of_its_names_and_without_one_is_read(guest: Api, content_type: str) -> None:
    headers = guest.credentials()
    path = f"{BASE}/reservations"
    for body, code, status in ((b"{}", "validation_error", 422), (b"a=b", "malformed_body", 400)):
        answer = guest.client.generic("POST", path, body, content_type, headers=headers)
        problem(answer, status, code)


def test_who_it_is_comes_before_what_they_send(guest: Api) -> None:
    for path in ("/reservations", "/auth/logout"):
        answer = guest.client.generic("POST", BASE + path, b"a=b", "text/plain")
        assert answer.status_code == 401


def test_where_no_body_is_read_its_type_does_not_matter(guest: Api) -> None:
    headers = guest.credentials()
    path = f"{BASE}/reservations/1/confirm"
    answer = guest.client.generic("POST", path, b"", "text/plain", headers=headers)
    problem(answer, 404, "not_found")


# HEAD.


READABLE = ["/me", "/venues", "/reservations", "/openapi.json", "/docs", "/me/favourites"]


@pytest.mark.parametrize("path", [*READABLE, "/nothing", "/venues/nowhere", "/venues?limit=0"])
def test_head_answers_as_get_does_without_the_body(guest: Api, path: str) -> None:
    headers = guest.credentials()
    got = guest.client.get(BASE + path, headers=headers)
    head = guest.client.head(BASE + path, headers=headers)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head["Content-Length"] == str(len(got.content))
    for name in ("Content-Type", "Cache-Control", "X-Content-Type-Options"):
        assert head[name] == got[name]


def test_head_needs_what_get_needs_and_is_refused_where_there_is_no_get() -> None:
    client = Client()
    unknown = client.head(f"{BASE}/me")
    assert (unknown.status_code, unknown.content) == (401, b"")
    assert "WWW-Authenticate" in unknown
    wrong = client.head(f"{BASE}/auth/login")
    assert (wrong.status_code, wrong["Allow"]) == (405, "POST")


@pytest.mark.parametrize("depth", [100, 400, 1_000, 1_020])
def test_a_deeply_nested_body_is_refused_without_falling(guest: Api, depth: int) -> None:
    nested = b'{"venue": ' + b"[" * depth + b"]" * depth + b"}"
    assert "venue" in faults(guest.post("/reservations", nested))
    unknown = b'{"x": ' + b'{"x":' * depth + b'"\\u0000"' + b"}" * depth + b"}"
    assert faults(guest.post("/reservations", unknown))


@pytest.mark.parametrize("path", ["/reservations", "/auth/login"])
def test_an_oversized_body_is_413(guest: Api, settings: Settings, path: str) -> None:
    body = json.dumps({"remarks": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE}).encode()
    problem(guest.post(path, body), 413, "body_too_large")


def test_a_huge_number_is_just_a_wrong_number(guest: Api) -> None:
    for number in (b"1" + b"0" * 400, b"1e400", b"-1e999"):
        answer = guest.post("/reservations", b'{"venue": "x", "guest_count": ' + number + b"}")
        assert answer.status_code in {400, 422}
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("field", ["email", "password"])
def test_nul_in_any_text_is_422(field: str) -> None:
    body = {"email": "a@example.com", "password": "x"} | {field: "a\x00"}
    assert set(faults(anonymous().post("/auth/login", body))) == {field}


def test_nul_is_found_wherever_it_hides(guest: Api, hotel: Venue) -> None:
    hidden = stay(hotel, other={"deep": ["a", {"er": "\x00"}]})
    assert set(faults(guest.post("/reservations", hidden))) == {"other/deep/1/er"}


@pytest.mark.parametrize("path", ["/venues", "/reservations"])
@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=%00", "cursor=%00", "cursor=%ff"])
def test_a_bad_query_is_422_and_names_the_parameter(guest: Api, path: str, query: str) -> None:
    assert set(faults(guest.get(f"{path}?{query}"))) == {query.partition("=")[0]}


def test_errors_speak_of_the_field_and_not_of_the_library(guest: Api, hotel: Venue) -> None:
    body = stay(hotel, resource=True, check_in="x", starts_at=1, guest_count="2")
    for detail in faults(guest.post("/reservations", body)).values():
        assert "Value error" not in detail
        assert "function-" not in detail


# In which order.


def test_unknown_callers_learn_nothing_else(hotel: Venue) -> None:
    for caller in (anonymous(), Api(lambda: {"Authorization": "Bearer x"})):
        for path in ("/reservations/1", "/reservations/x", "/reservations?limit=0"):
            assert caller.get(path).status_code == 401
        for body in (b"{", b"[]", {}, stay(hotel)):
            assert caller.post("/reservations", body).status_code == 401
            assert caller.patch("/reservations/1", body).status_code == 401


def test_401_names_the_ways_to_log_in() -> None:
    answer = anonymous().get("/reservations")
    problem(answer, 401, "not_authenticated")
    assert "Bearer" in answer["WWW-Authenticate"]


def test_not_yours_comes_before_your_role_and_before_the_shape(hotel: Venue, guest: Api) -> None:
    theirs = f"/reservations/{guest.post('/reservations', soon(hotel)).json()['id']}"
    reader = PartnerFactory.create(slug="reader", venues=[hotel], scopes=["reservations:read"])
    blind = PartnerFactory.create(slug="blind", venues=[hotel], scopes=["venues:read"])
    for caller in (partner(reader), partner(blind), person(UserFactory.create())):
        for path in (theirs, "/reservations/99999", "/reservations/x"):
            for body in ({}, {"guest_count": 0}, b"[]", b"{", b""):
                problem(caller.patch(path, body), 404, "not_found")
            problem(caller.post(f"{path}/check-in"), 404, "not_found")
            problem(caller.get(f"{path}/events?limit=x"), 404, "not_found")


def test_your_role_comes_before_the_shape(hotel: Venue) -> None:
    acme = PartnerFactory.create(slug="acme", venues=[hotel])
    made = partner(acme).post("/reservations", soon(hotel)).json()
    acme.scopes = ["reservations:read"]
    acme.save()
    for body in ({}, {"guest_count": 0}, b"[]", b"{"):
        problem(partner(acme).patch(f"/reservations/{made['id']}", body), 403, "forbidden")
        problem(partner(acme).post("/reservations", body), 403, "forbidden")


def test_the_shape_comes_before_notice_and_notice_before_time(hotel: Venue, guest: Api) -> None:
    past = {"check_in": "2020-01-01", "check_out": "2020-01-02"}
    assert set(faults(guest.post("/reservations", stay(hotel, phone="1", **past)))) == {"phone"}
    late = stay(hotel, guest_count=99, **past)
    problem(guest.post("/reservations", late), 400, "too_soon")
    unknown = stay(hotel, category="none", **past)
    problem(guest.post("/reservations", unknown), 404, "not_found")


def soon(venue: Venue) -> dict[str, Any]:
    """A body for nights that are always to come and never too far."""
    day = timezone.now().date() + timedelta(days=30)
    dates = {"check_in": day.isoformat(), "check_out": (day + timedelta(days=1)).isoformat()}
    return stay(venue, **dates)


# When the fault is ours.


@pytest.fixture
def database_away() -> Iterator[None]:
    """The database is where nobody listens, or a file that is not there."""
    known = dict(connection.settings_dict)
    connection.close()
    away = {"NAME": "/nowhere/at-all.sqlite3"}
    if connection.vendor == "postgresql":
        away = {"HOST": "127.0.0.1", "PORT": "1"}
    connection.settings_dict.update(away)
    yield
    connection.close()
    connection.settings_dict.clear()
    connection.settings_dict.update(known)


CALLS = [
    ("GET", "/reservations"), ("POST", "/reservations"), ("GET", "/reservations/1"),
    ("PATCH", "/reservations/1"), ("POST", "/reservations/1/confirm"), ("GET", "/venues"),
    ("GET", "/venues/x"), ("POST", "/auth/login"), ("GET", "/me"),
]  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_the_database_it_is_503_with_retry_after(
    request: pytest.FixtureRequest, method: str, path: str
) -> None:
    token = tokens.issue(UserFactory.create()).access
    _, secret = keys.issue(PartnerFactory.create(), by=None)
    request.getfixturevalue("database_away")
    body: dict[str, Any] = {"email": "a@example.com", "password": "x"}
    if path == "/reservations":
        body = {"venue": "x", "guest_count": 1} | CONTACT
    ways = [{"Authorization": f"Bearer {token}"}]
    if path != "/me":
        ways.append({"X-API-Key": secret})
    for headers in ways:
        answer = Api(lambda headers=headers: headers).send(  # type: ignore[misc]
            method, path, None if method == "GET" else body
        )
        said = problem(answer, 503, "unavailable")
        assert answer["Retry-After"] == "5"
        assert "sqlite" not in said["detail"] and "127.0.0.1" not in said["detail"]


def fails(**_: object) -> None:
    raise RuntimeError("Nowhere/At_All")


def test_a_fault_of_ours_is_500_and_tells_nothing_but_that(
    guest: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "hold", fails)
    answer = guest.post("/reservations", stay(make_venue("hotel")))
    said = problem(answer, 500, "internal_error")
    assert "Nowhere" not in json.dumps(said)
    assert "RuntimeError" not in answer.content.decode()
    assert "Nowhere/At_All" in caplog.text


def test_debug_does_not_change_what_is_told(
    guest: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    problem(guest.get("/nothing"), 404, "not_found")
    problem(guest.post("/reservations", b"{"), 400, "malformed_body")
    monkeypatch.setattr(actions, "hold", fails)
    problem(guest.post("/reservations", stay(make_venue("hotel"))), 500, "internal_error")


def test_a_foreign_host_is_told_so_in_the_same_way() -> None:
    answer: Any = Client(raise_request_exception=False).get(
        f"{BASE}/venues", headers={"Host": "evil.example"}
    )
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_other_pages_keep_their_own_errors() -> None:
    answer = Client().get("/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
