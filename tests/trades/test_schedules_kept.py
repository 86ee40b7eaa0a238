"""Schedules read, ended at midnight and taken back, and providers changed."""

from datetime import date, time
from typing import Any

import pytest

from reservations.models import Reservation
from tests.api.calling import Api, faults, person, problem
from tests.guests.factories import StaffFactory
from tests.trades.asking import BAD_SEGMENTS, block, made, open_for, person_named, starts
from venues import presets
from venues.models import Opening, Provider, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

THURSDAY, FRIDAY = "2027-02-04", "2027-02-05"


def schedule(desk: Api, provider: Resource, **asked: Any) -> dict[str, Any]:
    answer = desk.get(f"/providers/{provider.pk}/schedule", asked)
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = answer.json()
    return document


def take_out(desk: Api, provider: Resource, block_id: int | str = "") -> int:
    path = f"/providers/{provider.pk}/schedule"
    status: int = desk.send("DELETE", f"{path}/{block_id}" if block_id else path).status_code
    return status


@pytest.mark.parametrize("end", ["00:00", "24:00", "24:00:00"])
def test_midnight_ends_a_block(desk: Api, guest: Api, provider: Resource, end: str) -> None:
    answered = made(open_for(desk, provider.pk, block(THURSDAY, "23:00", end)))
    assert [one["end"] for one in answered["blocks"]] == ["24:00"]
    assert len(starts(guest, provider.pk, date=THURSDAY)) == 4
    assert [one["end"] for one in schedule(desk, provider)["items"]] == ["24:00"]


def test_what_goes_past_midnight_is_a_block_of_the_next_date(
    desk: Api, guest: Api, provider: Resource
) -> None:
    late, early = block(THURSDAY, "22:00", "24:00"), block(FRIDAY, "00:00", "02:00")
    made(open_for(desk, provider.pk, late, early))
    assert len(starts(guest, provider.pk)) == 16
    refused = open_for(desk, provider.pk, block(THURSDAY, "22:00", "02:00"))
    assert list(faults(refused)) == ["blocks/0/end"]


@pytest.mark.parametrize("given", ["24:01", "25:00", "24:00:01", "24"])
def test_no_clock_shows_more_than_midnight(desk: Api, provider: Resource, given: str) -> None:
    assert list(faults(open_for(desk, provider.pk, block(THURSDAY, "08:00", given)))) == [
        "blocks/0/end"
    ]


def test_a_schedule_is_read_with_the_ids_of_its_blocks(desk: Api, provider: Resource) -> None:
    answered = made(
        open_for(
            desk, provider.pk, block(FRIDAY, "09:00", "10:00"), block(THURSDAY, "08:00", "11:00")
        )
    )
    read = schedule(desk, provider)
    assert read["time_zone"] == "Europe/Amsterdam"
    assert read["items"] == [one | {"outside_hours": []} for one in answered["blocks"]]
    assert [one["date"] for one in schedule(desk, provider, **{"from": FRIDAY})["items"]] == [
        FRIDAY
    ]
    assert [one["date"] for one in schedule(desk, provider, to=THURSDAY)["items"]] == [THURSDAY]
    wrong = desk.get(f"/providers/{provider.pk}/schedule", {"from": FRIDAY, "to": THURSDAY})
    assert list(faults(wrong)) == ["to"]


def test_a_block_is_taken_out_and_its_appointments_stay(
    desk: Api, guest: Api, provider: Resource
) -> None:
    answered = made(
        open_for(
            desk, provider.pk, block(THURSDAY, "08:00", "09:00"), block(THURSDAY, "12:00", "13:00")
        )
    )
    body = {"provider_id": provider.pk, "starts_at": "2027-02-04T07:00:00Z"}
    kept = made(guest.post("/appointments", body))["id"]
    assert take_out(desk, provider, answered["blocks"][0]["id"]) == 204
    assert len(starts(guest, provider.pk, date=THURSDAY)) == 4
    assert Reservation.objects.get(pk=kept).cancelled_at is None
    read = schedule(desk, provider)
    assert read["outside_hours"] == [str(kept)]
    assert [one["outside_hours"] for one in read["items"]] == [[str(kept)]]
    assert take_out(desk, provider, answered["blocks"][0]["id"]) == 404


def test_a_whole_schedule_is_taken_back(desk: Api, guest: Api, provider: Resource) -> None:
    made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "09:00")))
    assert take_out(desk, provider) == 204
    assert schedule(desk, provider)["items"] == []
    assert starts(guest, provider.pk) == []
    assert take_out(desk, provider) == 204


