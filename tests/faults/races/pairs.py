"""Pairs of verbs that must not both win, each on reservations of a venue of its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import shuffle, uniform
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.faults.races.crowd import Call, send_until_done
from tests.faults.races.machine import Machine

UNITS = 4
GROUP = 3
"""Reservations of a group, fewer than a venue has units."""
_HOUR = timedelta(hours=1)
_HOLD_SECONDS = 2
_EDGE = 0.3
"""Seconds around the end of a hold."""
_CLOSE = "/admin/reservations/allocation/close/"


class Scene:
    """A venue to race at. Keeps the calls that prepared it, which were all acknowledged."""

    def __init__(self, machine: Machine, port: int, people: int, hold_seconds: int) -> None:
        self.machine = machine
        self.port = port
        self.world = machine.world(f"ground({UNITS}, {people}, {hold_seconds})")
        self.before: list[Call] = []
        start = machine.now().replace(minute=0, second=0, microsecond=0)
        self.start = start + 30 * _HOUR

    def booking(self, start: datetime, *units: str, by: dict[str, str] | None = None) -> Call:
        """A call that books one unit, or several as a group."""
        mark = uuid4().hex
        body = {
            "venue": self.world["venue"],
            "starts_at": start.isoformat(),
            "ends_at": (start + _HOUR).isoformat(),
            "remarks": mark,
            **(by or _NOBODY),
        }
        body.pop("token", None)
        if len(units) > 1:
            body["items"] = [{"category": "standard", "guest_count": 1} for _ in units]
        else:
            body |= {"resource": units[0], "guest_count": 1}
        return Call(
            verb="group" if len(units) > 1 else "book",
            method="POST",
            path="/api/v1/reservations" + "/groups" * (len(units) > 1),
            body=body,
            headers=self._headers(by) | {"Idempotency-Key": mark},
            mark=mark,
            count=len(units),
            person=by,
        )

    def booked(self, start: datetime, unit: str, by: dict[str, str] | None = None) -> int:
        """The id of a new reservation."""
        return int(self.held(start, unit, by)["id"])

    def held(self, start: datetime, unit: str, by: dict[str, str] | None = None) -> dict[str, Any]:
        """The document of a new reservation, which is acknowledged."""
        call = send_until_done(self.port, self.booking(start, unit, by=by))
        self.before.append(call)
        return call.answer.body

    def change(self, verb: str, about: int, at: float = 0.0) -> Call:
        path = f"/api/v1/reservations/{about}/{verb}"
        return Call(
            verb=verb, method="POST", path=path, headers=self._headers(), about=about, at=at
        )

    def move(self, about: int, start: datetime) -> Call:
        return Call(
            verb="modify",
            method="PATCH",
            path=f"/api/v1/reservations/{about}",
            body={"starts_at": start.isoformat(), "ends_at": (start + _HOUR).isoformat()},
            headers=self._headers(),
            about=about,
        )

    def shrink(self, capacity: int) -> Call:
        return Call(
            verb="shrink",
            method="PATCH",
            path=f"/api/v1/parking/lots/{self.world['venue']}",
            body={"capacity": capacity},
            headers=self._headers(),
        )

    def closing(self, unit: str, start: datetime) -> Call:
        """A call that closes a unit, by the form of the desk."""
        mark, token = uuid4().hex, uuid4().hex
        fields = {
            "csrfmiddlewaretoken": token,
            "starts_at": f"{start:%Y-%m-%dT%H:%M}",
            "ends_at": f"{start + _HOUR:%Y-%m-%dT%H:%M}",
            "reason": mark,
            "units": unit,
        }
        headers = {
            "Authorization": "",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={self.world['session']}; csrftoken={token}",
        }
        path = f"{_CLOSE}?venue={self.world['id']}"
        return Call(
            verb="close",
            method="POST",
            path=path,
            body=urlencode(fields),
            headers=headers,
            mark=mark,
        )

    def erase(self, person: dict[str, str]) -> Call:
        headers = self._headers(person)
        return Call(
            verb="erase", method="DELETE", path="/api/v1/me", headers=headers, person=person
        )

    def _headers(self, by: dict[str, str] | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {(by or self.world)['token']}"}


_NOBODY = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+31201234567"}


def confirm_and_lapse(scene: Scene) -> Iterable[Call]:
    """Holds are confirmed around their end, while others want the unit from that instant on."""
    for unit in scene.world["units"]:
        hold = scene.held(scene.start, unit)
        ends_at = datetime.fromisoformat(hold["hold_expires_at"]) - scene.machine.ahead
        for _ in range(4):
            at = ends_at.timestamp() + uniform(-_EDGE, _EDGE)
            yield scene.change("confirm", int(hold["id"]), at)
            other = scene.booking(scene.start, unit)
            other.at = at
            yield other


def modify_and_cancel(scene: Scene) -> Iterable[Call]:
    """Reservations are moved to hours that all of them want, and cancelled."""
    for unit in scene.world["units"]:
        about = scene.booked(scene.start, unit)
        for hours in range(4):
            yield scene.move(about, scene.start + hours * _HOUR)
            yield scene.change("cancel", about)


def check_in_and_cancel(scene: Scene) -> Iterable[Call]:
    """Guests arrive and cancel at once."""
    for unit in scene.world["units"]:
        about = scene.booked(scene.machine.now() + timedelta(minutes=10), unit)
        for _ in range(4):
            yield scene.change("check-in", about)
            yield scene.change("cancel", about)


def group_and_single(scene: Scene) -> Iterable[Call]:
    """Groups want most of the units, and others want one each of those."""
    units = scene.world["units"]
    for unit in units:
        for hours in range(4):
            start = scene.start + hours * _HOUR
            yield scene.booking(start, *units[:GROUP])
            yield scene.booking(start, unit)


def closure_and_booking(scene: Scene) -> Iterable[Call]:
    """Units are closed and booked for one hour."""
    for unit in scene.world["units"]:
        for _ in range(4):
            yield scene.closing(unit, scene.start)
            yield scene.booking(scene.start, unit)


def shrink_and_booking(scene: Scene) -> Iterable[Call]:
    """A lot loses spots and gets them back, while each of them is booked."""
    for number, unit in enumerate(scene.world["units"]):
        for hours in range(4):
            yield scene.shrink(1 + (number + hours) % UNITS)
            yield scene.booking(scene.start + hours * _HOUR, unit)


def erase_and_booking(scene: Scene) -> Iterable[Call]:
    """People are erased while they book."""
    for person, unit in zip(scene.world["people"], scene.world["units"], strict=True):
        scene.booked(scene.start, unit, by=person)
        for hours in range(1, 5):
            yield scene.booking(scene.start + hours * _HOUR, unit, by=person)
            yield scene.erase(person)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two verbs, and the venue at which they meet."""

    calls: Callable[[Scene], Iterable[Call]]
    people: int = 0
    hold_seconds: int = 0

    @property
    def name(self) -> str:
        return self.calls.__name__.replace("_", " ")

    def scene(self, machine: Machine, port: int) -> tuple[Scene, list[Call]]:
        """A new venue, and 32 calls to release there, in random order."""
        scene = Scene(machine, port, self.people, self.hold_seconds)
        calls = list(self.calls(scene))
        shuffle(calls)
        return scene, calls


PAIRS = (
    Pair(confirm_and_lapse, hold_seconds=_HOLD_SECONDS),
    Pair(modify_and_cancel),
    Pair(check_in_and_cancel),
    Pair(group_and_single),
    Pair(closure_and_booking),
    Pair(shrink_and_booking),
    Pair(erase_and_booking, people=UNITS),
)
