"""Confirm, change and cancel over HTTP, by each who can: three letters with one calendar entry."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import NamedTuple

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from notices.models import Delivery
from notices.scheduled import reminders
from reservations.models import Reservation
from tests.api.calling import Api, partner, person, sitting
from tests.factories import NOON, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from tests.notices.letters import entry_of, told
from tests.web.browsing import book, buttons, form_of
from venues.models import Reminder, Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
EMAIL = "ada@example.com"
MAIL = {"email": EMAIL}
NO_MAIL = {"email": EMAIL, "receive_email_updates": False}


@pytest.fixture(autouse=True)
def frozen(clock: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    return clock


@pytest.fixture
def venue() -> Venue:
    venue = make_venue("restaurant", units=3, horizon=None, state_change_rate="9/s")
    Reminder.objects.create(venue=venue, before=3 * HOUR)
    return venue


class Walk(NamedTuple):
    """What somebody does with a reservation, each by a request."""

    hold: Callable[[bool], Reservation]
    confirm: Callable[[Reservation], object]
    change: Callable[[Reservation], object]
    cancel: Callable[[Reservation], object]


def _by_api(caller: Api, venue: Venue) -> Walk:
    def made(wants_mail: bool) -> Reservation:
        answer = caller.post("/reservations", sitting(venue, **(MAIL if wants_mail else NO_MAIL)))
        assert answer.status_code == 201, answer.content
        return Reservation.objects.get(pk=answer.json()["id"])

    def ok(answer: object) -> None:
        assert getattr(answer, "status_code", 0) == 200, getattr(answer, "content", b"")

    later = {"starts_at": "2027-03-01T15:00:00Z", "ends_at": "2027-03-01T17:00:00Z"}
    return Walk(
        hold=made,
        confirm=lambda row: ok(caller.post(f"/reservations/{row.pk}/confirm")),
        change=lambda row: ok(caller.patch(f"/reservations/{row.pk}", later)),
        cancel=lambda row: ok(caller.post(f"/reservations/{row.pk}/cancel")),
    )


def guest_by_api(venue: Venue) -> Walk:
    return _by_api(person(UserFactory.create()), venue)


def partner_by_key(venue: Venue) -> Walk:
    return _by_api(partner(PartnerFactory.create(venues=[venue])), venue)


def guest_on_the_pages(venue: Venue) -> Walk:
    browser = Client()

    def made(wants_mail: bool) -> Reservation:
        wish = {"email": EMAIL, "receive_email_updates": "on" if wants_mail else ""}
        return book(browser, venue, **wish)

    def change(row: Reservation) -> None:
        path = f"/reservations/{row.code}/change/"
        form = form_of(browser.get(path), "version") | {"from_time": "15:00"}
        review = browser.post(path, form | {"look": "yes"})
        (button,) = buttons(review, "save")
        fee = form_of(review, "version").get("fee_shown", "0")
        done = browser.post(path, form | {"save": button, "fee_shown": fee})
        assert done.status_code == 302, done.content

    return Walk(
        hold=made,
        confirm=lambda row: browser.post(f"/reservations/{row.code}/confirm/"),
        change=change,
        cancel=lambda row: browser.post(f"/reservations/{row.code}/cancel/"),
    )


def clerk_at_the_desk(venue: Venue) -> Walk:
    browser, page = Client(), "/admin/reservations/reservation/"
    browser.force_login(StaffFactory.create(staff_venues=[venue]))

    def made(wants_mail: bool) -> Reservation:
        form = form_of(browser.get(f"{page}add/?venue={venue.pk}"), "once") | {
            "starts_at": "2027-03-01T12:00", "first_name": "Ada", "last_name": "Lovelace",
            "phone": "+31201234567", "email": EMAIL, "guest_count": "2",
        }  # fmt: skip
        if not wants_mail:
            del form["receive_email_updates"]
        assert browser.post(f"{page}add/?venue={venue.pk}", form).status_code == 302
        return Reservation.objects.get()

    def press(row: Reservation, verb: str) -> None:
        assert browser.post(f"{page}{row.pk}/{verb}/").status_code == 302

    def change(row: Reservation) -> None:
        form = form_of(browser.get(f"{page}{row.pk}/modify/"), "version")
        form |= {"starts_at": "2027-03-01T15:00", "ends_at": "2027-03-01T17:00", "category": ""}
        assert browser.post(f"{page}{row.pk}/modify/", form).status_code == 302

    return Walk(
        hold=made,
        confirm=lambda row: press(row, "confirm"),
        change=change,
        cancel=lambda row: press(row, "cancel"),
    )


WALKS = [guest_by_api, partner_by_key, guest_on_the_pages, clerk_at_the_desk]


@pytest.mark.parametrize("who", WALKS)
@pytest.mark.parametrize("wants_mail", [True, False], ids=["wants mail", "wants none"])
def test_three_letters_with_one_entry(
    venue: Venue, frozen: FrozenDateTimeFactory, who: Callable[[Venue], Walk], wants_mail: bool
) -> None:
    walk = who(venue)
    row = walk.hold(wants_mail)
    assert row.receive_email_updates is wants_mail
    assert told() == []
    steps = _walked(walk, row)
    kinds, methods, sequences = [], [], []
    for letter in steps:
        assert letter["To"] == EMAIL
        kinds.append(str(letter["Subject"]).split(":")[0])
        (mixed,) = [part for part in letter.walk() if part.get_content_type() == "multipart/mixed"]
        body, attached = mixed.iter_parts()
        assert body.get_content_type() == "multipart/alternative"
        alternatives = [part.get_content_type() for part in body.iter_parts()]
        assert alternatives == ["text/plain", "text/html", "text/calendar"]
        assert attached.get_filename() == "invite.ics"
        entry = entry_of(letter)
        assert entry is not None
        methods.append(entry[0])
        sequences.append(int(entry[1]["SEQUENCE"]))
        assert str(entry[1]["UID"]) == f"{row.code}@holdfast"
    assert kinds == ["Confirmed", "Changed", "Cancelled"]
    assert methods == ["REQUEST", "REQUEST", "CANCEL"]
    assert sequences == sorted(set(sequences))
    assert sequences[-1] == Reservation.objects.get(pk=row.pk).version


def _walked(walk: Walk, row: Reservation) -> Iterator[EmailMessage]:
    for step in (walk.confirm, walk.change, walk.cancel):
        step(row)
        (letter,) = told()
        yield letter


@pytest.mark.parametrize("who", WALKS)
@pytest.mark.parametrize("wants_mail", [True, False], ids=["wants mail", "wants none"])
def test_the_reminder_asks_what_the_guest_wants(
    venue: Venue, frozen: FrozenDateTimeFactory, who: Callable[[Venue], Walk], wants_mail: bool
) -> None:
    walk = who(venue)
    row = walk.hold(wants_mail)
    walk.confirm(row)
    assert len(told()) == 1
    frozen.move_to(NOON - 3 * HOUR)
    assert reminders.sweep() == int(wants_mail)
    assert len(told()) == int(wants_mail)
    assert Delivery.objects.filter(kind="reminder").count() == int(wants_mail)