def test_a_day_taken_out_is_not_open_by_its_weekly_hours_again(
    practice: Venue, desk: Api, guest: Api, provider: Resource
) -> None:
    Opening.objects.create(
        venue=practice, resource=provider, weekday=3, opens=time(8), closes=time(9)
    )
    answered = made(open_for(desk, provider.pk, block(THURSDAY, "12:00", "13:00")))
    for one in answered["blocks"]:
        assert take_out(desk, provider, one["id"]) == 204
    assert starts(guest, provider.pk, date=THURSDAY) == []
    assert len(starts(guest, provider.pk, date="2027-02-11")) == 4
    made(open_for(desk, provider.pk, block(THURSDAY, "12:00", "13:00")))
    assert len(starts(guest, provider.pk, date=THURSDAY)) == 4


def test_schedules_are_of_the_practices_own_staff(
    practice: Venue, desk: Api, guest: Api, provider: Resource
) -> None:
    answered = made(open_for(desk, provider.pk, block(THURSDAY, "08:00", "09:00")))
    elsewhere = presets.create_venue(slug="other", name="Other", kind="practice")
    strangers = person(StaffFactory.create(staff_venues=[elsewhere]))
    path = f"/providers/{provider.pk}/schedule"
    for caller in (strangers, guest):
        for answer in (
            caller.get(path),
            caller.send("DELETE", path),
            caller.send("DELETE", f"{path}/{answered['blocks'][0]['id']}"),
            caller.patch(f"/providers/{provider.pk}", {"first_name": "Eve"}),
        ):
            problem(answer, 403, "forbidden")
    assert len(schedule(desk, provider)["items"]) == 1


@pytest.mark.parametrize("segment", BAD_SEGMENTS)
def test_no_segment_is_a_fault_of_the_server(desk: Api, provider: Resource, segment: str) -> None:
    for answer in (
        desk.get(f"/providers/{segment}/schedule"),
        desk.send("DELETE", f"/providers/{segment}/schedule"),
        desk.send("DELETE", f"/providers/{provider.pk}/schedule/{segment}"),
        desk.patch(f"/providers/{segment}", {"first_name": "Eve"}),
    ):
        assert answer.status_code in (404, 422), answer.content


def test_a_block_of_another_provider_is_not_found(
    practice: Venue, desk: Api, provider: Resource
) -> None:
    other = Resource.objects.create(
        venue=practice, category=practice.categories.get(), name="Dr. Bakker"
    )
    answered = made(open_for(desk, other.pk, block(THURSDAY, "08:00", "09:00")))
    assert take_out(desk, provider, answered["blocks"][0]["id"]) == 404


def test_a_provider_is_changed_and_so_is_the_name_of_their_unit(desk: Api) -> None:
    known = made(desk.post("/providers", person_named(1)))
    answer = desk.patch(f"/providers/{known['id']}", {"last_name": "King", "phone": "+31201234569"})
    assert answer.status_code == 200, answer.content
    assert answer.json() == known | {"last_name": "King", "phone": "+31201234569"}
    assert Resource.objects.get(pk=known["id"]).name == "Ada King"
    assert desk.get("/providers").json()["items"] == [answer.json()]


def test_what_another_provider_has_is_409_with_their_id(desk: Api) -> None:
    one = made(desk.post("/providers", person_named(1)))
    two = made(desk.post("/providers", person_named(2, first_name="Grace")))
    answer = desk.patch(f"/providers/{two['id']}", {"email": "ADA1@example.com"})
    assert problem(answer, 409, "already_entered")["id"] == one["id"]
    assert Provider.objects.get(pk=two["id"]).email == "ada2@example.com"


@pytest.mark.parametrize("field", ["phone", "email"])
def test_a_change_is_read_as_an_entry_is(desk: Api, field: str) -> None:
    known = made(desk.post("/providers", person_named(1)))
    assert list(faults(desk.patch(f"/providers/{known['id']}", {field: "1"}))) == [field]


def test_the_zone_of_a_schedule_stays_but_an_alias_is_the_same_zone(desk: Api) -> None:
    known = made(desk.post("/providers", person_named(1, time_zone="Asia/Kolkata")))
    path = f"/providers/{known['id']}"
    assert desk.patch(path, {"time_zone": "Asia/Tokyo"}).json()["time_zone"] == "Asia/Tokyo"
    assert desk.patch(path, {"time_zone": "Asia/Kolkata"}).status_code == 200
    made(open_for(desk, known["id"], block(THURSDAY, "08:00", "09:00"), time_zone="Asia/Calcutta"))
    assert list(faults(desk.patch(path, {"time_zone": "Asia/Tokyo"}))) == ["time_zone"]
    assert desk.patch(path, {"time_zone": "Asia/Calcutta"}).status_code == 200
    assert Opening.objects.get().date == date(2027, 2, 4)
