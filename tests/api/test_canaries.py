"""Secrets planted, used in every way, and then looked for: in the database and in the log."""

import io
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import caches
from django.db import connection
from django.test import Client

from config import log_lines
from guests import keys, tokens
from guests.models import Tally, User
from reservations import actions
from tests.api.calling import BASE, JSON, Api, anonymous, person, stay
from tests.factories import make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, UserFactory
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
    name = {"first_name": "Ada", "last_name": "King", "phone": "+12025550123"}
    body = {"email": "ada@example.com", "password": PASSWORD} | name
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
        assert caller.get(f"/reservations?api_key={key}&token={told['access']}").status_code == 422
        assert caller.get(f"/nowhere/{key}").status_code == 404
        assert caller.post("/reservations", {"venue": key}).status_code == 422
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actions, "hold", fails)
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


def fails(**_: object) -> None:
    raise RuntimeError("Nowhere/At_All")


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


# A person who leaves.

CANARY = {
    "first_name": "Canarina",
    "last_name": "Serinus",
    "phone": "+31612345678",
    "email": "canary.serinus@example.com",
}
SPELLINGS = {**CANARY, "national": "0612345678", "plate": "CNRY-77", "remark": "yellow feathers"}


def live_a_life(hotel: Venue) -> Api:
    """Sign up, be mistaken, book in every trade, change, cancel, and be edited by others."""
    body = {**CANARY, "password": PASSWORD}
    assert anonymous().post("/auth/signup", body, Idempotency_Key="k").status_code == 201
    wrong = {"email": CANARY["email"], "password": WRONG}
    assert anonymous().post("/auth/login", wrong).status_code == 401
    user = User.objects.get(email=CANARY["email"])
    guest, boss = person(user), AdministratorFactory.create()
    told = {"remarks": SPELLINGS["remark"], "phone": SPELLINGS["national"]}
    rows = [
        guest.post("/reservations", stay(hotel) | CANARY | one, Idempotency_Key=f"k{number}")
        for number, one in enumerate((told, {"check_in": "2027-04-01", "check_out": "2027-04-02"}))
    ]
    assert [row.status_code for row in rows] == [201, 201]
    first, second = (f"/reservations/{row.json()['id']}" for row in rows)
    assert guest.patch(first, {"occasion": "birthday"} | told).status_code == 200
    assert guest.post(f"{second}/cancel").status_code == 200
    spot = make_venue("parking", unit_choice="guest").resources.get()
    parked = {
        "spot_id": spot.pk,
        "start_time": "2027-03-01T12:00:00Z",
        "end_time": "2027-03-01T14:00:00Z",
        "vehicle_plate": SPELLINGS["plate"],
    }
    assert guest.post("/parking/reservations", parked, Idempotency_Key="p").status_code == 201
    assert (
        guest.get(f"/reservations?venue={hotel.slug}&phone={SPELLINGS['national']}").status_code
        == 200
    )
    desk = Client()
    desk.force_login(boss, backend="config.page_log_in.HeldBack")
    kind = ContentType.objects.get_for_model(User).pk
    LogEntry.objects.create(
        user=boss,
        content_type_id=kind,
        object_id=str(user.pk),
        object_repr=str(user),
        action_flag=CHANGE,
    )
    assert CANARY["email"].encode() in desk.get(f"/admin/guests/user/{user.pk}/change/").content
    return guest


@pytest.mark.usefixtures("clock")
def test_nothing_of_somebody_who_was_erased_is_left(hotel: Venue, log: list[io.StringIO]) -> None:
    guest = live_a_life(hotel)
    before = dump()
    assert set(found(SPELLINGS, before)) >= set(CANARY) | {"plate", "remark"}
    assert guest.send("DELETE", "/me").status_code == 204
    assert not found(SPELLINGS, dump())
    assert not found(SPELLINGS, "\n".join(of_redis()))
    for written in log:
        # What is in a log cannot be taken back, so it was never there.
        assert not found(SPELLINGS, written.getvalue())


def of_redis() -> Iterator[str]:
    """Every key of it and what is kept there; nothing where there is none."""
    if not settings.REDIS_URL:
        return
    server: Any = redis.Redis.from_url(settings.REDIS_URL)
    for key in server.scan_iter():
        yield str(key)
        match server.type(key):
            case b"string":
                yield str(server.get(key))
            case b"list":
                yield str(server.lrange(key, 0, -1))
            case b"hash":
                yield str(server.hgetall(key))
            case b"set":
                yield str(server.smembers(key))
            case b"zset":
                yield str(server.zrange(key, 0, -1))


@pytest.mark.redis
def test_what_is_kept_in_redis_would_be_found() -> None:
    """The negative control of what looks through it."""
    server: Any = redis.Redis.from_url(settings.REDIS_URL)
    mark = uuid4().hex
    server.set(f"canary:{mark}", CANARY["phone"], ex=60)
    server.rpush(f"canaries:{mark}", CANARY["last_name"])
    server.expire(f"canaries:{mark}", 60)
    try:
        assert set(found(CANARY, "\n".join(of_redis()))) == {"phone", "last_name"}
    finally:
        server.delete(f"canary:{mark}", f"canaries:{mark}")
