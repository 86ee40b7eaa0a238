"""Requests that once failed a page, each by name."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.admin.browsing import browser_of
from tests.factories import make_venue
from tests.fuzz.hostile import LONG
from tests.guests.factories import AdministratorFactory

pytestmark = pytest.mark.django_db

LISTS = [
    *("reservations_reservation", "reservations_allocation", "reservations_event"),
    *("venues_venue", "venues_resource", "venues_rate", "guests_user", "guests_partnerkey"),
]
COOKIES = ['"aaaaaaaaaa\\000b"', '"\\000"', "x" * 4_000, '"aaaaaaaaaa\\777"']
QUERIES = {
    "a year of ten digits": "created_at__year=9999999999",
    "a start in a year of ten digits": "starts_at__year=9999999999",
    "a day in a year of ten digits": "day=9999999999-01-01",
    "a long id": f"venue={LONG}",
    "a long filter": f"venue__id__exact={LONG}",
    "a filter beyond a bigint": "venue__id__exact=9223372036854775808",
    "NUL in a search": "q=a%00b",
    "NUL in a filter": "status=%00&kind__exact=%00&role__exact=%00&unit__exact=%00",
    "NUL in a choice": "venue__id__exact=%00",
    "a long page": f"p={LONG}",
    "a long order": f"o={LONG}",
}


@pytest.fixture
def browser() -> Client:
    made = browser_of(AdministratorFactory.create())
    make_venue("hotel")
    made.raise_request_exception = False
    return made


@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("path", ["/", "/me/", "/admin/", "/accounts/login/", "/api/v1/me"])
def test_a_session_cookie_that_we_did_not_set_is_no_session(path: str, cookie: str) -> None:
    browser = Client(raise_request_exception=False)
    for name in ("sessionid", "csrftoken", "messages", "django_language"):
        browser.cookies[name] = ""
        browser.cookies[name].set(name, cookie, cookie)
    assert browser.get(path).status_code < 500


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("name", LISTS)
def test_no_query_fails_a_list(browser: Client, name: str, query: str) -> None:
    assert browser.get(f"{reverse(f'admin:{name}_changelist')}?{query}").status_code < 500


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("page", ["today", "timeline", "walk_in", "charts", "lots", "choose_venue"])
def test_no_query_fails_a_page_of_the_desk(browser: Client, page: str, query: str) -> None:
    assert browser.get(f"{reverse(f'admin:{page}')}?{query}").status_code < 500


@pytest.mark.parametrize("venue", [LONG, "\0", "9223372036854775808", "²", "٣", "-1"])
def test_no_venue_that_is_sent_fails(browser: Client, venue: str) -> None:
    assert browser.post(reverse("admin:choose_venue"), {"venue": venue}).status_code < 500


@pytest.mark.parametrize("scopes", [LONG, "[" * 5_000, "\0", '"\\ud800"'])
def test_no_json_that_is_sent_fails_a_form(browser: Client, scopes: str) -> None:
    sent = {"slug": "acme", "name": "Acme", "scopes": scopes, "is_active": "on"}
    assert browser.post(reverse("admin:guests_partner_add"), sent).status_code < 500
