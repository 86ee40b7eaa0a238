"""Documents on the wire, on guests' pages and at the desk: asked for, read, and taken back."""

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from payments.documents import pdf
from payments.models import Document
from reservations import actions
from reservations.models import Reservation
from tests.admin.browsing import address, browser_of, text_of
from tests.api.calling import Api, person, problem
from tests.factories import DESK, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.reservations.facts import DAY
from venues.models import Venue

pytestmark = pytest.mark.django_db

TEN = {"amount": "10.00", "currency": "EUR"}
CASH = {"method": "cash", "amount": TEN}


@pytest.fixture
def venue(clock: FrozenDateTimeFactory) -> Venue:
    return make_venue("restaurant", confirms_at_once=True, units=5)


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def row(venue: Venue, owner: User, clock: FrozenDateTimeFactory) -> Reservation:
    row = hold(venue, clock().astimezone(venue.zone) + 20 * DAY)
    Reservation.objects.filter(pk=row.pk).update(guest=owner)
    return row


@pytest.fixture
def boss(venue: Venue) -> User:
    found: User = StaffFactory.create(staff_venues=[venue])
    return found


def test_an_invoice_is_asked_for_read_and_taken_back(
    row: Reservation, owner: User, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, desk = person(owner), person(boss)
    path = f"/reservations/{row.pk}/documents"
    problem(guest.post(path, {}), 409, "invoice_too_early")
    desk.post(f"/reservations/{row.pk}/payments", CASH)
    made = guest.post(path, {})
    assert made.status_code == 201, made.content
    assert guest.post(path, {}).status_code == 200
    told = made.json()
    assert (told["kind"], told["total"], told["credited_by"]) == ("invoice", TEN, None)
    kinds = [one["kind"] for one in guest.get(path).json()["items"]]
    assert kinds == ["receipt", "invoice"]
    page = guest.send("GET", f"/documents/{told['number']}")
    assert page["Content-Type"].startswith("text/html") and told["number"] in page.content.decode()
    monkeypatch.setattr(pdf, "is_installed", lambda: False)
    refused = guest.send("GET", f"/documents/{told['number']}", Accept="application/pdf")
    problem(refused, 406, "not_acceptable")
    problem(guest.post(f"/documents/{told['number']}/credit", {}), 403, "forbidden")
    credit = desk.post(f"/documents/{told['number']}/credit", {})
    assert credit.status_code == 201 and credit.json()["credit_of"] == told["number"]
    problem(person(UserFactory.create()).get(f"/documents/{told['number']}"), 404, "not_found")


def test_a_guest_asks_for_one_invoice_however_often_by_api_and_page(
    row: Reservation, owner: User, boss: User, client: Client
) -> None:
    guest, path = person(owner), f"/reservations/{row.pk}/documents"
    person(boss).post(f"/reservations/{row.pk}/payments", CASH)
    first = guest.post(path, {}).json()["number"]
    for name in ("Engines Ltd", "Bob", "Engines Ltd"):
        told = problem(guest.post(path, {"recipient": {"name": name}}), 409, "already_invoiced")
        assert told["number"] == first
    row.refresh_from_db()
    actions.adjust_price(reservation_id=row.pk, by=DESK, amount_minor=700, reason="x")
    problem(guest.post(path, {}), 409, "already_invoiced")
    client.force_login(owner)
    page = client.post(f"/reservations/{row.code}/invoice/", headers={"Accept-Language": "nl"})
    assert page.status_code == 409 and f"Factuur {first} is er al" in page.content.decode()
    assert list(Document.objects.values_list("kind", flat=True)) == ["receipt", "invoice"]
    # The desk has another one issued, on its own page, once.
    browser, sent = browser_of(boss), {"recipient_name": "Engines Ltd", "recipient_address": ""}
    for _ in range(3):
        browser.post(address("invoice", row), sent)
    kinds = list(Document.objects.values_list("kind", flat=True))
    assert kinds == ["receipt", "invoice", "credit_note", "invoice"]


def test_guests_find_their_documents_on_their_pages(
    row: Reservation, owner: User, boss: User, client: Client
) -> None:
    Api.post(person(boss), f"/reservations/{row.pk}/payments", CASH)
    client.force_login(owner)
    page = client.get(f"/reservations/{row.code}/").content.decode()
    assert "Ask for the invoice" in page
    assert client.post(f"/reservations/{row.code}/invoice/").status_code == 302
    page = client.get(f"/reservations/{row.code}/").content.decode()
    listed = client.get("/me/reservations/").content.decode()
    for document in Document.objects.all():
        link = f'href="/documents/{document.number}/"'
        assert link in page and link in listed
        assert client.get(f"/documents/{document.number}/").status_code == 200
        assert Client().get(f"/documents/{document.number}/").status_code == 302
    assert "Ask for the invoice" not in page


def test_the_desk_issues_shows_and_takes_back(row: Reservation, boss: User) -> None:
    browser = browser_of(boss)
    assert "Issue the invoice" in text_of(browser.get(address("change", row)))
    sent = {"recipient_name": "Engines Ltd", "recipient_address": "Quay 1"}
    assert "is issued" in text_of(browser.post(address("invoice", row), sent, follow=True))
    document = Document.objects.get()
    shown = browser.get(f"/admin/documents/{document.number}/")
    assert "Engines Ltd" in shown.content.decode()
    credit = f"/admin/documents/{document.number}/credit/"
    assert document.number in text_of(browser.get(credit))
    assert "Credit note" in text_of(browser.post(credit, follow=True))
    assert Document.objects.count() == 2
