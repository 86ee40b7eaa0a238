"""Every example of the document is sent to a live server, whose answers are as the document says.

`RECORD=1` writes the answers down as the document's examples.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from api.api import api
from api.published import answers
from reservations.models import Reservation
from tests.api import test_matrix
from tests.api.calling import BASE, JSON, Api, partner, person
from tests.api.redis_server import free_port
from tests.api.test_examples import NEED_NOTHING, operations, rank, sent
from tests.api.test_matrix import World
from tests.config.test_starting import wait_until_ready
from tests.factories import make_venue
from tests.guests.factories import PASSWORD, PartnerFactory, StaffFactory, UserFactory
from venues.models import Policy

pytestmark = [pytest.mark.commands, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
RECORD = os.environ.get("RECORD") == "1"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes over the wire."""

    name: str
    method: str
    path: str
    body: Any
    headers: dict[str, str]


class Recorded(Api):
    """A caller whose requests are written down, not sent."""

    def __init__(self, caller: Api, requests: list[Sent]) -> None:
        super().__init__(caller.credentials)
        self.requests = requests
        self.name = ""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        self.requests.append(Sent(self.name, method, path, body, self._headers(headers)))


@pytest.fixture
def document() -> Any:
    schema = api.get_openapi_schema(path_prefix=f"{BASE}/")
    return json.loads(json.dumps(schema, default=str))


