"""If-Match on whatever changes a reservation, If-None-Match on reads."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from reservations.models import Reservation
from tests.api.calling import Api, problem, stay
from tests.factories import NOON, hold, make_venue
from tests.trades.asking import made
from venues.models import Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

STALE = '"1-999"'
WHY = {"reason": "By mistake"}


@pytest.fixture
def row(hotel: Venue, desk: Api) -> Reservation:
    return Reservation.objects.get(pk=made(desk.post("/reservations", stay(hotel)))["id"])


def tag(row: Reservation) -> str:
    row.refresh_from_db()
    return f'"{row.pk}-{row.version}"'


VERBS: list[tuple[str, dict[str, Any] | None]] = [
    ("confirm", None),
    ("check-in", None),
    ("check-out", None),
    ("undo-check-out", WHY),
    ("undo-check-in", WHY),
    ("adjust-price", {"amount": {"amount": "5.00", "currency": "EUR"}, **WHY}),
    ("cancel", None),
    ("reinstate", WHY),
]


def test_each_verb_is_refused_by_a_stale_tag_and_repeated_by_any(
    desk: Api, row: Reservation, clock: FrozenDateTimeFactory
) -> None:
    for verb, body in VERBS:
        if verb == "check-in":
            clock.move_to(row.starts_at)
        path = f"/reservations/{row.pk}/{verb}"
        before = tag(row)
        problem(desk.post(path, body, If_Match=STALE), 412, "precondition_failed")
        assert tag(row) == before, verb
        assert desk.post(path, body, If_Match=f"{STALE}, {before}").status_code == 200, verb
        again = desk.post(path, body, If_Match=STALE)
        assert (again.status_code, tag(row)) == (200, again["ETag"]), verb


def test_a_stale_tag_cancels_nothing(desk: Api, row: Reservation) -> None:
    old = tag(row)
    desk.patch(f"/reservations/{row.pk}", {"remarks": "late"})
    answer = desk.post(f"/reservations/{row.pk}/cancel", None, If_Match=old)
    problem(answer, 412, "precondition_failed")
    row.refresh_from_db()
    assert row.cancelled_at is None


def test_a_change_that_changes_nothing_is_accepted_by_any_tag(desk: Api, row: Reservation) -> None:
    path = f"/reservations/{row.pk}"
    desk.patch(path, {"remarks": "late", "guest_count": 2})
    before = tag(row)
    same = {"remarks": "late", "guest_count": 2, "check_in": stay(row.venue)["check_in"]}
    assert desk.patch(path, same, If_Match=STALE).status_code == 200
    assert tag(row) == before
    problem(desk.patch(path, same | {"remarks": ""}, If_Match=STALE), 412, "precondition_failed")


def test_words_of_a_trade_are_judged_too(administrator: Api) -> None:
    lot = make_venue("parking", confirms_at_once=True)
    row = hold(lot, NOON)
    path = f"/parking/reservations/{row.pk}/complete"
    problem(administrator.send("PUT", path, None, If_Match=STALE), 412, "precondition_failed")
    assert administrator.send("PUT", path, None, If_Match=tag(row)).status_code == 200


def test_what_asks_that_there_be_no_row_is_refused(desk: Api, row: Reservation) -> None:
    for asked in ("*", tag(row)):
        answer = desk.post(f"/reservations/{row.pk}/cancel", None, If_None_Match=asked)
        problem(answer, 412, "precondition_failed")


def test_a_document_one_has_is_not_sent_again(
    desk: Api, row: Reservation, clock: FrozenDateTimeFactory
) -> None:
    path = f"/reservations/{row.pk}"
    known = desk.get(path)["ETag"]
    answer = desk.get(path, If_None_Match=known)
    assert (answer.status_code, answer["ETag"], answer.content) == (304, known, b"")
    assert desk.get(path, If_None_Match=STALE).status_code == 200
    desk.patch(path, {"remarks": "late"})
    assert desk.get(path, If_None_Match=known).status_code == 200
    # The hold lapses: no version says so, and the status has changed.
    known = desk.get(path)["ETag"]
    clock.tick(timedelta(days=1))
    again = desk.get(path, If_None_Match=known)
    assert (again.status_code, again.json()["status"]) == (200, "expired")
