"""Letters while their senders are killed: none is lost, and few go twice."""

import time
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

from tests.faults.fleet import Fleet, wait_until
from tests.notices.mail_server import OK, MailServer, serving

LETTERS = 60
KILLS = 6
SENDERS = ("sender", "second_sender")


def slowly(address: str) -> str:
    time.sleep(0.02)
    return OK


def test_a_kill_repeats_one_letter_at_most(fleet: Fleet, report: Callable[[object], None]) -> None:
    settings = SimpleNamespace()
    with serving(settings) as server:
        server.at_data = slowly
        url = f"smtp://127.0.0.1:{settings.EMAIL_PORT}"
        addresses = fleet.world(f"letters({LETTERS})")
        for name in SENDERS:
            fleet.send(name, "mail", lease=5, MAIL_URL=url)
        for number in range(KILLS):
            least = (number + 1) * LETTERS // (KILLS + 2)
            wait_until(lambda least=least: len(server.letters) >= least)  # type: ignore[misc]
            name = SENDERS[number % 2]
            fleet.kill(name)
            fleet.send(name, "mail", lease=5, MAIL_URL=url)
        wait_until(lambda: waiting(fleet, addresses) == 0)
        for name in SENDERS:
            fleet.kill(name)
    # Tests before this one may have left letters of their own.
    found = Counter({key: n for key, n in received(server).items() if key[0] in addresses})
    assert {address for address, _ in found} == set(addresses)
    doubles = sum(found.values()) - LETTERS
    report({"doubles": doubles, "kills": KILLS})
    # They are sent one after the other, and each is recorded before the next one begins.
    assert doubles <= KILLS
    # A mail server can tell: whatever comes twice has the id of the first.
    assert len(found) == LETTERS


def received(server: MailServer) -> Counter[tuple[str, str]]:
    return Counter((str(one["To"]), str(one["Message-ID"])) for one in server.letters)


def waiting(fleet: Fleet, addresses: list[str]) -> int:
    (row,) = fleet.postgres.rows(
        "SELECT count(*) AS waiting FROM notices_delivery "
        """WHERE channel = 'mail' AND done_at IS NULL AND "to" = ANY(%s)""",
        addresses,
    )
    return int(row["waiting"])
