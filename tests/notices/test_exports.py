"""Exports: started once, written part after part, for their owner alone, and deleted."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import tasks
from guests import callers
from guests.models import User
from notices.channels import Result
from notices.exports import columns, files, jobs, selection
from notices.mail import composers
from notices.mail.composers import Letter
from notices.models import Delivery, Export
from notices.tasks import write_exports
from reservations import actions
from reservations.models import AccessRecord, Reservation
from reservations.privacy import erasure, subjects
from reservations.requests import Contact
from tests.api.calling import person
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import AdministratorFactory, StaffFactory, UserFactory
from tests.reservations.facts import DAY, HOUR
from venues.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen", "folder")]

PHONE = "+31201234567"
ADA = Contact(first_name="Ada", last_name="=Byron", phone=PHONE, email="ada@example.com")


@pytest.fixture
def frozen() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOON - DAY, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    kept = settings.STORAGES
    options = kept["exports"]["OPTIONS"] | {"location": str(tmp_path / "exports")}
    settings.STORAGES = {**kept, "exports": {**kept["exports"], "OPTIONS": options}}
    return tmp_path / "exports"


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def lot() -> Venue:
    return make_venue("parking", units=30, unit_choice="guest")


def park(user: User, lot: Venue, number: int = 1, **fields: Any) -> Reservation:
    for_them = callers.for_user(user)
    start = NOON + timedelta(days=number % 28)
    unit = lot.resources.order_by("pk")[number % 30]
    return hold(lot, start, by=for_them, contact=ADA, resource=unit.pk, **fields)


def parked(user: User, lot: Venue, count: int) -> list[Reservation]:
    """Many at once, as the engine would have made them."""
    row = park(user, lot)
    rows = []
    for number in range(count - 1):
        copy = Reservation.objects.get(pk=row.pk)
        copy.pk, copy.code, copy.starts_at = None, f"CODE{number:06}", NOON + number * HOUR
        copy.ends_at = copy.starts_at + HOUR
        rows.append(copy)
    return [row, *Reservation.objects.bulk_create(rows)]


def finish() -> None:
    while jobs.write_part() is not None:
        pass


def text_of(export: Export) -> str:
    export.refresh_from_db()
    return b"".join(files.read(export.parts)).decode()


def read(export: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(export), newline="")))


def fetched(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_parking_has_the_columns_of_the_contract(user: User, lot: Venue) -> None:
    row = park(user, lot, vehicle_plate="AB-12", remarks="=1+1", hours=2)
    export = jobs.start(user, "parking")
    finish()
    header = text_of(export).splitlines()[0]
    assert header == (
        "reservation,slot_id,spot_id,lot,spot_number,floor,reserved_from,reserved_until,"
        "parked_at,left_at,cost,currency,plate,remarks"
    )
    (told,) = read(export)
    assert (told["reservation"], told["lot"]) == (str(row.pk), lot.slug)
    assert told["spot_id"] == str(row.allocations.get().resource_id)
    assert (told["cost"], told["currency"]) == ("20.00", "EUR")
    assert told["reserved_from"] == columns.instant(row.starts_at)
    assert (told["parked_at"], told["left_at"], told["slot_id"]) == ("", "", "")
    assert (told["plate"], told["remarks"]) == ("AB-12", "\t=1+1")


def test_who_has_parked_is_told_when(user: User, lot: Venue, frozen: FrozenDateTimeFactory) -> None:
    row = park(user, lot, 0)
    frozen.move_to(row.starts_at)
    actions.check_in(reservation_id=row.pk, by=DESK)
    frozen.move_to(row.starts_at + timedelta(minutes=20))
    actions.check_out(reservation_id=row.pk, by=DESK)
    export = jobs.start(user, "parking")
    finish()
    (told,) = read(export)
    assert told["parked_at"] == columns.instant(row.starts_at)
    assert told["left_at"] == columns.instant(row.starts_at + timedelta(minutes=20))


def test_a_fixed_grid_has_slot_ids(user: User) -> None:
    venue = make_venue("parking", units=1, unit_choice="guest", slot_length=HOUR)
    row = hold(venue, by=callers.for_user(user), contact=ADA)
    Venue.objects.filter(pk=venue.pk).update(mode="slot")
    export = jobs.start(user, "parking")
    finish()
    spot = row.allocations.get().resource_id
    assert read(export)[0]["slot_id"] == f"{spot}:{columns.instant(row.starts_at)}"


def test_reservations_have_the_names_of_the_api(user: User, lot: Venue) -> None:
    row = park(user, lot)
    export = jobs.start(user, "reservations")
    finish()
    (told,) = read(export)
    document = person(user).get(f"/reservations/{row.pk}").json()
    invented = {"resource_name", "currency"}
    assert set(told) - invented <= set(document)
    for name in ("id", "code", "venue", "category", "status", "phone", "starts_at", "created_at"):
        assert told[name] == document[name], name
    assert told["phone"] == PHONE
    assert told["last_name"] == "\t=Byron"
    assert told["receive_email_updates"] == str(document["receive_email_updates"]).lower()


def test_only_stays_that_begin_in_the_period(user: User, lot: Venue) -> None:
    rows = [park(user, lot, number) for number in (1, 2, 3)]
    begins = [row.starts_at for row in rows]
    export = jobs.start(user, "parking", since=begins[1], until=begins[2])
    finish()
    assert [row["reservation"] for row in read(export)] == [str(rows[1].pk)]


def test_others_and_what_was_given_up_for_nothing_are_left_out(user: User, lot: Venue) -> None:
    park(UserFactory.create(), lot, 2)
    gone = park(user, lot, 3)
    actions.cancel(reservation_id=gone.pk, by=callers.for_user(user))
    export = jobs.start(user, "parking")
    finish()
    assert read(export) == []


def test_a_second_press_gets_the_same_job(user: User) -> None:
    first = jobs.start(user, "parking")
    assert jobs.start(user, "parking").pk == first.pk
    assert jobs.start(user, "reservations").pk != first.pk
    assert jobs.start(UserFactory.create(), "parking").pk != first.pk
    finish()
    assert jobs.start(user, "parking").pk != first.pk


def test_a_killed_worker_is_resumed_after_its_last_part(
    user: User, lot: Venue, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE", 2)
    rows = parked(user, lot, 5)
    export = jobs.start(user, "parking")
    jobs.write_part()
    # Killed after its file was stored, and before it was recorded.
    with monkeypatch.context() as killed:
        killed.setattr(jobs, "_record", lambda *_: None)
        jobs.write_part()
    assert jobs.write_part() is None, "the lease still holds"
    export.refresh_from_db()
    assert (export.state, export.rows) == ("running", 2)
    frozen.tick(jobs.LEASE)
    finish()
    assert [row["reservation"] for row in read(export)] == [str(row.pk) for row in rows]
    assert len(files._stored(export.pk)) == len(export.parts)


def test_a_worker_that_was_thought_dead_changes_nothing(
    user: User, lot: Venue, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE", 2)
    rows = parked(user, lot, 3)
    export = jobs.start(user, "parking")
    late = jobs._claim()
    assert late is not None
    frozen.tick(jobs.LEASE)
    jobs.write_part()
    found = selection.after(late, 0, most=2, now=NOON)
    jobs._record(late, files.save(late.pk, jobs._name(late), "late"), found)
    finish()
    assert [row["reservation"] for row in read(export)] == [str(row.pk) for row in rows]


def test_a_long_file_is_read_slice_by_slice(
    user: User, lot: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE", 7)
    parked(user, lot, 40)
    sizes: list[int] = []
    after = selection.after

    def counted(*args: Any, **named: Any) -> list[Reservation]:
        found = after(*args, **named)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(selection, "after", counted)
    export = jobs.start(user, "parking")
    finish()
    assert sizes == [7, 7, 7, 7, 7, 5]
    assert len(read(export)) == export.rows == 40


def test_a_slice_takes_as_many_queries_whatever_its_size(
    user: User, lot: Venue, django_assert_max_num_queries: Any
) -> None:
    parked(user, lot, 40)
    export = jobs.start(user, "reservations")
    with django_assert_max_num_queries(4):
        rows = selection.after(export, 0, most=100, now=NOON)
        write = columns.writer(export)
        assert len([write(row, NOON) for row in rows]) == 40


def test_a_task_lets_sweeps_in_between(
    user: User, lot: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE", 1)
    monkeypatch.setattr("notices.tasks.SHARE", 0.0)
    again: list[bool] = []
    monkeypatch.setattr(write_exports, "delay", lambda: again.append(True))
    parked(user, lot, 3)
    export = jobs.start(user, "parking")
    write_exports()
    export.refresh_from_db()
    assert (export.rows, again) == (1, [True])


def test_what_fails_time_and_again_ends_as_failed(
    user: User, frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> str:
        raise OSError("no space")

    export = jobs.start(user, "parking")
    with monkeypatch.context() as full:
        full.setattr(files, "save", broken)
        for _ in range(jobs.TRIES):
            jobs.write_part()
            frozen.tick(jobs.TRIES * jobs.PAUSE)
    export.refresh_from_db()
    assert export.state == "failed"
    assert jobs.start(user, "parking").pk != export.pk


def test_a_letter_says_that_it_is_done(user: User) -> None:
    export = jobs.start(user, "parking", language="nl")
    finish()
    letter = Delivery.objects.get()
    assert (letter.kind, letter.to, letter.user, letter.language) == (
        "export.done", user.email, user, "nl",
    )  # fmt: skip
    assert letter.data == {"export": export.pk, "rows": 0}


def test_the_letter_says_where_it_is_and_in_which_language(user: User, lot: Venue) -> None:
    park(user, lot)
    jobs.start(user, "parking", language="nl")
    finish()
    with translation.override("en"):
        letter = composers.compose(Delivery.objects.get())
    assert isinstance(letter, Letter)
    assert letter.subject == "Je bestand staat klaar"
    assert "1 reservering" in letter.text
    for part in (letter.text, letter.html):
        assert f"{settings.PUBLIC_URL}/me/exports/" in part


def test_no_letter_goes_once_the_file_is_gone(user: User, frozen: FrozenDateTimeFactory) -> None:
    jobs.start(user, "parking")
    finish()
    frozen.tick(settings.EXPORT_KEPT)
    told = composers.compose(Delivery.objects.get())
    assert isinstance(told, Result) and told.outcome == "dropped"


def test_no_letter_goes_to_who_wants_none(user: User) -> None:
    User.objects.filter(pk=user.pk).update(receive_email_updates=False)
    user.refresh_from_db()
    jobs.start(user, "parking")
    finish()
    assert not Delivery.objects.exists()


def test_the_api_from_press_to_file(user: User, lot: Venue) -> None:
    park(user, lot)
    api = person(user)
    asked = api.post("/me/exports", {"kind": "parking"})
    assert (asked.status_code, asked.json()["state"], asked.json()["url"]) == (202, "waiting", None)
    again = api.post("/me/exports", {"kind": "parking"})
    assert (again.status_code, again.json()["id"]) == (202, asked.json()["id"])
    finish()
    told = api.get(f"/me/exports/{asked.json()['id']}").json()
    assert (told["state"], told["rows"]) == ("done", 1)
    (listed,) = api.get("/me/exports").json()["items"]
    assert listed == told
    answer = api.client.get(told["url"], headers=api.credentials())
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert fetched(answer).startswith("reservation,slot_id,")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "venue"},
        {"kind": "parking", "from": "2027-03-02", "to": "2027-03-01"},
        {"kind": "parking", "colour": "red"},
    ],
)
def test_what_cannot_be_exported_is_refused(user: User, body: dict[str, Any]) -> None:
    assert person(user).post("/me/exports", body).status_code == 422


def test_a_period_that_ends_before_it_begins_names_its_end(user: User) -> None:
    wish = {"kind": "parking", "from": "2027-03-02", "to": "2027-03-01"}
    errors = person(user).post("/me/exports", wish).json()["errors"]
    assert errors == [{"pointer": "#/to", "detail": "Give a `to` after `from`."}]


def test_nobody_but_its_owner_has_it(user: User, lot: Venue) -> None:
    export = jobs.start(user, "parking")
    finish()
    path = f"/me/exports/{export.pk}"
    for other in (UserFactory.create(), AdministratorFactory.create()):
        assert person(other).get(path).status_code == 404
        assert person(other).get(f"{path}/file").status_code == 404
        browser = Client()
        browser.force_login(other, backend="config.page_log_in.HeldBack")
        assert browser.get(f"/api/v1{path}/file").status_code == 404
    assert Client().get(f"/api/v1{path}/file").status_code == 401
    browser = Client()
    browser.force_login(user, backend="config.page_log_in.HeldBack")
    assert browser.get(f"/api/v1{path}/file").status_code == 200


def test_the_file_ends_after_seven_days(user: User, frozen: FrozenDateTimeFactory) -> None:
    export = jobs.start(user, "parking")
    finish()
    api = person(user)
    path = f"/me/exports/{export.pk}"
    frozen.tick(settings.EXPORT_KEPT - timedelta(seconds=1))
    assert api.get(f"{path}/file").status_code == 200
    tasks.clean_up()
    assert files._stored(export.pk)
    frozen.tick(1)
    assert api.get(f"{path}/file").status_code == 404
    assert api.get(path).json()["url"] is None
    tasks.clean_up()
    assert not files._stored(export.pk)
    assert api.get(path).status_code == 404


def test_files_without_an_export_are_deleted(user: User, folder: Path) -> None:
    files.save(987, "00000-x", "left behind")
    export = jobs.start(user, "parking")
    finish()
    tasks.clean_up()
    assert files.ids() == {export.pk}


def test_a_person_has_ten_files_of_a_kind(user: User) -> None:
    for _ in range(jobs.MOST_KEPT + 1):
        jobs.start(user, "parking")
        finish()
    ready = [jobs.is_ready(export) for export in Export.objects.order_by("pk")]
    assert ready == [False] + [True] * jobs.MOST_KEPT


def test_a_manager_exports_a_venue_and_it_is_known_who_saw_it(user: User, lot: Venue) -> None:
    row = park(user, lot)
    clerk = StaffFactory.create(clerk_at=[lot])
    manager = StaffFactory.create(staff_venues=[lot])
    assert person(clerk).post(f"/venues/{lot.slug}/exports", {}).status_code == 403
    asked = person(manager).post(f"/venues/{lot.slug}/exports", {})
    assert (asked.status_code, asked.json()["kind"]) == (202, "venue")
    finish()
    export = Export.objects.get()
    assert [told["code"] for told in read(export)] == [row.code]
    record = AccessRecord.objects.get(reservation_id=row.pk)
    assert (record.reader, record.why, record.place) == (f"user:{manager.pk}", "export", "export")
    assert person(user).get(f"/me/exports/{export.pk}").status_code == 404


def test_files_go_with_the_person(user: User, lot: Venue) -> None:
    park(user, lot)
    manager = StaffFactory.create(staff_venues=[lot])
    mine = jobs.start(user, "parking")
    of_venue = jobs.start(manager, "venue", venue=lot)
    finish()
    counts = erasure.erase(subjects.of_user(user), by=DESK)
    assert counts["exports"] == 2
    assert not files._stored(mine.pk) and not files._stored(of_venue.pk)
    assert not Export.objects.filter(pk=mine.pk).exists()
    assert person(manager).get(f"/me/exports/{of_venue.pk}/file").status_code == 404


def test_a_venues_file_that_is_being_written_begins_anew(
    user: User, lot: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE", 1)
    park(user, lot)
    export = jobs.start(StaffFactory.create(staff_venues=[lot]), "venue", venue=lot)
    jobs.write_part()
    late = jobs._claim()
    assert late is not None
    erasure.erase(subjects.of_user(user), by=DESK)
    finish()
    assert "Ada" not in text_of(export)
    assert read(export)[0]["first_name"] == "Erased"


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_no_part_that_names_the_erased_is_recorded(
    user: User, lot: Venue, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    """A worker has read the rows, and records them once the person is erased."""
    monkeypatch.setattr(jobs, "SLICE", 1)
    for number in range(3):
        park(user if number == 1 else UserFactory.create(), lot, number)
    export = jobs.start(StaffFactory.create(staff_venues=[lot]), "venue", venue=lot)
    for _ in range(parts):
        jobs.write_part()
    begun = jobs._claim()
    assert begun is not None
    rows = selection.after(begun, begun.last_id, most=1, now=NOON)
    part = files.save(begun.pk, jobs._name(begun), jobs._text(begun, rows, NOON))
    erasure.erase(subjects.of_user(user), by=DESK)
    jobs._record(begun, part, rows)
    finish()
    told = read(export)
    assert sorted(one["first_name"] for one in told) == ["Ada", "Ada", "Erased"]


def former(kind: str, manager: User, lot: Venue) -> None:
    match kind:
        case "no role":
            manager.venue_roles.all().delete()
        case "a clerk now":
            manager.venue_roles.update(role="clerk")
        case "switched off":
            User.objects.filter(pk=manager.pk).update(is_active=False)


@pytest.mark.parametrize("kind", ["no role", "a clerk now", "switched off"])
def test_who_manages_no_more_has_no_file(
    user: User, lot: Venue, kind: str, mailoutbox: list[Any]
) -> None:
    park(user, lot)
    manager = StaffFactory.create(staff_venues=[lot])
    written, waiting = jobs.start(manager, "venue", venue=lot), None
    finish()
    Export.objects.update(open_key=None)
    waiting = jobs.start(manager, "venue", venue=lot)
    former(kind, manager, lot)
    finish()
    waiting.refresh_from_db()
    written.refresh_from_db()
    assert (waiting.state, waiting.parts) == ("failed", [])
    assert not files._stored(waiting.pk)
    assert not jobs.is_ready(written)
    letter = Delivery.objects.get(dedupe=f"export:{written.pk}:mail")
    assert isinstance(composers.compose(letter), Result)
    if kind == "switched off":
        return
    told = person(manager).get(f"/me/exports/{written.pk}").json()
    assert told["url"] is None
    assert person(manager).get(f"/me/exports/{written.pk}/file").status_code == 404


def test_one_key_starts_one_file(user: User, lot: Venue) -> None:
    manager = StaffFactory.create(staff_venues=[lot])
    for api, path, body in (
        (person(user), "/me/exports", {"kind": "parking"}),
        (person(manager), f"/venues/{lot.slug}/exports", {}),
    ):
        first = api.post(path, body, idempotency_key="k").json()
        finish()
        again = api.post(path, body, idempotency_key="k")
        assert (again.status_code, again.json()["id"]) == (202, first["id"])
        assert again["Idempotent-Replayed"] == "true"
        assert api.post(path, body).json()["id"] != first["id"]


@pytest.mark.parametrize(("account", "header", "told"), [("nl", "en", "nl"), ("", "nl-BE", "nl")])
def test_the_letter_of_the_api_speaks_the_language_of_who_asked(
    user: User, account: str, header: str, told: str
) -> None:
    User.objects.filter(pk=user.pk).update(language=account)
    user.refresh_from_db()
    person(user).post("/me/exports", {"kind": "parking"}, accept_language=header)
    assert Export.objects.get().language == told
