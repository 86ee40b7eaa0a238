"""Secrets planted, used in every way, and then looked for: in the database and in the log."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client

from config import log_lines
from guests import keys, tokens
from guests.models import Tally
from tests.api.calling import BASE, JSON, Api, anonymous, stay
from tests.factories import make_venue
from tests.guests.factories import PartnerFactory, UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

PASSWORD = "canary-Passw0rd-xyzzy"
WRONG = "canary-Wr0ng-plugh"


@pytest.fixture
def log() -> Iterator[list[io.StringIO]]:
    """All that is written down, as people read it and as machines do, at its most talkative."""
    written = []
    root = logging.getLogger()
    level = root.level
    handlers = []
    for formatter in (log_lines.readable(), log_lines.json()):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        root.addHandler(handler)
        handlers.append(handler)
        written.append(stream)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


def dump() -> str:
    """Every value of every row of every table."""
    told = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            told += [f"{table} {row!r}" for row in cursor.fetchall()]
    return "\n".join(told)


def use_it_all(hotel: Venue) -> dict[str, str]:
    """Sign up, log in, refresh, book, fail and fall, with secrets in every place they may be."""
    acme = PartnerFactory.create(slug="acme", venues=[hotel])
    _, key = keys.issue(acme, by=None)
    broken = make_venue("hotel")
    person = {"first_name": "Ada", "last_name": "King", "phone": "+12025550123"}
    body = {"email": "ada@example.com", "password": PASSWORD} | person
    assert anonymous().post("/auth/signup", body, Idempotency_Key="k").status_code == 201
    pair = anonymous().post("/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    told = pair.json()
    for wrong in (
        {"email": "ada@example.com", "password": WRONG},
        {"email": WRONG, "password": "x"},
    ):
        assert anonymous().post("/auth/login", wrong).status_code == 401
    spent = anonymous().post("/auth/refresh", {"refresh": told["refresh"]}).json()
    people = Api(lambda: {"Authorization": f"Bearer {told['access']}"})
    partner = Api(lambda: {"X-API-Key": key})
    for caller in (people, partner):
        assert caller.post("/reservations", stay(hotel), Idempotency_Key="k").status_code == 201
        assert caller.get("/reservations/1x").status_code == 404
        assert caller.get(f"/reservations?api_key={key}&token={told['access']}").status_code == 200
        assert caller.get(f"/nowhere/{key}").status_code == 404
        assert caller.post("/reservations", {"venue": key}).status_code == 422
    broken.time_zone = "Nowhere/At_All"
    broken.save()
    assert partner.post("/reservations", stay(broken)).status_code in {403, 404, 500}
    assert people.post("/reservations", stay(broken)).status_code == 500
    page = Client(raise_request_exception=False)
    form = {"login": "ada@example.com", "password": WRONG}
    assert page.post("/accounts/login/", form).status_code == 200
    page.post("/admin/login/", {"username": "ada@example.com", "password": WRONG})
    assert anonymous().post("/auth/logout", {"refresh": spent["refresh"]}).status_code == 204
    return {
        "password": PASSWORD,
        "wrong password": WRONG,
        "key": key,
        "access token": told["access"],
        "refresh token": told["refresh"],
        "signature": told["refresh"].rpartition(".")[2],
        "second refresh token": spent["refresh"],
        "jti": tokens.read(spent["refresh"], use="refresh", expired_too=True).jti,
    }


def found(planted: dict[str, str], where: str) -> list[str]:
    return [name for name, secret in planted.items() if secret in where]


@pytest.mark.usefixtures("clock")
def test_no_secret_is_in_the_database(hotel: Venue) -> None:
    planted = use_it_all(hotel)
    rows = dump()
    assert "ada@example.com" in rows, "what is looked through is the whole"
    assert Tally.objects.exists()
    assert not found(planted, rows)


@pytest.mark.usefixtures("clock")
def test_no_secret_is_in_the_log(hotel: Venue, log: list[io.StringIO]) -> None:
    planted = use_it_all(hotel)
    for written in log:
        lines = written.getvalue()
        assert "Nowhere/At_All" in lines, "what is looked through is the whole"
        assert not found(planted, lines)


def test_a_secret_in_the_clear_would_be_found(log: list[io.StringIO]) -> None:
    """The negative control of both."""
    user = UserFactory.create(email="ada@example.com", first_name="canary")
    logging.getLogger("any").warning("said %s", user.first_name)
    assert found({"name": "canary"}, dump()) == ["name"]
    assert [found({"name": "canary"}, each.getvalue()) for each in log] == [["name"]] * 2


@pytest.mark.parametrize(
    "line",
    [
        "X-API-Key: {}",
        "Authorization: Bearer {}",
        "GET /reservations?api_key={}",
        "{{'HTTP_X_API_KEY': '{}'}}",
        "could not read key {}",
    ],
)
def test_a_key_is_struck_out_wherever_somebody_writes_it(line: str, log: list[io.StringIO]) -> None:
    key = keys.new_secret()
    logging.getLogger("any").warning(line.format(key))
    for written in log:
        assert key not in written.getvalue()


@pytest.mark.redis
@pytest.mark.usefixtures("clock")
def test_no_secret_is_in_the_cache(hotel: Venue) -> None:
    planted = use_it_all(hotel)
    for cache in caches.all():
        kept: Any = cache
        assert not found(planted, str([(key, kept.get(key)) for key in kept.keys("*")]))


def test_an_answer_never_tells_what_was_sent_as_a_secret() -> None:
    for body in ({"email": "a@example.com", "password": WRONG}, {"email": WRONG, "password": []}):
        for path in ("/auth/login", "/auth/signup", "/parking/login"):
            answer = anonymous().client.post(BASE + path, body, content_type=JSON)
            assert WRONG not in answer.content.decode()
