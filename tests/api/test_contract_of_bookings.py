"""What the contract with other programs promises of a party, a reference and metadata."""

from typing import Any

import pytest

from guests.models import User
from reservations.models import Reservation
from tests.api.calling import Api, faults, partner, person, problem, sitting
from tests.api.conftest import TODAY
from tests.factories import hold, make_venue
from tests.guests.factories import PartnerFactory, StaffFactory
from venues.models import Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


PARTIES: list[tuple[dict[str, Any], tuple[int, int, list[int]] | None]] = [
    ({"guest_count": 3}, (3, 3, [])),
    ({"adults": 3}, (3, 3, [])),
    ({"adults": 2, "children": [4]}, (3, 2, [4])),
    ({"guest_count": 3, "children": [0, 17]}, (3, 1, [0, 17])),
    ({"guest_count": 3, "adults": 2, "children": [4]}, (3, 2, [4])),
    ({"guest_count": 2, "children": []}, (2, 2, [])),
    ({"guest_count": 3, "adults": 2}, None),
    ({"guest_count": 2, "adults": 2, "children": [4]}, None),
    ({"guest_count": 1, "children": [4, 9]}, None),
    ({"adults": 0}, None),
    ({"children": [4]}, None),
    ({}, None),
]
"""What is said of a party, and what is answered: `guest_count`, `adults`, `children`, or 422."""

BAD_PARTIES: list[dict[str, Any]] = [
    {"adults": 1, "children": [18]},
    {"adults": 1, "children": [-1]},
    {"adults": 1, "children": [True]},
    {"adults": 1, "children": ["4"]},
    {"adults": 1, "children": [4.5]},
    {"adults": 1, "children": 4},
    {"adults": -1, "children": [4, 9]},
    {"adults": True},
    {"adults": "2"},
]


def party_of(body: dict[str, Any]) -> tuple[int, int, list[int]]:
    return body["guest_count"], body["adults"], body["children"]


def wished(venue: Venue, **said: Any) -> dict[str, Any]:
    body = sitting(venue, **said)
    return body if "guest_count" in said else {k: v for k, v in body.items() if k != "guest_count"}


@pytest.fixture
def venue() -> Venue:
    """A lot of two spots, open round the clock."""
    return make_venue(units=2)


@pytest.fixture
def manager(venue: Venue) -> Api:
    return person(StaffFactory.create(staff_venues=[venue]))


@pytest.fixture
def key(venue: Venue) -> Api:
    """A partner's key for the lot."""
    return partner(PartnerFactory.create(venues=[venue]))


