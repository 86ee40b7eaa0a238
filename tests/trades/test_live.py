"""Live boards: every change of a unit's time reaches every open page, and nothing personal does."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django.fixtures import Settings

from api.live import consumer
from config import outbox
from guests.models import User
from reservations import actions, clock, events, sweeps
from reservations.allocation import ledger
from reservations.inventory import closures
from reservations.models import Event, Reservation
from reservations.requests import Change, Times
from tests.admin.browsing import address, browser_of
from tests.api.calling import Api, person
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND
from tests.trades.listening import Page, Pages, pages
from venues.hours import Window
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]

END = NOON + 2 * HOUR
NOBODY_THERE = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _outbox_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is handed on at the commit itself, as it is where the broker is shared."""
    monkeypatch.setattr(events, "_listeners", [])


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    """A day before NOON; `frozen.move_to(instant)` moves it, and loops keep their own time."""
    with freeze_time(NOON - DAY, ignore=["_pytest"], real_asyncio=True) as moved:
        assert isinstance(moved, FrozenDateTimeFactory)
        yield moved


@pytest.fixture(autouse=True)
def _embedded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Also where a Redis is there: pages are told when a test dispatches, and at no other time.
    settings.LIVE_REDIS_URL = ""
    monkeypatch.setattr(events, "_listeners", [])


@pytest.fixture
def browser(_embedded: None) -> Iterator[Pages]:
    """Opens pages."""
    with pages() as opened:
        yield opened


@pytest.fixture
def venue() -> Venue:
    """A lot with two spots that are chosen, confirmed at once."""
    return make_venue(units=2, unit_choice="guest")


@pytest.fixture
def page(browser: Pages, venue: Venue) -> Page:
    """A page that watches the lot."""
    return browser.of(venue)


def spot(venue: Venue, number: int = 1) -> int:
    return venue.resources.get(name=str(number)).pk


def park(venue: Venue, start: datetime = NOON, number: int = 1, **fields: Any) -> Reservation:
    return hold(venue, start, resource=spot(venue, number), **fields)


def told(page: Page, venue: Venue) -> list[tuple[str, int, str, str, str]]:
    """What a page is told once the outbox was emptied: event, spot, from, until, state."""
    outbox.dispatch()
    names = {str(pk): int(name) for pk, name in venue.resources.values_list("pk", "name")}
    return [
        (
            one["event"].removeprefix("reservation."),
            names[one["resource"]],
            one["starts_at"][11:16],
            one["ends_at"][11:16],
            one["state"],
        )
        for one in page.heard(venue)
    ]


def quiet(page: Page, venue: Venue) -> None:
    """Let a page hear what there is, so that only what follows is looked at."""
    told(page, venue)


def test_a_page_is_greeted(browser: Pages, venue: Venue) -> None:
    page = browser.of(venue)
    assert page.opened
    assert page.read() == {"type": "hello", "venue": venue.slug, "at": "2027-02-28T12:00:00Z"}


@pytest.mark.parametrize("slug", ["nowhere", "closed", "1", "-", "a" * 500])
def test_a_venue_that_is_not_there_closes_with_a_code_of_its_own(browser: Pages, slug: str) -> None:
    Venue.objects.filter(pk=make_venue().pk).update(slug="closed", is_active=False)
    page = browser.open(f"/ws/venues/{slug}/")
    assert page.opened
    assert (page.next()["code"], consumer.UNKNOWN_VENUE) == (4404, 4404)


