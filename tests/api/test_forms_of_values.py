"""One value in several forms is read alike everywhere, or refused with its reason."""

from typing import Annotated, Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from api import schemas
from reservations.models import Reservation
from tests.api.calling import BASE, JSON, Api, anonymous, faults, problem, stay
from tests.api.test_matrix import OPERATIONS
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

MERGE_PATCH = "application/merge-patch+json"


def below(kind: type) -> list[Any]:
    children: list[Any] = kind.__subclasses__()
    return [found for child in children for found in (child, *below(child))]


def test_a_whole_number_may_be_written_with_a_point_in_every_body_and_query() -> None:
    assert OPERATIONS
    tried = 0
    for model in below(schemas.Schema):
        for name, field in model.model_fields.items():
            if int not in types_in(field.annotation):
                continue
            kind: Any = Annotated[(field.annotation, *field.metadata, name)]
            reads: TypeAdapter[Any] = TypeAdapter(kind)
            tried += 1
            assert [one for one in (1.0, 60.0, [1.0]) if reads_it(reads, one)], (model, name)
            assert not any(reads_it(reads, one) for one in (60.5, [0.5])), (model, name)
    assert tried > 8


def reads_it(reads: TypeAdapter[Any], given: float | list[float]) -> bool:
    try:
        return bool(reads.validate_python(given) == given)
    except ValidationError:
        return False


def types_in(annotation: Any) -> list[Any]:
    return [annotation, *(found for each in get_args(annotation) for found in types_in(each))]


def test_a_party_of_two_point_nought_is_a_party_of_two(guest: Api, hotel: Venue) -> None:
    body = stay(hotel)
    assert guest.post("/reservations", body | {"guest_count": 2.0}).json()["guest_count"] == 2
    query = {"check_in": body["check_in"], "check_out": body["check_out"], "guests": "2.0"}
    assert guest.get(f"/venues/{hotel.slug}/availability", query).status_code == 200
    for given in (2.5, "2", True, None, 1e300):
        answer = guest.post("/reservations", body | {"guest_count": given})
        assert set(faults(answer)) == {"guest_count"}, given


def test_yes_and_no_are_not_numbers(guest: Api) -> None:
    for given in (1, 0, "true", "yes", 1.0):
        assert set(faults(guest.patch("/me", {"receive_phone_call": given}))) == {
            "receive_phone_call"
        }
    assert guest.patch("/me", {"receive_phone_call": True}).status_code == 200


def test_a_byte_order_mark_is_named(guest: Api, hotel: Venue) -> None:
    answer = guest.post("/reservations", b"\xef\xbb\xbf{}")
    assert "byte order mark" in problem(answer, 400, "malformed_body")["detail"]
    made = guest.post("/reservations", stay(hotel)).json()
    answer = guest.post(f"/reservations/{made['id']}/confirm", b"\xef\xbb\xbf{}")
    assert "byte order mark" in problem(answer, 400, "malformed_body")["detail"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
def test_an_encoded_body_is_415(guest: Api, hotel: Venue, encoding: str) -> None:
    answer = guest.post("/reservations", stay(hotel), Content_Encoding=encoding)
    said = problem(answer, 415, "unsupported_media_type")
    assert "Content-Encoding" in said["detail"]
    assert answer["Accept-Encoding"] == "identity"
    assert guest.post("/reservations", stay(hotel), Content_Encoding="identity").status_code == 201


def merge_patched(api: Api, path: str, body: bytes, kind: str = MERGE_PATCH) -> Any:
    return api.client.patch(BASE + path, body, content_type=kind, headers=api.credentials())


def test_a_merge_patch_removes_with_null(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel, remarks="Late", email="a@example.com")).json()
    path = f"/reservations/{made['id']}"
    body = b'{"remarks": null, "email": null, "receive_phone_call": null}'
    answer = merge_patched(guest, path, body)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["remarks"], answer.json()["email"]) == ("", "")
    assert answer.json()["receive_phone_call"] is False


def test_a_merge_patch_does_not_remove_what_must_be_there(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel)).json()
    path = f"/reservations/{made['id']}"
    for name in ("last_name", "phone", "guest_count", "category", "starts_at"):
        body = b'{"%s": null}' % name.encode()
        assert set(faults(merge_patched(guest, path, body))) == {name}
    assert Reservation.objects.get().last_name == "Lovelace"


def test_null_in_plain_json_is_refused_by_name(guest: Api, hotel: Venue) -> None:
    made = guest.post("/reservations", stay(hotel, remarks="Late")).json()
    answer = merge_patched(guest, f"/reservations/{made['id']}", b'{"remarks": null}', JSON)
    assert set(faults(answer)) == {"remarks"}


def test_a_token_has_one_text(guest: Api) -> None:
    access = guest.credentials()["Authorization"].partition(" ")[2]
    head, claims, signature = access.split(".")
    for other in (
        f"{head}.{claims}.{signature}=",
        f"{head}=.{claims}.{signature}",
        f"{head}.{claims}==.{signature}",
        f"{head}.{claims}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}",
    ):
        answer = anonymous().get("/me", Authorization=f"Bearer {other}")
        assert answer.status_code == 401, other
    assert anonymous().get("/me", Authorization=f"Bearer {access}").status_code == 200


@pytest.mark.parametrize("what", ["availability", "plan", "occupancy", "explain", "stats"])
def test_a_plus_that_was_not_escaped_is_read_as_meant(hotel: Venue, what: str) -> None:
    api = anonymous()
    starts, ends = "2027-03-01T15:00:00", "2027-03-03T11:00:00"
    answers = [
        api.client.get(
            f"{BASE}/venues/{hotel.slug}/{what}?starts_at={starts}{plus}01:00&ends_at={ends}{plus}01:00"
        )
        for plus in ("%2B", "+")
    ]
    assert [answer.status_code for answer in answers] == [200, 200], answers[1].content
    assert answers[0].content == answers[1].content
