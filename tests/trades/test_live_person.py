"""The socket of a person says that their file has changed, to their own pages alone."""

from collections.abc import Iterator

import pytest
from django.conf import settings as project
from django.test import Client
from pytest_django.fixtures import Settings

from api.live import hub, personal
from guests.models import User
from notices.exports import jobs
from tests.guests.factories import UserFactory
from tests.trades.listening import Page, Pages, pages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    settings.LIVE_REDIS_URL = ""
    monkeypatch.setattr(jobs, "_listeners", [])
    with pages() as opened:
        yield opened


def opened(browser: Pages, user: User | None) -> Page:
    client = Client()
    if user is not None:
        client.force_login(user, backend="config.page_log_in.HeldBack")
    kept = client.cookies.get(project.SESSION_COOKIE_NAME)
    return browser.open(
        "/ws/me/", cookie=f"{project.SESSION_COOKIE_NAME}={kept.value}" if kept else ""
    )


def test_a_page_of_its_owner_hears_of_a_file(browser: Pages) -> None:
    ada, bob = UserFactory.create(), UserFactory.create()
    hers, his = opened(browser, ada), opened(browser, bob)
    assert hers.read()["type"] == his.read()["type"] == "hello"
    jobs.on_changed(lambda export: personal.announce(export.user_id))
    jobs.start(ada, "parking")
    assert hers.read() == {"type": "files"}
    while jobs.write_part() is not None:
        pass
    assert hers.read() == {"type": "files"}
    # What is announced later for him is the first that he hears.
    personal.announce(bob.pk)
    assert his.read() == {"type": "files"}
    assert his.is_quiet(0.1)


def test_who_is_not_logged_in_is_told_so(browser: Pages) -> None:
    page = opened(browser, None)
    assert page.opened
    assert page.next() == {"type": "websocket.close", "code": personal.NOT_LOGGED_IN}


def test_a_session_that_has_ended_opens_nothing(browser: Pages) -> None:
    client = Client()
    user = UserFactory.create()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    kept = client.cookies[project.SESSION_COOKIE_NAME].value
    client.session.flush()
    page = browser.open("/ws/me/", cookie=f"{project.SESSION_COOKIE_NAME}={kept}")
    assert page.next()["code"] == personal.NOT_LOGGED_IN


def test_what_is_said_to_the_socket_changes_nothing(browser: Pages) -> None:
    page = opened(browser, UserFactory.create())
    assert page.read()["type"] == "hello"
    page.say("user:1")
    assert page.is_quiet(0.1)


@pytest.mark.parametrize("key", ["user:", "user:x", "user:-1", "user:" + "9" * 19, "users:1", "②"])
def test_what_is_no_key_is_dropped(key: str) -> None:
    here = hub.Hub()
    here._places[1] = set()
    here._take_ids(f"7,user:5,{key}")
    assert here._announced.get_nowait() == [7, "user:5"]
