"""How many boards one address may watch at once; whoever else comes is let in all the same."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.factories import make_venue
from tests.trades.listening import Pages, pages
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(settings: Settings) -> Iterator[Pages]:
    """Opens pages at a server that trusts one proxy, two for each address."""
    settings.LIVE_REDIS_URL = ""
    settings.TRUSTED_PROXIES = 1
    settings.SOCKETS_PER_ADDRESS = 2
    with pages() as opened:
        yield opened


@pytest.fixture
def venue() -> Venue:
    return make_venue()


def opened(browser: Pages, venue: Venue, address: str) -> bool:
    return browser.of(venue, **{"x-forwarded-for": f"6.6.6.6, {address}"}).opened


def test_one_more_than_the_limit_is_refused_and_another_address_is_not(
    browser: Pages, venue: Venue
) -> None:
    mine = [opened(browser, venue, "198.51.100.7:8080") for _ in range(3)]
    assert mine == [True, True, False]
    assert opened(browser, venue, "198.51.100.8")


def test_an_ipv6_customer_has_one_limit_for_all_their_addresses(
    browser: Pages, venue: Venue
) -> None:
    mine = [opened(browser, venue, f"[2001:db8:1:2::{host}]:80") for host in (1, 2, 3)]
    assert mine == [True, True, False]


def test_who_closes_a_board_may_open_another(browser: Pages, venue: Venue) -> None:
    first, _ = (browser.of(venue, **{"x-forwarded-for": "198.51.100.7"}) for _ in range(2))
    first.close()
    assert opened(browser, venue, "198.51.100.7")


def test_boards_that_are_not_there_count_until_they_are_closed(browser: Pages) -> None:
    path = "/ws/venues/nowhere/"
    mine = [browser.open(path, **{"x-forwarded-for": "198.51.100.7"}).opened for _ in range(3)]
    assert mine == [True, True, False]


def test_a_limit_of_0_is_none(browser: Pages, venue: Venue, settings: Settings) -> None:
    settings.SOCKETS_PER_ADDRESS = 0
    assert all(opened(browser, venue, "198.51.100.7") for _ in range(4))
