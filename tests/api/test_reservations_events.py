"""GET /reservations/{id}/events: its history, for those who may see it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from tests.api.calling import Api, faults, partner, person, problem, stay
from tests.guests.factories import PartnerFactory
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def path(guest: Api, hotel: Venue) -> str:
    return f"/reservations/{guest.post('/reservations', stay(hotel)).json()['id']}"


def test_its_history_is_told_newest_first(
    clock: FrozenDateTimeFactory, user: User, path: str
) -> None:
    clock.tick(timedelta(minutes=2))
    person(user).patch(path, {"remarks": "x"})
    clock.tick(timedelta(minutes=2))
    person(user).post(f"{path}/confirm")
    told = person(user).get(f"{path}/events").json()
    assert [(event["name"], event["at"]) for event in told["items"]] == [
        ("reservation.confirmed", "2027-02-01T09:04:00Z"),
        ("reservation.modified", "2027-02-01T09:02:00Z"),
        ("reservation.created", "2027-02-01T09:00:00Z"),
    ]
    assert {event["by"] for event in told["items"]} == {"guest"}
    assert told["next_cursor"] is None


def test_what_is_in_an_event_is_for_who_runs_the_venue(guest: Api, desk: Api, path: str) -> None:
    guest.patch(path, {"remarks": "x"})
    newest = guest.get(f"{path}/events").json()["items"][0]
    assert newest["data"] == {}
    assert desk.get(f"{path}/events").json()["items"][0]["data"] == {
        "changed": {"remarks": {"from": "", "to": "x"}}
    }


def test_who_did_it_is_told_as_a_kind_and_not_as_a_name(
    guest: Api, desk: Api, administrator: Api, user: User, path: str
) -> None:
    desk.patch(path, {"remarks": "x"})
    administrator.patch(path, {"remarks": "y"})
    answer = guest.get(f"{path}/events")
    assert [event["by"] for event in answer.json()["items"]] == ["administrator", "staff", "guest"]
    assert f"user:{user.pk}" not in answer.content.decode()


def test_a_repeated_verb_is_no_event(guest: Api, path: str) -> None:
    for _ in range(3):
        guest.post(f"{path}/confirm")
    assert len(guest.get(f"{path}/events").json()["items"]) == 2


def test_pages_hold_every_event_once(desk: Api, path: str) -> None:
    for text in "abcde":
        desk.patch(path, {"remarks": text})
    whole = desk.get(f"{path}/events").json()["items"]
    found, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = desk.get(f"{path}/events", params).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole
    assert len(whole) == 6


@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("limit", "x"), ("cursor", "x")])
def test_a_bad_page_is_refused(guest: Api, path: str, name: str, value: str) -> None:
    assert set(faults(guest.get(f"{path}/events", {name: value}))) == {name}


def test_of_somebody_else_it_is_404_before_the_query_is_read(
    stranger: Api, hotel: Venue, path: str
) -> None:
    acme = partner(PartnerFactory.create(slug="acme", venues=[hotel]))
    for caller in (stranger, acme):
        for query in ("", "?limit=0"):
            problem(caller.get(f"{path}/events{query}"), 404, "not_found")


def test_the_number_of_queries_does_not_grow_with_the_events(desk: Api, path: str) -> None:
    headers = desk.credentials()
    desk.credentials = lambda: headers
    # The first reading of somebody's data is written down, for ten minutes.
    desk.get(f"{path}/events")
    counts = set()
    for text in "abcdef":
        desk.patch(path, {"remarks": text})
        with CaptureQueriesContext(connection) as asked:
            desk.get(f"{path}/events")
        counts.add(len(asked))
    assert len(counts) == 1
    assert counts.pop() <= 7
