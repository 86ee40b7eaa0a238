"""Boards of a deployment: a change made in any process reaches pages open at every other."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from signal import SIGTERM
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as project
from django.test import Client
from django.utils import timezone
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from api.live import hub
from guests import tokens
from guests.models import User
from notices.models import Delivery, Export
from reservations import clock
from reservations.models import Allocation, Event, Reservation
from tests.admin.browsing import address, browser_of
from tests.factories import add_category, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.reservations.facts import DAY, HOUR, MINUTE
from tests.trades.deployment import HEARING, PATIENCE, Deployment, heard
from venues.models import Venue

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.redis,
    # Starting it takes the longest, so one process has all of them (bin/check).
    pytest.mark.xdist_group("deployment"),
]

CHANNEL = "holdfast-live/0"
Watch = Callable[..., ClientConnection]


@pytest.fixture(scope="module")
def deployed(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment that has answered."""
    running = Deployment(tmp_path_factory.mktemp("deployment"))
    try:
        with django_db_blocker.unblock():
            running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def _workers_rest(transactional_db: None, deployed: Deployment) -> Iterator[None]:
    yield
    deployed.rest()


@pytest.fixture
def venue(deployed: Deployment) -> Venue:
    """A lot with two spots that are chosen, confirmed at once."""
    return make_venue(units=2, unit_choice="guest", records_arrival=False, records_departure=False)


@pytest.fixture
def watch(deployed: Deployment) -> Iterator[Watch]:
    """Opens pages, and waits for their greeting; they are closed when the test is over."""
    with ExitStack() as pages:

        def opened(venue: Venue, at: str = "live") -> ClientConnection:
            page = pages.enter_context(deployed.board(venue, at))
            assert json.loads(page.recv(HEARING))["type"] == "hello"
            return page

        yield opened


@pytest.fixture
def both(watch: Watch, venue: Venue) -> list[ClientConnection]:
    """A page at each of the two processes."""
    return [watch(venue, "live"), watch(venue, "other")]


def spot(venue: Venue, number: int = 1) -> int:
    return venue.resources.get(name=str(number)).pk


def tomorrow() -> datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0) + DAY


def park(venue: Venue, start: datetime | None = None) -> Reservation:
    return hold(venue, start or tomorrow(), resource=spot(venue))


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue(user).access}"}


def wish(venue: Venue, start: datetime | None = None) -> dict[str, Any]:
    return {"spot_id": spot(venue), "start_time": (start or tomorrow()).isoformat()}


def hear_what_there_is(deployed: Deployment, *pages: ClientConnection) -> None:
    """Have what was recorded in this process handed on, so that only what follows is looked at."""
    deployed.run_task("config.tasks.dispatch_events")
    for page in pages:
        assert [one[0] for one in heard(page, 2)] == ["created", "confirmed"]


def test_what_is_booked_through_one_process_turns_the_spot_at_every_other(
    deployed: Deployment, venue: Venue, both: list[ClientConnection], driver: User
) -> None:
    # The pages' own process, then the one that serves the API.
    for number, process in enumerate(("live", "api")):
        body = wish(venue, tomorrow() + number * DAY)
        asked = deployed.ask("/api/v1/parking/reservations", body, by=process, **bearer(driver))
        assert asked == 201
        for page in both:
            assert heard(page, 2) == [
                ("created", str(spot(venue)), "taken"),
                ("confirmed", str(spot(venue)), "taken"),
            ]