@pytest.mark.parametrize(
    "path", ["/ws/", "/ws/venues/", "/ws/venues/a/b/", "/ws/venues/%00/", "/", "/ws/venues/ä/"]
)
def test_an_address_that_is_none_is_refused(browser: Pages, path: str) -> None:
    assert not browser.open(path).opened


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        ("http://localhost", True),
        ("http://localhost:8000", True),
        ("https://127.0.0.1:8443", True),
        ("http://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://evil.example/localhost", False),
        ("http://localhost@evil.example", False),
        ("null", False),
        ("", False),
        ("localhost", False),
        ("http://[", False),
        ("http://localhost:port", False),
        ("http://\xff", False),
    ],
)
def test_pages_of_other_sites_are_refused(
    browser: Pages, venue: Venue, origin: str, is_let_in: bool
) -> None:
    assert browser.of(venue, origin=origin).opened is is_let_in


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [
        ("https://shop.example", True),
        ("https://shop.example:443", True),
        ("http://shop.example", False),
        ("https://shop.example:8443", False),
        ("https://www.shop.example", False),
        ("https://shop.example.evil.example", False),
        ("https://evil-shop.example", False),
        ("https://shop.example@evil.example", False),
        ("null", False),
    ],
)
def test_pages_that_may_call_the_api_are_let_in(
    browser: Pages, venue: Venue, settings: Settings, origin: str, is_let_in: bool
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
    assert browser.of(venue, origin=origin).opened is is_let_in


def test_programs_that_send_no_origin_are_let_in(browser: Pages, venue: Venue) -> None:
    assert browser.of(venue).opened


def test_what_is_booked_over_the_api_turns(page: Page, venue: Venue, driver: User) -> None:
    body = {"spot_id": spot(venue), "start_time": NOON.isoformat(), "vehicle_plate": "AB-12-CD"}
    answer = person(driver).post("/parking/reservations", body)
    assert answer.status_code == 201
    outbox.dispatch()
    first, second = page.heard(venue)
    assert first == {
        "type": "allocation",
        "event": "reservation.created",
        "resource": str(spot(venue)),
        "starts_at": "2027-03-01T12:00:00Z",
        "ends_at": "2027-03-01T14:00:00Z",
        "state": "taken",
        "at": "2027-02-28T12:00:00Z",
    }
    assert second == first | {"event": "reservation.confirmed"}


def test_what_is_completed_over_the_api_is_free(page: Page, venue: Venue, driver: User) -> None:
    body = {"spot_id": spot(venue), "start_time": NOON.isoformat()}
    made = person(driver).post("/parking/reservations", body).json()
    quiet(page, venue)
    person(driver).send("PUT", f"/parking/reservations/{made['id']}/complete")
    # Before the start it is a cancelling.
    assert told(page, venue) == [("cancelled", 1, "12:00", "14:00", "free")]


def test_what_is_changed_in_the_admin_is_told(page: Page, venue: Venue) -> None:
    row = park(venue)
    quiet(page, venue)
    desk: Client = browser_of(StaffFactory.create(staff_venues=[venue]))
    assert desk.post(address("cancel", row)).status_code == 302
    assert told(page, venue) == [("cancelled", 1, "12:00", "14:00", "free")]


def test_a_hold_turns_and_turns_back_when_the_sweep_finds_it_lapsed(
    browser: Pages, frozen: FrozenDateTimeFactory
) -> None:
    venue = make_venue(units=1, unit_choice="guest", confirms_at_once=False)
    page = browser.of(venue)
    row = park(venue)
    assert told(page, venue) == [("created", 1, "12:00", "14:00", "taken")]
    assert row.hold_expires_at
    frozen.move_to(row.hold_expires_at + SECOND)
    sweeps.expire_holds()
    assert told(page, venue) == [("expired", 1, "12:00", "14:00", "free")]


def test_the_worker_completing_a_stale_stay_turns_its_spot(
    browser: Pages, frozen: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    venue = make_venue(records_arrival=False, records_departure=False, unit_choice="guest")
    venue.resources.update(name="105")
    page = browser.of(venue)
    row = park(venue, number=105)
    quiet(page, venue)
    frozen.move_to(END)
    with caplog.at_level(logging.INFO, logger="reservations.sweeps"):
        sweeps.complete_stays()
    assert f"Auto-released Spot #105 (Reservation ID {row.pk})" in caplog.messages
    assert told(page, venue) == [("completed", 105, "12:00", "14:00", "free")]


def test_a_no_shows_time_is_free_from_then_on(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    park(venue)
    quiet(page, venue)
    frozen.move_to(NOON + HOUR)
    sweeps.mark_no_shows()
    assert told(page, venue) == [
        ("missed", 1, "12:00", "13:00", "taken"),
        ("missed", 1, "13:00", "14:00", "free"),
    ]


def test_leaving_early_frees_the_rest(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = park(venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    quiet(page, venue)
    frozen.move_to(NOON + HOUR)
    actions.check_out(reservation_id=row.pk, by=DESK)
    assert told(page, venue) == [
        ("checked_out", 1, "12:00", "13:00", "taken"),
        ("checked_out", 1, "13:00", "14:00", "free"),
    ]


def test_leaving_late_frees_the_spot_from_then_on(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = park(venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    following = park(venue, NOON + 2 * HOUR)
    park(venue, NOON + 5 * HOUR)
    frozen.move_to(NOON + 2.5 * HOUR)
    quiet(page, venue)
    # Nobody has the time any more, but the first is still there.
    actions.cancel(reservation_id=following.pk, by=DESK)
    assert not [one for one in told(page, venue) if one[-1] == "free"]
    actions.check_out(reservation_id=row.pk, by=DESK)
    heard = [one for one in told(page, venue) if one[-1] == "free"]
    assert heard[0] == ("checked_out", 1, "14:30", "17:00", "free")


def test_coming_early_takes_the_time_before(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = park(venue)
    quiet(page, venue)
    frozen.move_to(NOON - 20 * MINUTE)
    actions.check_in(reservation_id=row.pk, by=DESK)
    assert told(page, venue) == [("checked_in", 1, "11:40", "14:00", "taken")]


def test_moving_tells_the_old_time_and_the_new(page: Page, venue: Venue) -> None:
    row = park(venue)
    quiet(page, venue)
    later = Change(times=Times(starts_at=NOON + HOUR))
    actions.modify(reservation_id=row.pk, change=later, by=DESK)
    heard = told(page, venue)
    assert ("modified", 1, "13:00", "15:00", "taken") in heard
    assert ("modified", 1, "12:00", "13:00", "free") in heard
    assert len(heard) == 2


def test_moving_to_another_unit_tells_both(page: Page, venue: Venue) -> None:
    row = park(venue)
    quiet(page, venue)
    actions.modify(reservation_id=row.pk, change=Change(resource=spot(venue, 2)), by=DESK)
    assert sorted(told(page, venue)) == [
        ("modified", 1, "12:00", "14:00", "free"),
        ("modified", 2, "12:00", "14:00", "taken"),
    ]


def test_a_stay_cut_short_frees_what_it_had(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = park(venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    quiet(page, venue)
    shorter = Change(times=Times(ends_at=NOON + HOUR))
    actions.modify(reservation_id=row.pk, change=shorter, by=DESK)
    assert sorted(told(page, venue)) == [
        ("modified", 1, "12:00", "13:00", "taken"),
        ("modified", 1, "13:00", "14:00", "free"),
    ]


def test_who_is_moved_during_the_stay_frees_the_first_unit(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = park(venue)
    frozen.move_to(NOON)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(NOON + HOUR)
    quiet(page, venue)
    actions.modify(reservation_id=row.pk, change=Change(resource=spot(venue, 2)), by=DESK)
    assert sorted(told(page, venue)) == [
        ("modified", 1, "12:00", "13:00", "taken"),
        ("modified", 1, "13:00", "14:00", "free"),
        ("modified", 2, "13:00", "14:00", "taken"),
    ]
    # Somebody else takes what was freed; no later word of the first says otherwise.
    park(venue, NOON + HOUR, hours=1)
    quiet(page, venue)
    frozen.move_to(NOON + 90 * MINUTE)
    actions.check_out(reservation_id=row.pk, by=DESK)
    assert ("checked_out", 2, "13:30", "14:00", "free") in (heard := told(page, venue))
    assert not [one for one in heard if one[1] == 1 and one[-1] == "free"]


def test_who_is_moved_along_leaves_one_unit_and_takes_the_other(browser: Pages) -> None:
    venue = make_venue(units=2)
    row = hold(venue)
    old = number_of(row)
    page = browser.of(venue)
    quiet(page, venue)
    seat(venue, {row: 3 - old})
    assert told(page, venue) == [
        ("reseated", 3 - old, "12:00", "14:00", "taken"),
        ("reseated", old, "12:00", "14:00", "free"),
    ]


def test_two_who_change_places_leave_no_unit_free(browser: Pages) -> None:
    venue = make_venue(units=2)
    rows = [hold(venue), hold(venue)]
    page = browser.of(venue)
    quiet(page, venue)
    seat(venue, {row: 3 - number_of(row) for row in rows})
    assert sorted(told(page, venue)) == [
        ("reseated", number, "12:00", "14:00", "taken") for number in (1, 2)
    ]


def number_of(row: Reservation) -> int:
    return int(row.allocations.get().resource.name)


def seat(venue: Venue, places: dict[Reservation, int]) -> None:
    """Move some along, all at once, as making room for somebody does."""
    with transaction.atomic():
        moves = {row.allocations.get().pk: spot(venue, number) for row, number in places.items()}
        ledger.move(moves, now=clock.now(), by=DESK)


def test_closures_are_told_and_so_is_their_end(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    units = [spot(venue, 1), spot(venue, 2)]
    window = Window(NOON, END)
    closure = closures.close(
        venue_id=venue.pk, resource_ids=units, window=window, reason="paint", by=DESK
    )
    assert told(page, venue) == [
        ("closure.made", number, "12:00", "14:00", "taken") for number in (1, 2)
    ]
    frozen.move_to(NOON + HOUR)
    closures.reopen(closure_id=closure, by=DESK)
    heard = told(page, venue)
    for number in (1, 2):
        assert ("closure.ended", number, "13:00", "14:00", "free") in heard


def test_a_closure_ended_before_it_began_frees_all_of_it(page: Page, venue: Venue) -> None:
    closure = closures.close(
        venue_id=venue.pk,
        resource_ids=[spot(venue)],
        window=Window(NOON, END),
        reason="",
        by=DESK,
    )
    quiet(page, venue)
    closures.reopen(closure_id=closure, by=DESK)
    assert ("closure.ended", 1, "12:00", "14:00", "free") in told(page, venue)


def test_what_changes_nobodys_time_is_not_told(
    page: Page, venue: Venue, administrator: Api
) -> None:
    administrator.patch(f"/parking/lots/{venue.slug}", {"name": "Other"})
    assert Event.objects.filter(name="lot.changed").exists()
    assert told(page, venue) == []


def test_two_drivers_at_one_instant_have_one_winner_and_both_their_pages_turn(
    browser: Pages, venue: Venue, driver: User
) -> None:
    drivers = [person(driver), person(UserFactory.create(phone="+31201234569"))]
    both = [browser.of(venue), browser.of(venue)]
    for number in range(15):
        start = (NOON + number * DAY).isoformat()
        body = {"spot_id": spot(venue), "start_time": start}
        assert answers_at_once(drivers, body) == [201, 409]
        outbox.dispatch()
        for page in both:
            heard = page.heard(venue)
            assert {one["state"] for one in heard} == {"taken"}
            assert {one["starts_at"][:10] for one in heard} == {start[:10]}


def answers_at_once(drivers: list[Api], body: dict[str, Any]) -> list[int]:
    """What they are answered who ask for the same at one instant."""
    callers = iter(drivers)
    return sorted(race(2, lambda: next(callers).post("/parking/reservations", body).status_code))


def test_a_late_word_does_not_say_free_of_what_somebody_else_has(
    browser: Pages, frozen: FrozenDateTimeFactory
) -> None:
    venue = make_venue(units=1, unit_choice="guest", confirms_at_once=False)
    page = browser.of(venue)
    first = park(venue)
    quiet(page, venue)
    assert first.hold_expires_at
    frozen.move_to(first.hold_expires_at)
    second = park(venue, NOON + HOUR, hours=1)
    # The second's word overtakes that of the first's lapse, unless both are read in one go.
    outbox.dispatch(list(second.events.values_list("pk", flat=True)))
    assert sorted(told(page, venue)) == [
        ("created", 1, "13:00", "14:00", "taken"),
        ("expired", 1, "12:00", "13:00", "free"),
    ]


def test_a_late_word_tells_how_it_is_now(page: Page, venue: Venue) -> None:
    row = park(venue)
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert told(page, venue) == [
        (name, 1, "12:00", "14:00", "free") for name in ("created", "confirmed", "cancelled")
    ]


def test_a_word_is_sent_only_once_the_dispatch_has_committed(
    page: Page, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard_before: list[Any] = []
    monkeypatch.setattr(
        outbox, "HANDLERS", (consumer.tell, lambda event: heard_before.extend(page.heard(venue)))
    )
    park(venue)
    assert len(told(page, venue)) == 2
    assert heard_before == []


def test_what_a_dispatch_takes_back_is_not_told_until_it_is_repeated(
    page: Page, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(event: Event) -> None:
        raise ValueError("cannot")

    monkeypatch.setattr(outbox, "HANDLERS", (consumer.tell, fail))
    park(venue)
    assert told(page, venue) == []
    monkeypatch.undo()
    assert len(told(page, venue)) == 2


def test_no_word_says_who(
    page: Page, venue: Venue, driver: User, frozen: FrozenDateTimeFactory
) -> None:
    caller = person(driver)
    body = {
        "spot_id": spot(venue),
        "start_time": NOON.isoformat(),
        "vehicle_plate": "AB-12-CD",
        "remarks": "by the door",
    }
    made = caller.post("/parking/reservations", body).json()
    frozen.move_to(NOON)
    for verb in ("occupy", "release"):
        assert caller.send("PUT", f"/parking/reservations/{made['id']}/{verb}").status_code == 200
    outbox.dispatch()
    messages = page.heard(venue)
    assert len(messages) >= 4
    fields = {"type", "event", "resource", "starts_at", "ends_at", "state", "at"}
    assert all(set(message) == fields for message in messages)
    said = json.dumps(messages)
    code = Reservation.objects.get().code
    for secret in (driver.email, driver.first_name, driver.phone, "AB-12-CD", "door", code):
        assert secret not in said


def test_every_page_of_the_venue_hears_and_no_other(browser: Pages, venue: Venue) -> None:
    elsewhere = make_venue()
    first, second, other = browser.of(venue), browser.of(venue), browser.of(elsewhere)
    park(venue)
    assert told(first, venue) == told(second, venue)
    assert len(second.heard(venue)) == 0
    assert other.heard(elsewhere) == []


def test_a_page_that_was_closed_costs_the_others_nothing(browser: Pages, venue: Venue) -> None:
    gone, stays = browser.of(venue), browser.of(venue)
    gone.close()
    park(venue)
    assert len(told(stays, venue)) == 2


@pytest.mark.parametrize(
    "text",
    ["hello", '{"type": "allocation", "state": "free"}', "{", "x" * 2_000_000, b"\x00\xff"],
    ids=["words", "a lie", "half", "a lot", "bytes"],
)
def test_what_a_page_says_is_not_heard(
    browser: Pages, page: Page, venue: Venue, text: str | bytes
) -> None:
    other = browser.of(venue)
    for _ in range(3):
        page.say(text)
    assert other.heard(venue) == []
    park(venue)
    assert len(told(page, venue)) == 2


def test_boards_that_cannot_be_told_stop_nothing(
    settings: Settings, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LIVE_REDIS_URL = NOBODY_THERE
    park(venue)
    count = Event.objects.count()
    with caplog.at_level(logging.WARNING, logger="api.live.consumer"):
        assert outbox.dispatch() == count
    assert not Event.objects.filter(dispatched_at=None).exists()
    assert caplog.messages[0].startswith("Boards were not told: Error ")


def test_nobody_listening_is_no_fault(venue: Venue) -> None:
    park(venue)
    assert outbox.dispatch() == Event.objects.count()


def test_many_words_come_in_order(page: Page, venue: Venue) -> None:
    for number in range(12):
        park(venue, NOON + number * DAY)
    outbox.dispatch()
    days = [message["starts_at"][8:10] for message in page.heard(venue)]
    assert days == sorted(days)
    assert len(days) == 24


def test_a_page_that_stays_open_for_days_still_hears(
    page: Page, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = park(venue, NOON + 10 * DAY)
    quiet(page, venue)
    frozen.tick(9 * DAY)
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert told(page, venue) == [("cancelled", 1, "12:00", "14:00", "free")]
