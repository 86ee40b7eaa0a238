"""How far a request travels: files entered, functions, their lines, calls between files.

`python -m benchmarks.trips` on SQLite, `.ci/services python -m benchmarks.trips` on PostgreSQL.
Each journey runs once to fill the caches. The second run is traced.
"""

import inspect
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURS = ("api", "config", "desk", "guests", "reservations", "venues", "web")


@dataclass(slots=True)
class Trip:
    """The functions that one request entered. `calls` counts each by file and name."""

    calls: Counter[CodeType] = field(default_factory=Counter)
    crossings: int = 0

    @property
    def files(self) -> set[str]:
        return {_file(code) for code in self.calls}

    @property
    def functions(self) -> set[CodeType]:
        """Those with a text of their own: one inside another is read with it."""
        return {code for code in self.calls if "<" not in code.co_qualname}

    @property
    def lines(self) -> int:
        """The lines of every function entered, which a reader must read."""
        return sum(len(inspect.getsourcelines(code)[0]) for code in self.functions)

    def times(self, name: str) -> int:
        """Returns how often functions with this end of their qualified name were called:
        `modes.resolve`.
        """
        return sum(
            count for code, count in self.calls.items() if _qualified(code).endswith(f".{name}")
        )


@contextmanager
def traced() -> Iterator[Trip]:
    """Traces the calls of this thread."""
    trip = Trip()

    def follow(frame: FrameType, event: str, argument: object) -> None:
        if event != "call" or not _is_ours(frame.f_code):
            return
        trip.calls[frame.f_code] += 1
        before = frame.f_back
        while before is not None and not _is_ours(before.f_code):
            before = before.f_back
        if before is not None and before.f_code.co_filename != frame.f_code.co_filename:
            trip.crossings += 1

    sys.setprofile(follow)
    try:
        yield trip
    finally:
        sys.setprofile(None)


def _is_ours(code: CodeType) -> bool:
    name = code.co_filename
    return name.startswith(f"{ROOT}/") and name[len(str(ROOT)) + 1 :].split("/")[0] in OURS


def _file(code: CodeType) -> str:
    return str(Path(code.co_filename).relative_to(ROOT))


def _qualified(code: CodeType) -> str:
    return _file(code).removesuffix(".py").replace("/", ".") + "." + code.co_name


class Journeys:
    """Requests of a partner, a driver, a guest on the pages and the desk, each on other days."""

    def __init__(self) -> None:
        from django.test import Client

        from guests.models import User

        self.nights = iter(range(40, 190))
        self.client = Client(headers={"host": "localhost"})
        self.pages = Client(headers={"host": "localhost"})
        self.desk = Client(headers={"host": "localhost"})
        self.driver = Client(headers={"host": "localhost"})
        self.desk.force_login(
            User.objects.get(email="desk@holdfast.example"),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        self.guest = {"Authorization": f"Bearer {_token('guest@holdfast.example')}"}
        self.clerk = {"Authorization": f"Bearer {_token('desk@holdfast.example')}"}
        self.parker = {"Authorization": f"Bearer {_token('driver1@parking.com')}"}

    def stay(self, **more: Any) -> dict[str, Any]:
        """Returns a booking of one night that nobody has."""
        day = datetime.now(UTC).date() + timedelta(days=next(self.nights))
        nights = {"check_in": str(day), "check_out": str(day + timedelta(days=1))}
        return {"venue": "harbour-hotel", "category": "standard", "guest_count": 2} | nights | more

    def send(self, method: str, path: str, body: Any = None, *, who: str = "guest") -> Any:
        return self.client.generic(
            method, f"/api/v1{path}", json.dumps(body) if body is not None else "",
            content_type="application/json", headers=getattr(self, who),
        )  # fmt: skip

    def create(self) -> Callable[[], Any]:
        body = self.stay()
        return lambda: self.send("POST", "/reservations", body)

    def refused(self) -> Callable[[], Any]:
        from venues.models import Resource

        unit = Resource.objects.filter(venue__slug="harbour-hotel", category__code="standard")[0]
        body = self.stay(resource=str(unit.pk))
        del body["category"]
        made = self.send("POST", "/reservations", body)
        assert made.status_code == 201, made.content
        self.send("POST", f"/reservations/{made.json()['id']}/confirm")
        return lambda: self.send("POST", "/reservations", body)

    def made(self) -> str:
        made = self.send("POST", "/reservations", self.stay())
        assert made.status_code == 201, made.content
        return str(made.json()["id"])

    def modify(self) -> Callable[[], Any]:
        pk, to = self.made(), self.stay()
        change = {"check_in": to["check_in"], "check_out": to["check_out"]}
        return lambda: self.send("PATCH", f"/reservations/{pk}", change)

    def confirm(self) -> Callable[[], Any]:
        pk = self.made()
        return lambda: self.send("POST", f"/reservations/{pk}/confirm")

    def cancel(self) -> Callable[[], Any]:
        pk = self.made()
        return lambda: self.send("POST", f"/reservations/{pk}/cancel")

    def availability(self) -> Callable[[], Any]:
        body = self.stay()
        asked = f"check_in={body['check_in']}&check_out={body['check_out']}&guests=2"
        return lambda: self.send("GET", f"/venues/harbour-hotel/availability?{asked}")

    def release(self) -> Callable[[], Any]:
        now = datetime.now(UTC)
        times = {"end_time": (now + timedelta(hours=1)).isoformat()}
        made = self.send(
            "POST", "/parking/reservations", {"lot_id": "city-lot", **times}, who="parker"
        )
        assert made.status_code == 201, made.content
        path = f"/parking/reservations/{made.json()['id']}"
        self.send("PUT", f"{path}/occupy", who="parker")
        return lambda: self.send("PUT", f"{path}/release", who="parker")

    def today(self) -> Callable[[], Any]:
        return lambda: self.desk.get(
            "/admin/reservations/reservation/today/?venue=harbour-hotel", follow=True
        )


NAMES = {
    "API create, by category": ("create", 201),
    "API create, named unit taken, with alternatives": ("refused", 409),
    "API modify, other nights": ("modify", 200),
    "API confirm": ("confirm", 200),
    "API cancel": ("cancel", 200),
    "parking release": ("release", 200),
    "API availability": ("availability", 200),
}


def _token(email: str) -> str:
    from guests import tokens
    from guests.models import User

    return tokens.issue(User.objects.get(email=email)).access


def main() -> None:
    """Makes a database of its own, plays each journey and prints what it entered."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.project")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="holdfast-trips.")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    try:
        call_command("load_demonstration")
        journeys = Journeys()
        for said, (name, status) in NAMES.items():
            for _ in range(2):
                go = getattr(journeys, name)()
                with traced() as trip:
                    answer = go()
                assert answer.status_code == status, (said, answer.status_code, answer.content)
            engine = sum(file.startswith("reservations/") for file in trip.files)
            print(
                f"{said}: {len(trip.files)} files ({engine}), {len(trip.functions)} functions, "
                f"{trip.lines} lines, {trip.crossings} crossings, "
                f"range resolved {trip.times('modes.resolve')}x"
            )
            if "--files" in sys.argv:
                for file in sorted(trip.files):
                    inside = [code for code in trip.functions if _file(code) == file]
                    lines = sum(len(inspect.getsourcelines(code)[0]) for code in inside)
                    print(f"    {lines:4} {file}: {' '.join(sorted({c.co_name for c in inside}))}")
    finally:
        connection.creation.destroy_test_db("", verbosity=0)


if __name__ == "__main__":
    main()