def test_a_button_of_the_desk_turns_it_back(
    deployed: Deployment, venue: Venue, both: list[ClientConnection]
) -> None:
    row = park(venue)
    hear_what_there_is(deployed, *both)
    session = browser_of(StaffFactory.create(staff_venues=[venue])).cookies["sessionid"].value
    token = "a" * 32
    headers = {
        "Cookie": f"sessionid={session}; csrftoken={token}",
        "X-CSRFToken": token,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    # 200 is the page that the button leads to.
    assert deployed.ask(address("cancel", row), b"", **headers) == 200
    for page in both:
        assert heard(page, 1) == [("cancelled", str(spot(venue)), "free")]


def test_the_worker_completing_a_stale_stay_turns_it_back_and_says_so(
    deployed: Deployment, venue: Venue, both: list[ClientConnection]
) -> None:
    with clock.at(timezone.now() - 3 * HOUR):
        row = park(venue, timezone.now() - 150 * MINUTE)
    hear_what_there_is(deployed, *both)
    deployed.run_task("reservations.tasks.complete_stays")
    for page in both:
        assert heard(page, 1) == [("completed", str(spot(venue)), "free")]
    assert f"Auto-released Spot #1 (Reservation ID {row.pk})" in deployed.log("worker")


def test_the_worker_finding_a_lapsed_hold_turns_it_back(deployed: Deployment, watch: Watch) -> None:
    venue = make_venue(unit_choice="guest", confirms_at_once=False)
    with clock.at(timezone.now() - 2 * HOUR):
        park(venue)
    page = watch(venue, "other")
    deployed.run_task("reservations.tasks.expire_holds")
    assert heard(page, 1) == [("expired", str(spot(venue)), "free")]


def test_two_drivers_at_once_have_one_winner_and_both_pages_see_it(
    deployed: Deployment, venue: Venue, both: list[ClientConnection], driver: User
) -> None:
    for number in range(8):
        assert race(deployed, wish(venue, tomorrow() + number * DAY), driver) == [201, 409]
        for page in both:
            assert [one[2] for one in heard(page, 2)] == ["taken", "taken"]


def race(deployed: Deployment, body: dict[str, Any], driver: User) -> list[int]:
    """What two are answered who ask for the same at one instant."""
    start = threading.Barrier(2)

    def ask(headers: dict[str, str]) -> int:
        start.wait()
        return deployed.ask("/api/v1/parking/reservations", body, **headers)

    with ThreadPoolExecutor(2) as drivers:
        return sorted(drivers.map(ask, [bearer(driver)] * 2))


def test_a_page_that_never_reads_costs_the_others_nothing(
    deployed: Deployment, venue: Venue, both: list[ClientConnection], driver: User
) -> None:
    with never_reads(deployed, venue) as lazy:
        # More than it has room for, and than the system keeps for it.
        flood(deployed, venue, both)
        assert booked(deployed, venue, driver) == 201
        for page in both:
            assert [one[0] for one in heard(page, 2)] == ["created", "confirmed"]
        # When it reads at last, it gets what was on its way and is told to come again.
        said = b""
        lazy.settimeout(PATIENCE)
        while not said.endswith(b"\x88\x02" + hub.FELL_BEHIND.to_bytes(2)):
            part = lazy.recv(1 << 20)
            assert part, "closed without a word"
            said = (said + part)[-4:]


def test_a_page_that_vanished_costs_the_others_nothing(
    deployed: Deployment, watch: Watch, venue: Venue, both: list[ClientConnection], driver: User
) -> None:
    gone = watch(venue)
    # A reset in place of every goodbye.
    gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone.socket.close()
    assert booked(deployed, venue, driver) == 201
    for page in both:
        assert [one[0] for one in heard(page, 2)] == ["created", "confirmed"]


def test_two_hundred_pages_that_close_at_once_are_no_fault(
    deployed: Deployment, watch: Watch, venue: Venue, both: list[ClientConnection], driver: User
) -> None:
    pages = [watch(venue) for _ in range(200)]
    for page in pages:
        page.socket.shutdown(socket.SHUT_RDWR)
    assert booked(deployed, venue, driver) == 201
    for page in both:
        assert [one[0] for one in heard(page, 2)] == ["created", "confirmed"]
    for name in ("live", "other"):
        assert "Traceback" not in deployed.log(name)
        assert "[error]" not in deployed.log(name)


def test_pages_of_a_process_that_is_restarted_are_told_to_come_again_and_do(
    deployed: Deployment, watch: Watch, venue: Venue, driver: User
) -> None:
    pages = [watch(venue, "other") for _ in range(20)]
    code = deployed.restart_boards("other")
    for page in pages:
        with pytest.raises(ConnectionClosed):
            page.recv(HEARING)
    assert {page.close_code for page in pages} == {1012}
    # As a server ends that was asked to: by the signal, once all is done.
    assert code in (0, -SIGTERM)
    again = watch(venue, "other")
    assert booked(deployed, venue, driver) == 201
    assert [state for _, _, state in heard(again, 2)] == ["taken", "taken"]


def test_pages_hear_again_once_redis_is_back_and_are_greeted_for_what_they_missed(
    deployed: Deployment, venue: Venue, both: list[ClientConnection], driver: User
) -> None:
    deployed.redis.stop()
    # Bookings go on.
    assert booked(deployed, venue, driver) == 201
    deployed.redis.start()
    for page in both:
        assert json.loads(page.recv(HEARING))["type"] == "hello"
    assert booked(deployed, venue, driver, tomorrow() + DAY) == 201
    deployed.run_task("config.tasks.dispatch_events")
    for page in both:
        assert {one[0] for one in heard(page, 4)} == {"created", "confirmed"}


def booked(deployed: Deployment, venue: Venue, driver: User, start: datetime | None = None) -> int:
    return deployed.ask("/api/v1/parking/reservations", wish(venue, start), **bearer(driver))


def never_reads(deployed: Deployment, venue: Venue) -> socket.socket:
    """A socket that was let in as a page and takes little, because nobody reads."""
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    lazy.connect(("127.0.0.1", deployed.ports["live"]))
    lazy.sendall(
        f"GET /ws/venues/{venue.slug}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert b" 101 " in lazy.recv(100)
    return lazy


def flood(deployed: Deployment, venue: Venue, pages: list[ClientConnection]) -> None:
    """Say much more than there is room for, while the others read it."""
    closure = uuid4().hex
    window = {"starts_at": tomorrow(), "ends_at": tomorrow() + HOUR}
    category = add_category(venue, "many", units=300)
    units = list(category.resources.values_list("pk", flat=True))
    Allocation.objects.bulk_create(
        Allocation(venue=venue, resource_id=unit, closure_id=closure, is_live=True, **window)
        for unit in units
    )
    # Nothing is left for the outbox, which would tell many at one time, and that fills nothing.
    instants = dict.fromkeys(("at", "recorded_at", "dispatched_at"), timezone.now())
    said = {"name": "closure.made", "by": "desk", "by_kind": "system"}
    told = Event.objects.bulk_create(
        Event(venue=venue, data={"closure": closure}, **said, **instants)
        for _ in range(3 * hub.ROOM)
    )
    with Redis.from_url(deployed.redis.url) as line:
        for event in told:
            line.publish(CHANNEL, str(event.pk))
            for page in pages:
                assert len(heard(page, len(units))) == len(units)


def test_a_file_is_written_by_one_worker_and_told_of_by_the_other(deployed: Deployment) -> None:
    driver = UserFactory.create()
    cookie = session_of(driver)
    with deployed.person(cookie) as page:
        assert json.loads(page.recv(HEARING))["type"] == "hello"
        sent = {"kind": "parking"}
        assert deployed.ask("/api/v1/me/exports", sent, **bearer(driver)) == 202
        # Waiting, and then done.
        assert [json.loads(page.recv(HEARING))["type"] for _ in range(2)] == ["files", "files"]
    export = Export.objects.get(user=driver)
    assert (export.state, export.rows) == ("done", 0)
    end = time.monotonic() + PATIENCE
    letters = Delivery.objects.filter(user=driver)
    while not letters.filter(outcome="sent").exists():
        assert time.monotonic() < end, deployed.log("deliveries")
        time.sleep(0.1)


def session_of(user: User) -> str:
    browser = Client()
    browser.force_login(user, backend="config.page_log_in.HeldBack")
    name = project.SESSION_COOKIE_NAME
    return f"{name}={browser.cookies[name].value}"
