"""The front as it is shipped, before the product: names, forms, letters, addresses, boards."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.faults.attack import (
    ATTACKER,
    SOMEBODY,
    asked,
    attack,
    connection,
    handshake,
    opens_board,
    status_of,
)
from tests.faults.browser import Browser
from tests.faults.fleet import wait_until
from tests.faults.front import OF_0_1_0, PROGRAM, Front
from tests.faults.guests import Guests, judge
from tests.faults.names import Names
from tests.faults.shipped import SITE, WRONG_PASSWORDS, Shipped

pytestmark = pytest.mark.skipif(not PROGRAM, reason="needs nginx")

HTTP, HTTPS = f"http://{SITE}", f"https://{SITE}"
RESET = "/accounts/password/reset/"
OWN_PROXY = "127.0.0.1"
"""Stands in deploy/trusted.inc."""
NOBODY = 1
"""A port at which nothing listens."""
BOOKINGS = 300
"""So many are asked while processes come and go."""


def letter_to(email: str, shipped: Shipped) -> str:
    """The letter to an address, which is sent after the answer."""
    wait_until(lambda: any(email in one for one in shipped.letters()))
    return next(one for one in shipped.letters() if email in one)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shipped]:
    """The deployment behind the front."""
    running = Shipped(tmp_path_factory.mktemp("shipped"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


Fronts = Callable[..., Front]


@pytest.fixture(scope="module")
def fronts(shipped: Shipped, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronts]:
    """Starts fronts, all of which are stopped in the end."""
    names = Names({"api": ["127.0.0.1"], "live": ["127.0.0.1"]})
    running: list[Front] = []

    def started(
        before: str = "", *, api: int = 0, resolver: str = names.address, **files: str
    ) -> Front:
        front = Front(
            tmp_path_factory.mktemp("front"),
            api=f"api:{api or shipped.ports[before + 'api']}",
            live=f"live:{shipped.ports[before + 'live']}",
            resolver=resolver,
            files={name.replace("_", "."): text for name, text in files.items()},
        )
        front.start()
        running.append(front)
        return front

    yield started
    for front in running:
        front.stop()
    names.close()


@pytest.fixture(scope="module")
def front(fronts: Fronts) -> Front:
    """The front by which guests come straight."""
    return fronts()


@pytest.fixture(scope="module")
def inner(fronts: Fronts) -> Front:
    """The front behind another proxy, which ends TLS."""
    return fronts("inner-")


@pytest.fixture(scope="module")
def alone(fronts: Fronts) -> Front:
    """A front behind which nothing answers."""
    return fronts(api=NOBODY)


@pytest.fixture(scope="module")
def lot(shipped: Shipped) -> Guests:
    """Guests of a lot of their own."""
    return Guests(shipped.ports["api"], shipped.world("lot()"))


def board(
    port: int, venue: str, *, origin: str | None = None, address: str = SOMEBODY, **headers: str
) -> AbstractContextManager[ClientConnection]:
    """A page that watches a venue; opened by `with`."""
    sent = {name.replace("_", "-"): said for name, said in headers.items()}
    return connect(
        f"ws://{SITE}/ws/venues/{venue}/",
        sock=connection(port, address),
        origin=Origin(origin) if origin else None,
        additional_headers=sent,
        proxy=None,
        compression=None,
    )


def somebody() -> str:
    return f"{uuid4().hex}@stay.example"


# Names, forms and letters


def test_pages_and_api_answer_by_the_name_that_guests_use(front: Front) -> None:
    for path in ("/", "/healthz", "/readyz", "/api/v1/venues", "/api/v1/docs", "/admin/login/"):
        assert Browser(front.port).ask(path).status in (200, 302), path


def test_a_name_that_is_not_ours_is_refused(front: Front) -> None:
    assert Browser(front.port, Host="evil.example").ask("/").status == 400


def test_a_form_is_taken_from_our_own_pages_alone(front: Front) -> None:
    sent = Browser(front.port).submit(RESET, origin=HTTP, email=somebody())
    assert (sent.status, sent.headers["Location"]) == (302, f"{RESET}done/")
    refused = Browser(front.port).submit(RESET, origin="http://evil.example", email=somebody())
    assert refused.status == 403


def test_the_link_in_a_letter_leads_to_the_name_that_guests_use(
    front: Front, shipped: Shipped
) -> None:
    email = somebody()
    shipped.world(f"UserFactory.create(email={email!r}).pk")
    assert Browser(front.port).submit(RESET, origin=HTTP, email=email).status == 302
    letter = letter_to(email, shipped)
    links = re.findall(r"https?://[^/\s]+(?=/accounts/password/reset/key/)", letter)
    assert links == [HTTP]


# Addresses


def test_a_forged_address_is_not_believed(front: Front) -> None:
    email = somebody()
    told = [
        Browser(front.port, X_Forwarded_For=f"6.6.6.{last}").guess(email)
        for last in range(WRONG_PASSWORDS + 2)
    ]
    assert told == [401] * WRONG_PASSWORDS + [429] * 2
    # Held back is a place, and no other.
    assert Browser(front.port, "127.0.0.7").guess(email) == 401


@pytest.mark.parametrize("written", ["unknown", "", "unix:", "junk, _hidden"])
def test_a_guest_whose_browser_sends_nonsense_shares_no_limit(front: Front, written: str) -> None:
    email = somebody()
    for _ in range(WRONG_PASSWORDS):
        Browser(front.port, X_Forwarded_For=written).guess(email)
    assert Browser(front.port, X_Forwarded_For=written).guess(email) == 429
    assert Browser(front.port, "127.0.0.7", X_Forwarded_For=written).guess(email) == 401


@pytest.mark.parametrize(
    ("mine", "mine_too", "another"),
    [
        ("198.51.100.7", "6.6.6.6, 198.51.100.7:49152", "198.51.100.8"),
        ("2001:db8:1:2::7", "[2001:db8:1:2::8]:49152", "2001:db8:1:3::7"),
    ],
)
def test_behind_another_proxy_its_entry_counts_with_port_and_as_ipv6(
    inner: Front, mine: str, mine_too: str, another: str
) -> None:
    email, tls = somebody(), {"X_Forwarded_Proto": "https"}
    for _ in range(WRONG_PASSWORDS):
        assert Browser(inner.port, OWN_PROXY, X_Forwarded_For=mine, **tls).guess(email) == 401
    assert Browser(inner.port, OWN_PROXY, X_Forwarded_For=mine_too, **tls).guess(email) == 429
    assert Browser(inner.port, OWN_PROXY, X_Forwarded_For=another, **tls).guess(email) == 401


# Https behind another proxy


def test_https_that_our_own_proxy_ended_is_https(inner: Front) -> None:
    browser = Browser(inner.port, OWN_PROXY, X_Forwarded_Proto="https", X_Forwarded_For="1.2.3.4")
    sent = browser.submit(RESET, origin=HTTPS, email=somebody())
    assert (sent.status, sent.headers["Location"]) == (302, f"{RESET}done/")
    assert browser.cookies["csrftoken"]["secure"]


def test_a_letter_asked_for_by_https_links_to_https(inner: Front, shipped: Shipped) -> None:
    email = somebody()
    shipped.world(f"UserFactory.create(email={email!r}).pk")
    browser = Browser(inner.port, OWN_PROXY, X_Forwarded_Proto="https", X_Forwarded_For="1.2.3.5")
    assert browser.submit(RESET, origin=HTTPS, email=email).status == 302
    letter = letter_to(email, shipped)
    assert f"{HTTPS}/accounts/password/reset/key/" in letter


@pytest.mark.parametrize("claimed", ["https", "https, https", "HTTPS", ""])
def test_https_that_a_guest_only_claims_is_not_believed(inner: Front, claimed: str) -> None:
    answer = Browser(inner.port, X_Forwarded_Proto=claimed).ask("/")
    assert (answer.status, answer.headers["Location"]) == (301, f"{HTTPS}/")


def test_plain_http_at_our_own_proxy_is_sent_to_https(inner: Front) -> None:
    answer = Browser(inner.port, OWN_PROXY, X_Forwarded_Proto="http").ask("/")
    assert (answer.status, answer.headers["Location"]) == (301, f"{HTTPS}/")


# Boards


def test_a_board_is_told_through_the_front(front: Front, lot: Guests) -> None:
    with board(front.port, lot.world["venue"], origin=HTTP) as page:
        assert json.loads(page.recv(10))["type"] == "hello"
        through = Guests(front.port, lot.world)
        # A wish is made up at random, and another test may have taken that time.
        asked = (
            through.ask("POST", "/api/v1/reservations", through.wish().body, Host=SITE)
            for _ in range(20)
        )
        assert any(answer.status == 201 for answer in asked)
        assert json.loads(page.recv(10))["event"] == "reservation.created"


def test_a_board_of_another_site_is_refused(front: Front, lot: Guests) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        board(front.port, lot.world["venue"], origin="http://evil.example"),
    ):
        pass
    assert refused.value.response.status_code == 403


# What the front answers by itself


def test_figures_for_operators_are_not_told_to_guests(front: Front) -> None:
    for path in ("/metrics", "/metrics/", "//metrics", "/%6detrics", "/a/../metrics"):
        answer = Browser(front.port).ask(path)
        assert (answer.status, "holdfast_" in answer.text) == (404, False), path


def test_a_body_of_more_than_a_megabyte_is_refused_by_a_problem_document(front: Front) -> None:
    answer = Browser(front.port).call("/auth/login", {"email": "a" * 1_100_000})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status, answer.document["code"]) == (413, "body_too_large")
    assert answer.document["instance"] == f"urn:uuid:{answer.headers['Request-Id']}"


def test_where_the_application_is_away_pages_and_programs_are_told_to_come_again(
    alone: Front,
) -> None:
    program, page = (Browser(alone.port).ask(path) for path in ("/api/v1/venues", "/"))
    assert (program.status, program.document["code"]) == (503, "unavailable")
    assert (page.status, page.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert {one.headers["Retry-After"] for one in (program, page)} == {"5"}


def test_what_the_application_answers_passes_as_it_is(front: Front) -> None:
    answer = Browser(front.port).ask("/api/v1/nowhere")
    assert (answer.status, answer.document["code"]) == (404, "not_found")


def test_the_log_quotes_no_request(alone: Front) -> None:
    Browser(alone.port).ask("/find?phone=%2B31201234567")
    assert alone.log() == ""


# Limits


def test_eleven_hundred_boards_of_one_address_keep_nobody_else_out(
    front: Front, lot: Guests
) -> None:
    venue = lot.world["venue"]
    with attack(front.port, SITE) as attacker:
        told = attacker.boards(1_100, venue)
        assert set(told) == {b"101", b"429"}
        assert told[b"101"] == 200
        # Their own pages, too: others may be behind the same address.
        for source in ("127.0.0.8", ATTACKER):
            assert asked(front.port, "/", source, SITE) == 200
            assert asked(front.port, "/api/v1/venues", source, SITE) == 200
        assert opens_board(front.port, venue, host=SITE)


def test_a_thousand_half_sent_requests_of_one_address_keep_nobody_out(
    front: Front, lot: Guests
) -> None:
    with attack(front.port, SITE) as attacker:
        attacker.half_sent(1_050)
        for path in ("/", "/healthz", "/api/v1/venues", "/accounts/login/"):
            assert asked(front.port, path, host=SITE) == 200, path
        assert opens_board(front.port, lot.world["venue"], host=SITE)
        assert attacker.are_closed()


def test_who_asks_without_pause_is_held_back_and_nobody_else(alone: Front) -> None:
    greedy, other = Browser(alone.port, "127.0.0.6"), Browser(alone.port)
    # Answered by the front, far faster than it lets one address ask.
    answers = (greedy.ask("/api/v1/venues") for _ in range(5_000))
    held_back = next(one for one in answers if one.status != 503)
    assert held_back.status == 429
    assert (held_back.document["code"], held_back.headers["Retry-After"]) == ("rate_limited", "1")
    assert other.ask("/api/v1/venues").status == 503


def test_behind_another_proxy_a_guest_has_limits_of_their_own(inner: Front, lot: Guests) -> None:
    def opened(forwarded: str) -> bytes:
        line = stack.enter_context(connection(inner.port, OWN_PROXY))
        said = f"X-Forwarded-For: 6.6.6.6, {forwarded}"
        line.sendall(handshake(SITE, lot.world["venue"], said))
        return status_of(line)

    with ExitStack() as stack:
        mine = Counter(opened("198.51.100.7:8080") for _ in range(201))
        assert mine == {b"101": 200, b"429": 1}
        assert opened("198.51.100.8") == b"101"


# A restart behind it


def test_two_processes_restarted_in_turn_fail_nobody(
    shipped: Shipped, fronts: Fronts, lot: Guests, report: Callable[[object], None]
) -> None:
    addresses = ["127.0.0.2", "127.0.0.3"]
    names = Names({"api": addresses})
    for address in addresses:
        shipped.serve_at(address)
    rolling = fronts(api=shipped.shared_port, resolver=names.address)
    guests = Guests(rolling.port, lot.world)
    try:
        with guests.booking(4):
            for address in addresses:
                guests.wait_for(10)
                assert shipped.stop_at(address) == 0
                guests.wait_for(10)
                shipped.serve_at(address)
            wait_until(lambda: len(guests.wishes) >= BOOKINGS)
    finally:
        names.close()
        for address in addresses:
            shipped.kill(address)
    assert guests.statuses() <= {201, 409}
    guests.port = shipped.ports["api"]
    report(judge(guests, shipped.postgres))


# The negative control


NEW = (
    test_pages_and_api_answer_by_the_name_that_guests_use,
    test_a_form_is_taken_from_our_own_pages_alone,
    test_a_forged_address_is_not_believed,
    test_a_body_of_more_than_a_megabyte_is_refused_by_a_problem_document,
)


@pytest.mark.parametrize("test", NEW)
def test_the_front_of_0_1_0_fails(fronts: Fronts, test: Callable[[Front], None]) -> None:
    old = fronts(front_conf=OF_0_1_0)
    with pytest.raises(AssertionError):
        test(old)
