"""A new kind of venue is one row: co-working desks walk the whole product, selling any mode."""

import logging
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from freezegun.api import FrozenDateTimeFactory

from api import openapi
from guests.models import User
from reservations import sweeps
from reservations.models import Reservation
from reservations.rules import modes
from tests.admin.browsing import browser_of
from tests.admin.test_walk_in import let_in
from tests.api.calling import CONTACT, Api, faults, person
from tests.factories import NOON, add_category, add_hours
from tests.guests.factories import AdministratorFactory
from tests.web.browsing import ADA, form_of, text
from venues import kinds, presets
from venues.hours import Window
from venues.kinds import Kind, Mode
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

HOUR = timedelta(hours=1)


@pytest.fixture(params=list(Mode))
def row(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kind:
    """The row of a kind that the product does not have; the words happen to be translated."""
    made = Kind(
        code="coworking",
        name=_("Places"),
        unit_word=_("Seat"),
        mode=request.param,
        policy={
            "horizon": timedelta(days=60),
            "slot_length": HOUR,
            "confirms_at_once": True,
            "records_arrival": False,
            "records_departure": False,
        },
        sweep_line="Auto-released Seat #%s (Reservation ID %s)",
        usual_party=3,
    )
    monkeypatch.setitem(kinds.ROWS, made.code, made)
    return made


@pytest.fixture
def office(row: Kind, boss: User) -> Venue:
    """Made over the API, in UTC, with two seats for four."""
    answer = person(boss).post("/venues", {"name": "Office", "kind": row.code, "city": "Delft"})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["slug"], made["kind"], made["mode"]) == ("office", row.code, row.mode)
    venue = Venue.objects.get(slug="office")
    venue.full_clean()
    category = add_category(venue, units=2)
    Rate.objects.create(venue=venue, category=category, unit="flat", amount_minor=1_000)
    if row.mode is not Mode.NIGHT:
        add_hours(venue, time(9), time(17))
    return venue


@pytest.fixture
def boss(db: None) -> User:
    return AdministratorFactory.create()


def body(venue: Venue) -> dict[str, str]:
    """The fields of an hour from NOON, or of the night, as documents and forms carry them."""
    window = Window(NOON, NOON + HOUR)
    if modes.sells_nights(venue):
        window = modes.stay(venue, date(2027, 3, 1), date(2027, 3, 2))
    told = modes.fields(venue, window)
    return {name: at.isoformat().replace("+00:00", "Z") for name, at in told.items()}


def book(api: Api, venue: Venue) -> Reservation:
    sent = {"venue": venue.slug, "guest_count": 2, **body(venue), **CONTACT}
    answer = api.post("/reservations", sent)
    assert answer.status_code == 201, answer.content
    return Reservation.objects.get(code=answer.json()["code"])


def test_its_policy_is_that_of_its_row(office: Venue) -> None:
    assert office.policy.horizon == timedelta(days=60)
    assert not office.policy.records_departure


def test_it_is_booked_over_the_api_and_read_back(office: Venue, guest: Api) -> None:
    row = book(guest, office)
    told = guest.get(f"/reservations/{row.pk}").json()
    assert told["status"] == "upcoming"
    assert told["starts_at"] == f"{row.starts_at:%Y-%m-%dT%H:%M:%SZ}"


def test_it_is_booked_on_its_page_and_shown_on_the_reservations(
    office: Venue, client: Client
) -> None:
    assert client.get("/venues/office/").status_code == 200
    query = {**body(office), "category": "standard", "guests": "2"}
    page = client.get("/venues/office/book/", query)
    assert page.status_code == 200 and "<dt>Seat</dt>" in text(page)
    form = form_of(page, "once")
    assert "occasion" in form and "vehicle_plate" not in form
    answer = client.post("/venues/office/book/", form | ADA)
    row = Reservation.objects.get()
    assert answer.status_code == 302 and row.code in answer["Location"]
    page = client.get(f"/reservations/{row.code}/")
    assert page.status_code == 200 and "<dt>Seat</dt>" in text(page)
    assert client.get(f"/reservations/{row.code}/change/").status_code == 200


