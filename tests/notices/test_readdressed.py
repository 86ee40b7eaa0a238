"""After a change of address the entry leaves the old calendar, and comes into the new one."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests.callers import for_user
from guests.credentials import letters as account_letters
from guests.models import User
from notices import sent, suppressions
from notices.models import Delivery
from reservations import actions
from reservations.models import Reservation
from reservations.requests import Change, Contact, Times
from tests.api.calling import partner, person
from tests.factories import DESK, NOON, make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, UserFactory
from tests.notices import letters
from tests.notices.letters import ADA, entry_of, told
from tests.web.browsing import form_of
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
OLD, NEW = "ada@example.com", "ada@example.org"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _time(clock: FrozenDateTimeFactory) -> None:
    """Time stands still in each of these."""


@pytest.fixture
def lot() -> Venue:
    return make_venue("parking", units=3)


def change(row: Reservation, **fields: object) -> None:
    actions.modify(reservation_id=row.pk, change=Change(**fields), by=DESK)  # type: ignore[arg-type]


def by_guest_with_the_code(row: Reservation) -> None:
    browser = Client()
    browser.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    path = f"/reservations/{row.code}/change/"
    form = form_of(browser.get(path), "version") | {"email": NEW}
    assert browser.post(path, form | {"look": "yes"}).status_code == 302


def by_the_desk(row: Reservation) -> None:
    browser = Client()
    browser.force_login(AdministratorFactory.create())
    path = f"/admin/reservations/reservation/{row.pk}/modify/"
    form = form_of(browser.get(path), "version") | {"email": NEW}
    assert browser.post(path, form).status_code == 302


def by_the_guest_of_the_api(row: Reservation) -> None:
    user = UserFactory.create(email="somebody@example.com")
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    answer = person(user).patch(f"/reservations/{row.pk}", {"email": NEW})
    assert answer.status_code == 200, answer.content


def by_the_partner(row: Reservation) -> None:
    agency = PartnerFactory.create(slug="agency", has_all_venues=True)
    Reservation.objects.filter(pk=row.pk).update(partner="agency")
    answer = partner(agency).patch(f"/reservations/{row.pk}", {"email": NEW})
    assert answer.status_code == 200, answer.content


def of_the_account(row: Reservation) -> None:
    user = User.objects.create_user(OLD, PASSWORD)
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    browser = Client()
    browser.force_login(user)
    path = "/me/data/address/"
    form = form_of(browser.get(path), "email") | {"email": NEW}
    form |= {name: PASSWORD for name in form if "password" in name}
    assert browser.post(path, form).status_code == 302
    account_letters.POST.submit(lambda: None).result()


def of_the_account_that_the_reservation_leaves_it_to(row: Reservation) -> None:
    Reservation.objects.filter(pk=row.pk).update(email="")
    of_the_account(row)


def of_the_account_by_an_administrator(row: Reservation) -> None:
    user = User.objects.create_user(OLD)
    Reservation.objects.filter(pk=row.pk).update(guest=user, email="")
    admin = AdministratorFactory.create()
    admin.set_password(PASSWORD)
    admin.save()
    browser = Client()
    browser.force_login(admin)
    path = f"/admin/guests/user/{user.pk}/change/"
    form = form_of(browser.get(path), "your_password")
    form |= {"email": NEW, "your_password": PASSWORD, "is_active": "on", "role": user.role}
    answer = browser.post(path, form)
    assert answer.status_code == 302, answer.context["errors"]
    account_letters.POST.submit(lambda: None).result()


@pytest.mark.parametrize(
    "act",
    [
        by_guest_with_the_code,
        by_the_desk,
        by_the_guest_of_the_api,
        by_the_partner,
        of_the_account,
        of_the_account_that_the_reservation_leaves_it_to,
        of_the_account_by_an_administrator,
    ],
)
def test_the_old_address_gets_a_cancel_and_the_new_one_a_request(
    lot: Venue, act: Callable[[Reservation], None]
) -> None:
    row = letters.hold(lot)
    (first,) = told()
    act(row)
    found = {
        str(letter["To"]): letter for letter in told() if "account" not in str(letter["Subject"])
    }
    assert set(found) == {OLD, NEW}
    entries = [entry_of(letter) for letter in (first, found[OLD], found[NEW])]
    assert [entry[0] for entry in entries if entry] == ["REQUEST", "CANCEL", "REQUEST"]
    events = [entry[1] for entry in entries if entry]
    assert {str(event["UID"]) for event in events} == {f"{row.code}@holdfast"}
    assert events[1]["SEQUENCE"] > events[0]["SEQUENCE"]
    assert events[2]["SEQUENCE"] == Reservation.objects.get(pk=row.pk).version
    assert str(events[1]["ATTENDEE"]) == f"mailto:{OLD}"
    assert "CN" not in events[1]["ATTENDEE"].params
    assert events[1]["STATUS"] == "CANCELLED"
    assert str(events[2]["ATTENDEE"]) == f"mailto:{NEW}"
    assert told() == []


def test_the_old_address_learns_nothing_new(lot: Venue) -> None:
    """Name, number, address and time change with it: the old one is told of none."""
    row = letters.hold(lot)
    told()
    later = Times(starts_at=NOON + 3 * HOUR, ends_at=NOON + 5 * HOUR)
    details: dict[str, str | bool] = {
        "email": NEW, "first_name": "Grace", "last_name": "Hopper", "phone": "+31205550000",
    }  # fmt: skip
    change(row, times=later, details=details)
    change(row, times=Times(starts_at=NOON + 6 * HOUR, ends_at=NOON + 8 * HOUR))
    by_receiver = {str(letter["To"]): letter for letter in told()}
    assert set(by_receiver) == {OLD, NEW}
    old = by_receiver[OLD]
    entry = entry_of(old)
    assert entry is not None
    assert (entry[1]["DTSTART"].dt, entry[1]["DTEND"].dt) == (NOON, NOON + 2 * HOUR)
    whole = old.as_string() + "".join(
        str(part.get_content()) for part in letters.parts(old).values()
    )
    for word in ("Grace", "Hopper", "5550000", NEW, "15:00", "18:00", "150000"):
        assert word not in whole
    new = by_receiver[NEW]
    assert new["Subject"].startswith("Confirmed")
    assert "18:00" in letters.text_of(new)


def test_an_address_that_got_no_letter_gets_none(lot: Venue) -> None:
    row = letters.hold(lot)
    change(row, details={"email": NEW})
    assert [str(letter["To"]) for letter in told()] == [NEW]
    change(row, details={"email": ""})
    found = told()
    assert [(str(one["To"]), entry[0]) for one in found if (entry := entry_of(one))] == [
        (NEW, "CANCEL")
    ]


def test_letters_of_long_ago_are_known_no_more_and_taken_back_all_the_same(
    lot: Venue, settings: Settings, clock: FrozenDateTimeFactory
) -> None:
    settings.DELIVERIES_KEPT = timedelta(days=1)
    row = letters.hold(lot)
    told()
    Delivery.objects.all().delete()
    clock.tick(timedelta(days=1))
    change(row, details={"email": NEW})
    assert {str(letter["To"]) for letter in told()} == {OLD, NEW}


def test_an_address_that_comes_back_stays_in_its_calendar(lot: Venue) -> None:
    row = letters.hold(lot)
    told()
    change(row, details={"email": NEW})
    change(row, details={"email": OLD})
    (letter,) = told()
    assert letter["To"] == OLD
    entry = entry_of(letter)
    assert entry is not None and entry[0] == "REQUEST"


def test_an_address_that_refuses_letters_gets_none(lot: Venue) -> None:
    row = letters.hold(lot)
    told()
    suppressions.suppress("mail", OLD, reason="550 unknown")
    change(row, details={"email": NEW})
    assert [str(letter["To"]) for letter in told()] == [NEW]


def test_capitals_make_no_other_address(lot: Venue) -> None:
    row = letters.hold(lot)
    told()
    Reservation.objects.filter(pk=row.pk).update(email="Ada@Example.com")
    change(row, details={"email": OLD})
    assert told() == []


def test_a_text_and_the_venue_are_told_nothing_of_it(lot: Venue, settings: Settings) -> None:
    settings.SMS_TO_FILES, settings.SMS = True, None
    Venue.objects.filter(pk=lot.pk).update(email="desk@example.com", receives_notices=True)
    row = letters.hold(lot, contact=Contact(**{
        **{name: getattr(ADA, name) for name in ADA.__slots__},
        "receive_text_notification": True,
    }))  # fmt: skip
    told()
    seen = set(Delivery.objects.values_list("pk", flat=True))
    change(row, details={"email": NEW})
    told()
    new = Delivery.objects.exclude(pk__in=seen)
    assert {(one.channel, one.to) for one in new} == {("mail", OLD), ("mail", NEW)}


def test_a_stay_that_is_over_is_left_alone(lot: Venue, clock: FrozenDateTimeFactory) -> None:
    row = letters.hold(lot)
    told()
    clock.move_to(row.ends_at + HOUR)
    change(row, details={"email": NEW})
    assert told() == []


def test_sent_again_it_goes_to_the_old_address(lot: Venue) -> None:
    row = letters.hold(lot)
    told()
    change(row, details={"email": NEW})
    told()
    assert sent.send_again(Delivery.objects.get(kind="reservation.readdressed"))
    (letter,) = told()
    assert letter["To"] == OLD


def test_another_reservation_of_the_account_keeps_its_own_address(lot: Venue) -> None:
    user = UserFactory.create(email=OLD)
    own = letters.hold(lot, by=for_user(user), contact=Contact(
        first_name="Bob", last_name="B", phone="+31201234567", email="bob@example.com"
    ))  # fmt: skip
    told()
    of_the_account_named(user)
    assert told() == []
    assert Reservation.objects.get(pk=own.pk).version == own.version


def of_the_account_named(user: User) -> None:
    user.set_password(PASSWORD)
    user.save()
    browser = Client()
    browser.force_login(user)
    form = form_of(browser.get("/me/data/address/"), "email") | {"email": NEW}
    form |= {name: PASSWORD for name in form if "password" in name}
    assert browser.post("/me/data/address/", form).status_code == 302
    account_letters.POST.submit(lambda: None).result()
    mail.outbox.clear()