@pytest.fixture
def requests(document: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """The example of each operation, about rows that are there, by somebody who may."""
    now = timezone.now().replace(second=0, microsecond=0)
    today = now + timedelta(minutes=1)
    noon = (now + timedelta(days=28)).replace(hour=12, minute=0)
    monkeypatch.setattr(test_matrix, "TODAY", today)
    monkeypatch.setattr(test_matrix, "NOON", noon)
    world = World()
    # The clock is the real one: guests of today may come in at whatever hour this runs.
    Policy.objects.filter(venue=world.hotel).update(early_check_in=timedelta(hours=24))
    # Not the quick hash of other tests, which a server does not know.
    world.owner.password = make_password(PASSWORD, hasher="argon2")
    world.owner.save()
    found: list[Sent] = []
    callers = {kind: Recorded(caller, found) for kind, caller in world.callers.items()}
    world.callers = dict(callers)
    for _, _, operation in sorted(
        operations(document), key=lambda one: rank(one[2]["operationId"])
    ):
        name = operation["operationId"]
        if name in NEED_NOTHING:
            continue
        if name == "deleteMe":
            world.callers["owner"] = callers["owner"] = Recorded(
                person(UserFactory.create()), found
            )
        elif name == "createWebhook":
            # The partner of the others has as many as it may have.
            fresh = PartnerFactory.create(slug="fresh", scopes=world.partner.scopes)
            kept = callers["partner"].credentials
            callers["partner"].credentials = partner(fresh).credentials
        elif name.startswith("delete"):
            empty(world)
        for caller in callers.values():
            caller.name = name
        sent(world, name, operation)
        if name == "createWebhook":
            callers["partner"].credentials = kept
    Reservation.objects.filter(no_show_at=today).update(no_show_at=now)
    return found


def empty(world: World) -> None:
    """Gives the world other venues, in which nothing is in use, and a manager of theirs."""
    world.hotel, world.lot = make_venue("hotel"), make_venue("parking")
    world.practice = make_venue("practice")
    world.provider = world.practice.resources.get()
    venues = [world.hotel, world.lot, world.practice]
    world.callers["manager"].credentials = person(
        StaffFactory.create(staff_venues=venues)
    ).credentials


@pytest.fixture
def server(requests: list[Sent], tmp_path: Path) -> Iterator[str]:
    """The address of the product in a process of its own, on the rows of this test."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    values = {"DATA_DIR": str(tmp_path), "PORT": str(port), "DEMO": "0"}
    # One guest and one key hold all that the examples need. Cards are taken by the stand-in.
    values |= dict.fromkeys(("HOLDS_PER_GUEST", "HOLDS_PER_KEY", "HOLDS_PER_ADDRESS"), "0")
    values["PAYMENTS"] = json.dumps({"fake": {"class": "payments.providers.fake.Fake"}})
    values |= {name: getattr(settings, name) for name in ("SECRET_KEY", "JWT_SECRET")}
    values |= database(tmp_path)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "serve"],
        env=kept | values,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until_ready(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate(timeout=60)


def database(folder: Path) -> dict[str, str]:
    """The variables by which the server finds these rows: a copy of the file, or the database."""
    if connection.vendor == "postgresql":
        told = connection.settings_dict
        place = f"{told['HOST']}:{told['PORT']}/{told['NAME']}"
        return {"DATABASE_URL": f"postgres://{told['USER']}:{told['PASSWORD']}@{place}"}
    connection.ensure_connection()
    with sqlite3.connect(folder / "holdfast.sqlite3") as copy:
        connection.connection.backup(copy)
    copy.close()
    return {}


def ask(server: str, one: Sent) -> tuple[int, bytes]:
    body = None if one.body is None else json.dumps(one.body).encode()
    headers = one.headers | ({"Content-Type": JSON} if body is not None else {})
    request = urllib.request.Request(
        server + BASE + one.path, data=body, method=one.method, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def test_every_example_gets_the_answer_of_the_document(
    document: Any, requests: list[Sent], server: str
) -> None:
    described = {operation["operationId"]: operation for _, _, operation in operations(document)}
    assert {one.name for one in requests} == set(described) - NEED_NOTHING
    faults: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for one in requests:
        status, body = ask(server, one)
        told = described[one.name]["responses"].get(str(status))
        if status >= 300 or told is None:
            faults[one.name] = (status, body[:300])
        elif content := told.get("content", {}).get(JSON):
            answer = json.loads(body)
            whole = {**content["schema"], "components": document["components"]}
            jsonschema_rs.validator_for(whole).validate(answer)
            found[one.name] = {"status": status, "body": brief(answer)}
            if not RECORD and (unlike := differences(content.get("example"), answer)):
                faults[one.name] = unlike
    assert not faults, "\n".join(f"{name}: {fault}" for name, fault in faults.items())
    if RECORD:
        write_down(found)


def test_each_answer_has_an_example_and_it_is_as_described(document: Any) -> None:
    seen, lacking = 0, []
    for _, _, operation in operations(document):
        for status, told in operation["responses"].items():
            content = told.get("content", {}).get(JSON)
            if int(status) < 300 and content and "example" in content:
                seen += 1
                whole = {**content["schema"], "components": document["components"]}
                jsonschema_rs.validator_for(whole).validate(content["example"])
            if int(status) < 300 and content and "example" not in content:
                lacking.append(operation["operationId"])
    assert not lacking, f"record it, see api/published/answers.py: {lacking}"
    assert seen > 40


def test_the_days_of_the_answers_move_on() -> None:
    operation: Any = {"operationId": "getCalendar", "responses": {200: {"content": {JSON: {}}}}}
    days = []
    for today in (date(2027, 2, 1), date(2027, 2, 11)):
        answers.add_to(operation, today)
        example = operation["responses"][200]["content"][JSON]["example"]
        days.append(date.fromisoformat(example["items"][0]["date"]))
    assert days[1] - days[0] == timedelta(days=10)


def differences(example: Any, answer: Any, place: str = "") -> list[str]:
    """Where the two have other keys or kinds of values. Null and an empty list are any value."""
    if example is None or answer is None:
        return [] if place else [f"{place}: no example"]
    if isinstance(example, dict) and isinstance(answer, dict):
        if place.endswith("metadata"):
            return []
        unlike = [f"{place}/{key}" for key in example.keys() ^ answer.keys()]
        both = example.keys() & answer.keys()
        return unlike + [
            found
            for key in both
            for found in differences(example[key], answer[key], f"{place}/{key}")
        ]
    if isinstance(example, list) and isinstance(answer, list):
        firsts = zip(example[:1], answer[:1], strict=False)
        return [found for one, two in firsts for found in differences(one, two, f"{place}/0")]
    return [] if type(example) is type(answer) else [f"{place}: {example!r} and {answer!r}"]


def brief(answer: Any) -> Any:
    """The answer with the first of each list, and no secret of anybody."""
    if isinstance(answer, dict):
        return {
            key: _SAID[key] if value and key in _SAID else brief(value)
            for key, value in answer.items()
        }
    if isinstance(answer, list):
        return [brief(one) for one in answer[:1]]
    return answer


_SAID = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "access": "eyJhbGciOiJIUzI1NiJ9.eyJ1c2UiOiJhY2Nlc3MifQ.c2lnbmF0dXJl",
    "refresh": "eyJhbGciOiJIUzI1NiJ9.eyJ1c2UiOiJyZWZyZXNoIn0.c2lnbmF0dXJl",
}


_NAMES = {
    "venue-1": "harbour-hotel",
    "venue-2": "city-lot",
    "venue-3": "practice-west",
    "Test venue": "Harbour Hotel",
}
"""Of the rows of this test, with the names of the demonstration."""


def write_down(found: dict[str, Any]) -> None:
    told = {"recorded_on": f"{datetime.now(tz=timezone.get_default_timezone()):%Y-%m-%d}"}
    # It answers as a refresh does, to a browser that is logged in.
    found["createSessionTokens"] = found["refreshTokens"]
    whole = told | {"answers": dict(sorted(found.items()))}
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    for slug, name in _NAMES.items():
        text = re.sub(rf"\b{slug}\b", name, text)
    text = re.sub(r"http://127\.0\.0\.1:\d+", "https://book.example.com", text)
    answers.FILE.write_text(text + "\n")