def test_the_sweep_completes_it_and_logs_its_line(
    office: Venue,
    guest: Api,
    clock: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:
    row = book(guest, office)
    clock.move_to(row.ends_at)
    with (
        caplog.at_level(logging.INFO, "reservations.sweeps"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert sweeps.complete_stays() == 1
    unit = row.allocations.get().resource.name
    assert caplog.messages == [f"Auto-released Seat #{unit} (Reservation ID {row.pk})"]


def test_search_finds_it_by_its_kind_with_open_slots_for_its_usual_party(
    office: Venue, guest: Api
) -> None:
    category = add_category(office, "small", capacity=2)
    Rate.objects.create(venue=office, category=category, unit="flat", amount_minor=1)
    found = guest.get("/venues", {"kind": "coworking", "date": "2027-03-01"}).json()["items"]
    assert [one["slug"] for one in found] == ["office"]
    # The small one is cheaper, and seats two where the usual party is three.
    assert {slot["category"] for slot in found[0]["open_slots"]} == {"standard"}
    assert guest.get("/venues", {"kind": "hotel"}).json()["items"] == []


def test_the_home_page_filters_and_names_it_in_the_readers_language(
    office: Venue, client: Client
) -> None:
    page = text(client.get("/", {"kind": "coworking"}))
    assert "Office" in page and '<option value="coworking" selected>Places</option>' in page
    assert 'class="kind kind-coworking"' in page
    with translation.override("nl"):
        assert str(kinds.named("coworking").name) == "Plekken"
    page = text(client.get("/", {"kind": "coworking"}, headers={"accept-language": "nl"}))
    assert '<option value="coworking" selected>Plekken</option>' in page


@pytest.mark.parametrize("page", ["today", "timeline", "walk-in"])
def test_the_desk_shows_it(office: Venue, guest: Api, boss: User, page: str) -> None:
    book(guest, office)
    asked = {"venue": str(office.pk), "day": "2027-03-01"}
    assert browser_of(boss).get(f"/admin/{page}/", asked).status_code == 200


def test_the_desk_lets_somebody_in(office: Venue, boss: User, clock: FrozenDateTimeFactory) -> None:
    clock.move_to(NOON)
    let_in(browser_of(boss), office, last_name="Byron")
    assert Reservation.objects.get().last_name == "Byron"


@pytest.mark.parametrize("path", ["change", "modify"])
def test_the_desk_opens_its_reservation(office: Venue, guest: Api, boss: User, path: str) -> None:
    row = book(guest, office)
    browser = browser_of(boss)
    assert browser.get(f"/admin/reservations/reservation/{row.pk}/{path}/").status_code == 200
    assert browser.get(f"/admin/venues/venue/{office.pk}/change/").status_code == 200


@pytest.fixture
def fresh_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API's document is made once a process: here for this row alone, and not for others."""
    monkeypatch.setattr(openapi, "_document", openapi._document.__wrapped__)


@pytest.mark.usefixtures("row", "fresh_document")
def test_the_api_documents_it(guest: Api) -> None:
    shown = guest.get("/openapi.json").json()["components"]["schemas"]["VenueIn"]
    assert shown["properties"]["kind"]["enum"] == [*kinds.codes()]
    assert "coworking" in kinds.codes()


def test_without_a_row_the_api_refuses_a_kind(administrator: Api) -> None:
    answer = administrator.post("/venues", {"name": "Office", "kind": "coworking"})
    assert faults(answer) == {
        "kind": "Input should be 'hotel', 'restaurant', 'parking' or 'practice'"
    }


def test_a_venue_whose_row_only_newer_processes_have_is_shown_plainly(
    client: Client, guest: Api, driver: User
) -> None:
    office = presets.create_venue(slug="office", name="Office", kind="hotel")
    Venue.objects.filter(pk=office.pk).update(kind="coworking")
    add_category(office)
    office.refresh_from_db()
    row = book(guest, office)
    assert client.get("/venues/office/").status_code == 200
    client.force_login(driver)
    page = client.get(f"/reservations/{row.code}/")
    assert page.status_code == 200 and "<dt>Place</dt>" in text(page)