@pytest.mark.parametrize(("said", "expected"), PARTIES)
def test_a_party_is_its_adults_and_children(
    manager: Api, venue: Venue, said: dict[str, Any], expected: Any
) -> None:
    Resource.objects.update(capacity=4)
    range_ = {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T14:00:00Z"}
    group = {name: value for name, value in wished(venue).items() if name != "venue"}
    answers = [
        manager.post("/reservations", wished(venue, **said)),
        manager.post("/reservations/groups", {**group, "venue": venue.slug, "items": [said]}),
        manager.post(f"/venues/{venue.slug}/walk-ins", said),
    ]
    quoted = manager.post(f"/venues/{venue.slug}/quote", range_ | said)
    if expected is None:
        pointers = [set(faults(answer)) for answer in answers]
        assert pointers == [{"guest_count"}, {"items/0/guest_count"}, {"guest_count"}]
        assert quoted.status_code == (422 if said else 200)
        return
    alone, grouped, walked = (answer.json() for answer in answers)
    assert [party_of(one) for one in (alone, grouped["items"][0], walked)] == [expected] * 3
    assert quoted.status_code == 200
    assert party_of(manager.get(f"/reservations/{alone['id']}").json()) == expected


@pytest.mark.parametrize("said", BAD_PARTIES)
def test_what_is_no_age_and_no_number_is_422(
    manager: Api, venue: Venue, said: dict[str, Any]
) -> None:
    told = faults(manager.post("/reservations", wished(venue, **said)))
    assert all(pointer.split("/")[0] in ("adults", "children") for pointer in told)


def test_a_change_of_a_party_adds_up(manager: Api, venue: Venue) -> None:
    Resource.objects.update(capacity=6)
    made = manager.post("/reservations", wished(venue, adults=2, children=[4])).json()
    path = f"/reservations/{made['id']}"
    for said, expected in (
        ({"guest_count": 4}, (4, 3, [4])),
        ({"children": [4, 9]}, (5, 3, [4, 9])),
        ({"adults": 1}, (3, 1, [4, 9])),
        ({"guest_count": 4, "children": [5]}, (4, 3, [5])),
        ({"guest_count": 2, "adults": 1}, (2, 1, [5])),
        ({"adults": 2, "children": None}, (2, 2, [])),
        ({"guest_count": 3, "adults": 1, "children": [0, 1]}, (3, 1, [0, 1])),
    ):
        answer = manager.patch(path, said)
        assert answer.status_code == 200, (said, answer.content)
        assert party_of(answer.json()) == expected
        assert party_of(manager.get(path).json()) == expected
    tag = manager.get(path)["ETag"]
    for said in (
        {"guest_count": 1},
        {"guest_count": 3, "adults": 3},
        {"adults": 0, "children": []},
    ):
        assert set(faults(manager.patch(path, said))) == {"guest_count"}
    # A repeat changes nothing.
    assert manager.patch(path, {"adults": 1, "children": [0, 1]})["ETag"] == tag
    assert manager.get(path)["ETag"] == tag


def test_a_reservation_of_an_old_server_has_adults_alone(manager: Api, venue: Venue) -> None:
    row = hold(venue, TODAY, guest_count=2)
    Reservation.objects.update(children=None)
    assert party_of(manager.get(f"/reservations/{row.pk}").json()) == (2, 2, [])
    listed = manager.get("/reservations").json()["items"]
    assert [party_of(one) for one in listed] == [(2, 2, [])]


def test_a_reference_is_the_partners_own_and_used_once(
    key: Api, manager: Api, stranger: Api, venue: Venue
) -> None:
    wish = sitting(venue, guest_count=1, reference=" Order 1815 ")
    made = key.post("/reservations", wish)
    assert made.status_code == 201 and made.json()["reference"] == "Order 1815"
    said = problem(key.post("/reservations", wish), 409, "reference_used")
    assert said["id"] == made.json()["id"]
    for other in (manager, stranger):
        assert set(faults(other.post("/reservations", wish))) == {"reference"}
    another = partner(PartnerFactory.create(venues=[venue]))
    assert another.post("/reservations", wish).status_code == 201
    for caller, found in ((key, 1), (another, 1), (manager, 2), (stranger, 0)):
        for reference, expected in (("Order 1815", found), ("order", 0)):
            page = caller.get("/reservations", {"reference": reference}).json()
            assert len(page["items"]) == expected
    assert set(faults(key.post("/reservations", wish | {"reference": "x" * 65}))) == {"reference"}
    assert set(faults(key.post("/reservations", wish | {"reference": " "}))) == {"reference"}


def test_a_repeated_key_gets_its_answer_and_not_the_refusal(key: Api, venue: Venue) -> None:
    wish = sitting(venue, guest_count=1, reference="A-1", metadata={"channel": "app"})
    made = key.post("/reservations", wish, idempotency_key="one")
    again = key.post("/reservations", wish, idempotency_key="one")
    assert (again.status_code, again.content) == (201, made.content)
    said = problem(key.post("/reservations", wish, idempotency_key="two"), 409, "reference_used")
    assert said["id"] == made.json()["id"]


def test_each_item_of_a_group_has_its_own_reference(key: Api, venue: Venue) -> None:
    wish = sitting(venue, guest_count=1, metadata={"channel": "app"})
    items = [{"guest_count": 1, "reference": "A-1"}, {"guest_count": 1, "reference": "A-1"}]
    answer = key.post("/reservations/groups", {**wish, "items": items})
    assert set(faults(answer)) == {"items/1/reference"}
    items[1]["reference"] = "A-2"
    made = key.post("/reservations/groups", {**wish, "items": items}).json()["items"]
    assert [one["reference"] for one in made] == ["A-1", "A-2"]
    assert [one["metadata"] for one in made] == [{"channel": "app"}] * 2
    answer = key.post("/reservations/groups", {**wish, "items": items})
    assert problem(answer, 409, "reference_used")["id"] == made[0]["id"]
    assert "reference" in faults(
        key.post("/reservations/groups", {**wish, "items": items, "reference": "A-3"})
    )


def test_a_reference_can_be_changed_by_the_partner_alone(
    key: Api, manager: Api, venue: Venue
) -> None:
    ids = [
        key.post("/reservations", sitting(venue, guest_count=1, reference=one)).json()["id"]
        for one in ("A-1", "A-2")
    ]
    paths = [f"/reservations/{one}" for one in ids]
    said = problem(key.patch(paths[1], {"reference": "A-1"}), 409, "reference_used")
    assert said["id"] == ids[0]
    assert set(faults(manager.patch(paths[0], {"reference": "A-1"}))) == {"reference"}
    assert key.patch(paths[0], {"reference": None}).json()["reference"] is None
    assert key.patch(paths[1], {"reference": "A-1"}).json()["reference"] == "A-1"


def test_metadata_is_seen_by_its_partner_and_by_staff(
    key: Api, manager: Api, user: User, venue: Venue
) -> None:
    notes = {"channel": "app", "seat": ""}
    path = _of(key.post("/reservations", sitting(venue, guest_count=1, metadata=notes)))
    Reservation.objects.update(guest=user)
    owner = person(user)
    for caller, seen in ((key, notes), (manager, notes), (owner, {})):
        assert caller.get(path).json()["metadata"] == seen
        assert caller.get("/reservations").json()["items"][0]["metadata"] == seen
    assert key.post(f"{path}/cancel").json()["metadata"] == notes
    for guess in (notes, {}, {"channel": "x"}):
        assert set(faults(owner.patch(path, {"metadata": guess}))) == {"metadata"}
        assert set(faults(owner.post("/reservations", _with_notes(venue, guess or notes)))) == {
            "metadata"
        }


def test_metadata_is_replaced_whole_and_cleared(key: Api, manager: Api, venue: Venue) -> None:
    path = _of(key.post("/reservations", _with_notes(venue, {"a": "1", "b": "2"})))
    for caller, said, seen in (
        (key, {"c": "3"}, {"c": "3"}),
        (manager, {"d": "4"}, {"d": "4"}),
        (key, None, {}),
        (key, {"e": "5"}, {"e": "5"}),
        (key, {}, {}),
    ):
        assert caller.patch(path, {"metadata": said}).json()["metadata"] == seen
        assert key.get(path).json()["metadata"] == seen


@pytest.mark.parametrize(
    "given",
    [
        {str(number): "" for number in range(21)},
        {"x" * 41: ""},
        {"": ""},
        {"a\x00": ""},
        {"a": "\x00"},
        {"a": "x" * 201},
        {"a": 1},
        {"a": None},
        {"a": {}},
        [],
        "a",
    ],
)
def test_metadata_is_at_most_20_short_texts(key: Api, venue: Venue, given: Any) -> None:
    told = faults(key.post("/reservations", sitting(venue, guest_count=1, metadata=given)))
    assert {pointer.split("/")[0] for pointer in told} == {"metadata"}
    path = _of(key.post("/reservations", sitting(venue, guest_count=1)))
    told = faults(key.patch(path, {"metadata": given}))
    assert {pointer.split("/")[0] for pointer in told} == {"metadata"}


def test_metadata_may_be_as_long_as_it_says(key: Api, venue: Venue) -> None:
    notes = {f"{number:040}": "é" * 200 for number in range(20)}
    path = _of(key.post("/reservations", _with_notes(venue, notes)))
    assert key.get(path).json()["metadata"] == notes


def _with_notes(venue: Venue, notes: dict[str, str]) -> dict[str, Any]:
    return sitting(venue, guest_count=1, metadata=notes)


def _of(answer: Any) -> str:
    assert answer.status_code == 201, answer.content
    return f"/reservations/{answer.json()['id']}"
