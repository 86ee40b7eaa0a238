"""What people of 0.1.0 do after the upgrade, in a process of its own: prints each answer as JSON.

`python -m tests.upgrades.walk FACTS`, with the environment of a deployment whose database came
from the dump beside FACTS. The clock stands 20 minutes after the dump was made.
"""

import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django
from freezegun import freeze_time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from guests.models import VenueRole  # noqa: E402


def main() -> None:
    """Migrate, then use every kind of credential and row that was there before."""
    facts = json.loads(Path(sys.argv[1]).read_text())
    # A Ninja schema cannot be defined while the clock stands still.
    assert get_resolver().url_patterns
    later = datetime.fromisoformat(facts["now"]) + timedelta(minutes=20)
    call_command("migrate", verbosity=0)
    # On the true clock: a process that stands still in time believes that its sweeps are late.
    ready = _client().get("/readyz").status_code
    with freeze_time(later, tick=True):
        answers = {"ready": ready} | {name: walk(facts) for name, walk in WALKS.items()}
    sys.stdout.write(json.dumps(answers, default=str))


def _client(session: str = "") -> Client:
    client = Client(headers={"host": "localhost"})
    if session:
        client.cookies["sessionid"] = session
    return client


def _seen(response: Any, *texts: str) -> list[Any]:
    body = response.content.decode()
    return [response.status_code, [text in body for text in texts]]


def _api(facts: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    response = _client().generic(
        method,
        f"/api/v1{path}",
        json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers=headers,
    )
    return [response.status_code, json.loads(response.content or b"null")]


def _as_guest(facts: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    given = {"email": facts["guest"], "password": facts["password"]}
    _, pair = _api(facts, "POST", "/auth/login", given)
    return _api(facts, method, path, body, Authorization=f"Bearer {pair['access']}", **headers)


def _status(answer: Any) -> list[Any]:
    code, body = answer
    return [code, body.get("code") if code >= 400 else body["status"]]


WALKS = {
    "page session": lambda facts: _seen(
        _client(facts["page_session"]).get("/me/reservations/"), facts["confirmed_code"]
    ),
    "desk session": lambda facts: (
        _client(facts["desk_session"]).get("/admin/reservations/reservation/").status_code
    ),
    "desk staff": lambda facts: sorted(set(VenueRole.objects.values_list("role", flat=True))),
    "refresh token": lambda facts: _api(
        facts, "POST", "/auth/refresh", {"refresh": facts["refresh"]}
    )[0],
    "partner key": lambda facts: _api(
        facts, "GET", "/reservations", **{"X-API-Key": facts["partner_key"]}
    )[0],
    "confirm a hold": lambda facts: _status(
        _as_guest(facts, "POST", f"/reservations/{facts['held']}/confirm")
    ),
    "read a cancelled one": lambda facts: _status(
        _as_guest(facts, "GET", f"/reservations/{facts['cancelled']}")
    ),
    "repeat a key": lambda facts: _as_guest(
        facts, "POST", "/reservations", facts["keyed_body"], **{"Idempotency-Key": "before"}
    )[1]["id"],
    "book a taken unit": lambda facts: _status(
        _as_guest(
            facts,
            "POST",
            "/reservations",
            {
                "venue": "harbour-hotel",
                "resource": facts["unit"],
                "check_in": "2027-04-11",
                "check_out": "2027-04-13",
                "guest_count": 2,
            },
        )
    ),
}

if __name__ == "__main__":
    main()
