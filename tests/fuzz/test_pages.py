"""Hostile paths, queries, cookies, headers and forms to every page, as every visitor: no 5xx."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from django.test import Client

from tests.effort import some
from tests.fuzz import ground, hostile
from tests.fuzz.ground import VISITORS, Ground
from tests.web.browsing import Forms

# Tests of each page reach its lines.
pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

FIRST_TRIED = sorted(VISITORS, key=("administrator", "guest", "anybody", "staff").index)
"""An administrator sees all that staff see, and a guest what anybody sees."""

SENDS = 200
"""Statuses of pages that may have forms."""


@pytest.fixture
def about(db: None) -> Ground:
    return ground.make()


@contextmanager
def undone() -> Iterator[None]:
    """What a request writes, or breaks of a transaction, is gone before the next."""
    mark = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(mark)


def failed(browser: Client, method: str, address: str, **sent: Any) -> str:
    """What was sent, where it is answered by a fault of ours; else nothing."""
    with undone():
        answer = getattr(browser, method)(address, **sent)
        if getattr(answer, "streaming", False):
            b"".join(answer.streaming_content)
    if answer.status_code < 500:
        return ""
    cause = getattr(answer, "exc_info", None)
    return (
        f"{method} {address[:200]} {str(sent)[:400]}: {answer.status_code} {cause and cause[1]!r}"
    )


def encoded(values: dict[str, str]) -> str:
    return urlencode(values, errors="surrogatepass")


@pytest.mark.parametrize("visitor", some(FIRST_TRIED, 2))
def test_no_query_cookie_or_header_fails_a_page(about: Ground, visitor: str) -> None:
    found = []
    for route, address in ground.addresses(about).items():
        names = ground.names(route)
        for chance in hostile.rounds(visitor, route, "get"):
            browser = about.browser(visitor)
            for name, value in hostile.cookies(chance).items():
                browser.cookies[name] = ""
                browser.cookies[name].set(name, value, value)
            for query in hostile.queries(chance, names):
                asked = f"{address}?{encoded(query)}"
                found.append(failed(browser, "get", asked, headers=hostile.header(chance)))
    assert not list(filter(None, found)), "\n".join(sorted(set(filter(None, found))))


@pytest.mark.parametrize("visitor", some(FIRST_TRIED, 2))
def test_no_form_fails_a_page(about: Ground, visitor: str) -> None:
    found = []
    for route, address in ground.addresses(about).items():
        browser = about.browser(visitor)
        with undone():
            page = browser.get(address)
        is_page = page.status_code == SENDS and "html" in page.get("Content-Type", "")
        forms = Forms(page.content.decode()).found if is_page else []
        served = max(forms, key=len, default={}) | {"next": "/", "venue": "1"}
        for chance in hostile.rounds(visitor, route, "post"):
            sent = hostile.form(chance, served)
            kind = "application/x-www-form-urlencoded"
            body = encoded(sent)
            found.append(
                failed(
                    browser,
                    "post",
                    address,
                    data=body,
                    content_type=kind,
                    headers=hostile.header(chance),
                )
            )
    assert not list(filter(None, found)), "\n".join(sorted(set(filter(None, found))))


@pytest.mark.parametrize("visitor", VISITORS)
def test_no_path_fails(about: Ground, visitor: str) -> None:
    found = []
    browser = about.browser(visitor)
    for route in ground.addresses(about):
        parts = [part for part in route.split("/") if "<" in part]
        for chance in hostile.rounds(visitor, route, "path"):
            address = route
            for part in parts:
                address = address.replace(part, quote(hostile.path_part(chance), safe=""))
            if not parts:
                address += quote(hostile.path_part(chance), safe="")
            found.append(failed(browser, "get", "/" + address.replace("^", "").replace("$", "")))
    assert not list(filter(None, found)), "\n".join(sorted(set(filter(None, found))))
