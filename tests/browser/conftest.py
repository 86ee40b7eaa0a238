"""A real Chromium before a real server."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

_PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")

_ARGUMENTS = [
    # Its sandbox does not work for root, which is what containers run tests as.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    # What a browser does of itself would only be traffic to elsewhere.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
]


# Test tools switch off what every visitor has: the browser keeps whole pages, and Back shows them.
_KEEPS_NO_PAGES = ["--disable-back-forward-cache"]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver. It runs one loop, whatever the number of browsers."""
    # Playwright's loop runs in this thread, and Django takes any such loop for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    # A busy machine takes its time; what is never to be seen is asserted at once anyway.
    expect.set_options(timeout=60_000)
    with sync_playwright() as driver:
        yield driver
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for all tests; CHROMIUM names one that is somewhere else."""
    with _launched(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def keeping_chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser that shows kept pages on Back, as those of visitors do."""
    with _launched(playwright, without=_KEEPS_NO_PAGES) as browser:
        yield browser


@contextmanager
def _launched(playwright: Playwright, *, without: Sequence[str] = ()) -> Iterator[Browser]:
    found = [place for place in (os.environ.get("CHROMIUM", ""), *_PLACES) if Path(place).is_file()]
    if not found:
        pytest.fail("Chromium is missing; .ci/run installs it, or CHROMIUM=/path names one.")
    browser = playwright.chromium.launch(
        executable_path=found[0], args=_ARGUMENTS, ignore_default_args=without
    )
    yield browser
    browser.close()


@pytest.fixture
def page(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page of a fresh visitor; it fails the test when a script of ours does."""
    context = chromium.new_context(base_url=live_server.url)
    context.set_default_timeout(60_000)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda fault: faults.append(str(fault)))
    yield opened
    context.close()
    assert faults == []
