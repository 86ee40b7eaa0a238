"""Administrators see who viewed personal data, and erase a person after a look at what there is."""

import csv
import io

import pytest
from django.contrib import admin
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations.models import AccessRecord, Reservation
from reservations.privacy import access_log
from reservations.requests import Contact
from tests.admin.browsing import address, text_of
from tests.factories import hold
from tests.guests.factories import UserFactory
from tests.reservations.facts import DAY
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LOG, FILE, ERASE = "/admin/privacy/log/", "/admin/privacy/log.csv", "/admin/privacy/erase/"
ADA = Contact(first_name="Ada", last_name="Lovelace", phone="+31201234567", email="ada@example.com")


def recorded() -> list[tuple[str, str, int | None, int | None]]:
    names = ("place", "why", "reservation_id", "user_id")
    return list(AccessRecord.objects.order_by("pk").values_list(*names))


def read(answer: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(answer))))


@pytest.mark.parametrize("page", [LOG, FILE, ERASE])
def test_only_administrators_may(desk: Client, boss: Client, page: str) -> None:
    assert desk.get(page).status_code == 403
    assert Client().get(page).status_code == 302
    assert boss.get(page).status_code == 200


def test_pages_that_show_guests_are_recorded(desk: Client, venue: Venue, clerk: User) -> None:
    row = hold(venue, contact=ADA)
    list_page = "/admin/reservations/reservation/"
    pages = {
        "/admin/today/?day=2027-03-01": ("desk:today", "search"),
        "/admin/timeline/?day=2027-03-01": ("desk:timeline", "search"),
        list_page: ("desk:reservations", "search"),
        address("change", row): ("desk:reservation", "open"),
        address("modify", row): ("desk:form", "open"),
        address("cancel", row): ("desk:cancel", "open"),
    }
    for page, expected in pages.items():
        AccessRecord.objects.all().delete()
        assert desk.get(page).status_code == 200
        assert recorded() == [(*expected, row.pk, None)], page
        assert AccessRecord.objects.get().reader == f"user:{clerk.pk}"


def test_a_page_without_a_guest_is_not_recorded(desk: Client, venue: Venue) -> None:
    for page in ("/admin/today/", "/admin/timeline/", "/admin/charts/", "/admin/"):
        assert desk.get(page).status_code == 200
    assert recorded() == []


def test_who_looks_at_people_is_recorded(boss: Client, clerk: User) -> None:
    boss.get(f"/admin/guests/user/{clerk.pk}/change/")
    assert recorded() == [("desk:people", "open", None, clerk.pk)]
    boss.get("/admin/guests/user/?q=desk@")
    assert recorded()[1:] == [("desk:people", "search", None, clerk.pk)]


def test_the_log_is_searched_by_reader_person_and_day(
    desk: Client, boss: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    ada = hold(venue, contact=ADA)
    bob = hold(venue, contact=Contact(first_name="Bob", last_name="B", phone="+31201234568"))
    desk.get(address("change", ada))
    frozen.tick(DAY)
    boss.get(address("change", bob))
    day = AccessRecord.objects.earliest("pk").at.date().isoformat()
    for query, codes in (
        ("", [bob.code, ada.code]),
        ("reader=DESK@example.com", [ada.code]),
        ("person=Ada@example.com", [ada.code]),
        (f"person={bob.code.lower()}", [bob.code]),
        ("person=%2B31201234568", [bob.code]),
        (f"day={day}", [ada.code]),
        ("person=nobody@example.com", []),
        ("day=nonsense", []),
    ):
        rows = read(boss.get(f"{FILE}?{query}"))
        assert [row["reservation"] for row in rows] == codes, query
        page = text_of(boss.get(f"{LOG}?{query}"))
        assert [code for code in (bob.code, ada.code) if code in page] == codes, query
    assert (rows := read(boss.get(FILE)))[1]["reader"] == "desk@example.com"
    assert rows[1]["venue"] == "Bistro"


def test_older_records_are_on_further_pages(boss: Client) -> None:
    for pk in range(1_001, 1_103):
        access_log.record("partner:x", "partner", place="p", why=access_log.OPEN, user_ids=[pk])
    page = boss.get(LOG)
    assert len(page.context["rows"]) == 100
    older = boss.get(f"{LOG}?before={page.context['older']}")
    assert [row["account"] for row in older.context["rows"]] == ["1002", "1001"]


def test_the_file_escapes_what_somebody_was_called(boss: Client) -> None:
    user = UserFactory.create(email="=cmd@example.com")
    access_log.record("user:0", "staff", place="p", why=access_log.OPEN, user_ids=[user.pk])
    assert read(boss.get(FILE))[0]["account"] == "\t=cmd@example.com"


def test_nobody_can_change_or_delete_the_log(boss: Client, clerk: User) -> None:
    access_log.record("user:1", "staff", place="p", why=access_log.OPEN, user_ids=[7])
    assert not admin.site.is_registered(AccessRecord)
    assert AccessRecord._meta.default_permissions == ("view",)
    for page in (LOG, FILE):
        assert boss.post(page).status_code == 405
    assert boss.get("/admin/reservations/accessrecord/").status_code == 404
    assert len(recorded()) == 1


def test_a_person_is_shown_before_they_are_erased(boss: Client, venue: Venue) -> None:
    row = hold(venue, contact=ADA)
    user = UserFactory.create(email="ada@example.com")
    page = text_of(boss.post(ERASE, {"email": "Ada@Example.com"}))
    assert row.code in page and "Reservations: 1" in page and "Accounts: 1" in page
    row.refresh_from_db()
    assert row.first_name == "Ada"
    assert recorded() == [
        ("desk:erase", "search", row.pk, None),
        ("desk:erase", "search", None, user.pk),
    ]


def test_a_person_is_erased_by_address_and_phone(
    boss: Client, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    by_phone = hold(venue, contact=Contact(first_name="A", last_name="L", phone="+31201234567"))
    mine = Contact(first_name="A", last_name="L", phone="+31201234568", email="ada@example.com")
    by_mail = hold(venue, contact=mine)

    UserFactory.create(email="ada@example.com")
    form = {"email": "ada@example.com", "phone": "+31 20 123 4567", "sure": "on"}
    with caplog.at_level("INFO", logger="audit"):
        page = text_of(boss.post(ERASE, form))
    assert "Reservations: 2" in page
    rows = Reservation.objects.filter(pk__in=[by_phone.pk, by_mail.pk])
    assert {row.first_name for row in rows} == {"Erased"}
    assert not User.objects.filter(email="ada@example.com").exists()
    (line,) = [record for record in caplog.records if record.name == "audit"]
    assert vars(line)["counts"]["reservations"] == 2
    assert "ada" not in str(vars(line)["counts"])


def test_an_open_stay_is_told_and_nothing_is_erased(
    boss: Client, venue: Venue, frozen: FrozenDateTimeFactory
) -> None:
    row = hold(venue, contact=ADA)
    came = row.starts_at - DAY
    Reservation.objects.filter(pk=row.pk).update(confirmed_at=came, checked_in_at=came)
    page = text_of(boss.post(ERASE, {"email": "ada@example.com", "sure": "on"}))
    assert "stay has not ended" in page
    row.refresh_from_db()
    assert row.first_name == "Ada"


@pytest.mark.parametrize("form", [{}, {"email": "x"}, {"phone": "1"}])
def test_who_is_not_named_is_not_looked_for(boss: Client, form: dict[str, str]) -> None:
    assert boss.post(ERASE, {**form, "sure": "on"}).context["form"].errors
