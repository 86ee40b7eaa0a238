"""`live`: two drivers ask for one spot at one instant, and both pages show who has it."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import live_processes, load, worlds
from benchmarks.failing import Failed
from benchmarks.live_processes import Ports
from benchmarks.live_sockets import Page
from benchmarks.measuring import Figure, Result, Sample, rows_of
from benchmarks.options import Options
from benchmarks.services import Services, started

ROUNDS = 200
GOAL_MS = 100
PATH = "/api/v1/parking"
VENUE = "smart-parking"
SLOTS = (8, 12, 16)
"""The hours at which slots begin."""


def run(options: Options) -> Result:
    """Plays the rounds in one process on SQLite, then in several on PostgreSQL and Redis."""
    with live_processes.embedded() as ports:
        taken = {"embedded: one process, SQLite": _rounds(ports)}
    with started(keep=options.keep) as services, _deployed(services) as ports:
        taken["deployed: PostgreSQL, Redis, four processes"] = _rounds(ports)
    return Result(
        name="live",
        title="Two drivers at one instant, until both pages show the spot as taken",
        figures=[
            Figure(
                what=f"{name}, from request to message on both pages, median",
                value=sample.median * 1e3,
                goal=GOAL_MS,
                is_least=False,
                unit=" ms",
            )
            for name, sample in taken.items()
        ],
        rows=rows_of({name: [sample] for name, sample in taken.items()}),
        notes=[f"{ROUNDS} rounds each. A round without one 201 and one 409 fails."],
    )


@contextmanager
def _deployed(services: Services) -> Iterator[Ports]:
    with worlds.demonstration(services) as url:
        environment = worlds.environment(url, services.redis)
        with live_processes.deployed(environment) as ports:
            yield ports


def _rounds(ports: Ports) -> Sample:
    clients = [load.Client(ports.api) for _ in range(2)]
    tokens = [_log_in(client, number) for number, client in enumerate(clients, start=1)]
    spots = [spot["id"] for spot in _ask(clients[0], "GET", f"/spots?lot={VENUE}", tokens[0])]
    pages = [Page(ports.live, f"/ws/venues/{VENUE}/") for _ in range(2)]
    for page in pages:
        page.next()
    times = []
    for number in range(ROUNDS + 1):
        wish = _wish(spots, number)
        times.append(_round(clients, tokens, pages, wish))
    for client in clients:
        client.close()
    for page in pages:
        page.close()
    # The first round is to warm up.
    return Sample(times[1:], sum(times[1:]))


def _round(
    clients: list[load.Client], tokens: list[str], pages: list[Page], wish: dict[str, str]
) -> float:
    """Returns the seconds from the first request until both pages have the message."""
    body = json.dumps(wish).encode()
    begin = threading.Barrier(2)

    def ask(driver: int) -> tuple[int, float]:
        request = _request("POST", "/reservations", tokens[driver], body)
        begin.wait()
        clients[driver].send(request)
        return _answer(clients[driver]).status, clients[driver].started

    def hear(page: Page) -> float:
        # There are two messages, for created and confirmed. The first one changes the page.
        _hear_of(page, wish)
        at = time.perf_counter()
        _hear_of(page, wish)
        return at

    with ThreadPoolExecutor(4) as threads:
        hearing = [threads.submit(hear, page) for page in pages]
        asked = list(threads.map(ask, range(2)))
        heard = [each.result() for each in hearing]
    if sorted(status for status, _ in asked) != [201, 409]:
        raise Failed(f"Two drivers at one instant were answered {asked}.")
    return max(heard) - min(sent for _, sent in asked)


def _hear_of(page: Page, wish: dict[str, str]) -> None:
    """Waits for a message about this spot and slot. Skips those of the demonstration's own
    bookings.
    """
    while True:
        heard = json.loads(page.next())
        if (heard["resource"], heard["starts_at"]) == (wish["spot_id"], wish["start_time"]):
            if heard["state"] != "taken":
                raise Failed(f"A page heard {heard} after {wish} was taken.")
            return


def _wish(spots: list[int], number: int) -> dict[str, str]:
    """A slot of its own for each round, from the fourth day on."""
    place, spot = divmod(number, len(spots))
    day, slot = divmod(place, len(SLOTS))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today + timedelta(days=4 + day, hours=SLOTS[slot])
    end = start + timedelta(hours=4)
    return {
        "spot_id": str(spots[spot]),
        "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }


def _log_in(client: load.Client, number: int) -> str:
    body = {"email": f"driver{number}@parking.com", "password": "password123"}
    token: str = _ask(client, "POST", "/login", "", json.dumps(body).encode())["access"]
    return token


def _ask(client: load.Client, method: str, path: str, token: str, body: bytes = b"") -> Any:
    client.send(_request(method, path, token, body))
    answer = _answer(client)
    if answer.status != 200:
        raise Failed(f"{method} {path} was answered {answer.status}: {answer.body[:200]!r}")
    return json.loads(answer.body)


def _request(method: str, path: str, token: str, body: bytes) -> bytes:
    headers = [f"Authorization: Bearer {token}"] if token else []
    return load.request(method, PATH + path, body=body, headers=headers)


def _answer(client: load.Client) -> load.Answer:
    while (answer := client.receive()) is None:
        pass
    return answer
