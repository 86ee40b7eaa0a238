"""The pages of files: asked for by a button, followed, downloaded, and gone again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project
from django.test import Client
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests import callers
from guests.models import User
from notices.exports import jobs
from notices.models import Export
from tests.factories import NOON, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.notices.test_exports import fetched, finish
from tests.notices.test_exports import folder as folder  # noqa: PLC0414
from tests.reservations.facts import DAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen", "folder")]

PARKING, FILES = "/me/parking/", "/me/exports/"


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOON - DAY, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    return client


def page(browser: Client, path: str = PARKING) -> str:
    return browser.get(path).content.decode()


def press(browser: Client, kind: str = "parking") -> None:
    answer = browser.post(FILES, {"kind": kind, "next": PARKING})
    assert (answer.status_code, answer["Location"]) == (302, PARKING)


def test_from_the_button_to_the_file(browser: Client, user: User) -> None:
    hold(make_venue(unit_choice="guest", horizon=None), by=callers.for_user(user))
    assert "Export my parking (CSV)" in page(browser)
    press(browser)
    press(browser)
    export = Export.objects.get()
    waiting = page(browser)
    assert "Being written" in waiting and "data-open" in waiting
    assert "Export my parking (CSV)" not in waiting
    finish()
    done = page(browser)
    assert "Your file is ready." in done and "data-open" not in done
    assert "1 row" in done
    answer = browser.get(f"{FILES}{export.pk}/")
    assert fetched(answer).count("\n") == 2
    assert "Your file is ready." not in page(browser), "it is news once"
    assert f"{FILES}{export.pk}/" in page(browser)


def test_the_letter_is_in_the_language_of_the_page(browser: Client) -> None:
    browser.cookies["django_language"] = "nl"
    press(browser)
    assert Export.objects.get().language == "nl"


def test_nobody_else_finds_the_file(browser: Client, user: User) -> None:
    export = jobs.start(user, "parking")
    finish()
    other = Client()
    other.force_login(UserFactory.create(), backend="config.page_log_in.HeldBack")
    assert other.get(f"{FILES}{export.pk}/").status_code == 404
    assert Client().get(f"{FILES}{export.pk}/").status_code == 302
    assert f"{FILES}{export.pk}/" in page(browser, FILES)
    assert f"{FILES}{export.pk}/" not in page(other, FILES)


def test_a_file_that_is_over_is_gone(
    browser: Client, user: User, frozen: FrozenDateTimeFactory
) -> None:
    export = jobs.start(user, "parking")
    assert browser.get(f"{FILES}{export.pk}/").status_code == 410
    finish()
    frozen.tick(project.EXPORT_KEPT)
    assert browser.get(f"{FILES}{export.pk}/").status_code == 410
    assert "The file is gone" in page(browser)
    frozen.tick(timedelta(days=1))
    jobs.delete_old(batch=10)
    assert browser.get(f"{FILES}{export.pk}/").status_code == 404


def test_a_venues_file_is_asked_for_at_the_desk_alone(browser: Client) -> None:
    browser.post(FILES, {"kind": "venue"})
    browser.post(FILES, {"kind": "\0"})
    assert not Export.objects.exists()
    assert browser.post(FILES, {"kind": "reservations"})["Location"] == FILES
    assert Export.objects.get().kind == "reservations"


def test_what_failed_is_said(browser: Client, user: User) -> None:
    export = jobs.start(user, "parking")
    jobs._end(export, "failed", NOON)
    assert "It could not be written" in page(browser)


def test_no_address_serves_the_storage(browser: Client, user: User, settings: Settings) -> None:
    export = jobs.start(user, "parking")
    finish()
    export.refresh_from_db()
    name = Path(export.parts[0])
    for path in (f"/exports/{name}", f"/files/exports/{name}", f"/media/{name}", f"/static/{name}"):
        assert browser.get(path).status_code == 404


DESK_PAGE = "/admin/exports/"


def desk_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    return client


def test_a_manager_asks_at_the_desk(user: User) -> None:
    venue = make_venue("restaurant", units=2, confirms_at_once=True)
    rows = [hold(venue, NOON + number * DAY) for number in range(2)]
    manager = desk_of(StaffFactory.create(staff_venues=[venue]))
    assert DESK_PAGE in page(manager, "/admin/charts/")
    day = rows[1].starts_at.date().isoformat()
    sent = {"for_venue": venue.pk, "first": day, "last": day}
    assert manager.post(DESK_PAGE, sent).status_code == 302
    assert "data-open" in page(manager, DESK_PAGE)
    finish()
    export = Export.objects.get()
    assert (export.first_date, export.last_date) == (rows[1].starts_at.date(),) * 2
    told = fetched(manager.get(f"{FILES}{export.pk}/"))
    assert rows[1].code in told and rows[0].code not in told
    assert f"{FILES}{export.pk}/" in page(manager, DESK_PAGE)


def test_no_clerk_and_no_stranger_does() -> None:
    venue = make_venue("restaurant")
    clerk = desk_of(StaffFactory.create(clerk_at=[venue]))
    assert DESK_PAGE not in page(clerk, "/admin/charts/")
    for method in (clerk.get, clerk.post):
        assert method(DESK_PAGE, {"for_venue": venue.pk}).status_code == 403
    elsewhere = desk_of(StaffFactory.create(staff_venues=[make_venue("restaurant")]))
    assert elsewhere.post(DESK_PAGE, {"for_venue": venue.pk}).status_code == 404
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("first", "last"), [("2027-03-02", "2027-03-01"), ("9999-12-31", ""), ("soon", "")]
)
def test_dates_that_make_no_period_are_said(first: str, last: str) -> None:
    venue = make_venue("restaurant")
    manager = desk_of(StaffFactory.create(staff_venues=[venue]))
    answer = manager.post(DESK_PAGE, {"for_venue": venue.pk, "first": first, "last": last})
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    assert not Export.objects.exists()
