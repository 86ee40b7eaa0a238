"""A party is its adults and its children, whatever was said of it and in whatever order."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from reservations import actions
from reservations.errors import Invalid, PartyTooLarge
from reservations.models import Event, Reservation
from reservations.requests import Change
from reservations.rules import parties
from tests.factories import DESK, NOON, hold, make_venue

AGES = st.lists(st.integers(0, parties.OLDEST_CHILD), max_size=4)
SIZES = st.integers(1, 6)
SAID = st.fixed_dictionaries(
    {},
    optional={"guest_count": SIZES, "adults": st.integers(0, 5), "children": AGES.map(tuple)},
)


def row(guest_count: int, children: list[int] | None = None) -> Any:
    return SimpleNamespace(guest_count=guest_count, children=children)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((3, None, None), 3),
        ((None, 2, None), 2),
        ((None, 2, [4]), 3),
        ((3, None, [4]), 3),
        ((1, None, [4]), 1),
        ((3, 2, [4]), 3),
        ((None, 0, [17]), 1),
        ((None, None, [4]), None),
        ((None, None, None), None),
    ],
)
def test_what_was_left_out_follows(said: Any, expected: int | None) -> None:
    assert parties.total(*said) == expected


@pytest.mark.parametrize(
    "said", [(3, 2, None), (3, 2, []), (3, 3, [4]), (1, None, [4, 9]), (None, 0, None)]
)
def test_what_contradicts_itself_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        parties.total(*said)


def test_a_server_of_before_may_have_made_the_party_smaller() -> None:
    assert (parties.adults_of(row(1, [4, 9])), parties.children_of(row(1, [4, 9]))) == (1, [])
    assert (parties.adults_of(row(2)), parties.children_of(row(2))) == (2, [])


@given(guests=SIZES, children=AGES, changes=st.lists(SAID, max_size=6))
def test_any_sequence_of_changes_leaves_a_party_that_adds_up(
    guests: int, children: list[int], changes: list[dict[str, Any]]
) -> None:
    held = row(guests, children if len(children) <= guests else None)
    for said in changes:
        before = (held.guest_count, parties.adults_of(held), parties.children_of(held))
        try:
            change = parties.changed(held, Change(**said))
        except Invalid:
            continue
        if change.children is not None:
            held.children = list(change.children) or None
        held.guest_count = change.guest_count or held.guest_count
        adults, ages = parties.adults_of(held), parties.children_of(held)
        assert held.guest_count == adults + len(ages) >= 1 and adults >= 0
        # What was said is so, and what was not said stays as far as it can.
        assert said.get("guest_count", held.guest_count) == held.guest_count
        assert said.get("adults", adults) == adults
        assert list(said.get("children", before[2])) == ages
        if "guest_count" not in said:
            assert said.get("adults", before[1]) == adults


@pytest.mark.django_db
@pytest.mark.usefixtures("frozen")
class TestOfReservations:
    def test_both_ways_of_writing_keep_the_ages(self) -> None:
        venue = make_venue(units=2)
        fast = hold(venue, guest_count=3, children=(4, 9))
        locked = hold(venue, guest_count=3, children=(4, 9), override_reason="a family")
        for pk in (fast.pk, locked.pk):
            assert Reservation.objects.get(pk=pk).children == [4, 9]

    def test_what_was_not_given_is_null(self) -> None:
        hold(make_venue())
        with connection.cursor() as cursor:
            cursor.execute("SELECT children, metadata, reference FROM reservations_reservation")
            assert cursor.fetchall() == [(None, None, None)]

    def test_a_larger_family_is_judged_as_a_larger_party(self) -> None:
        held = hold(make_venue(capacity=3), guest_count=3, children=(4,))
        with pytest.raises(PartyTooLarge):
            changed(held, children=(4, 9))
        held.refresh_from_db()
        assert (held.guest_count, held.children, held.version) == (3, [4], 1)

    def test_history_says_what_differs(self) -> None:
        held = hold(make_venue(), guest_count=2)
        changed(held, guest_count=3, children=(4,))
        event = Event.objects.filter(reservation=held).order_by("-pk")[0]
        assert event.data["changed"] == {
            "children": {"from": None, "to": [4]},
            "guest_count": {"from": 2, "to": 3},
        }

    def test_ages_of_a_stay_that_is_here_can_be_put_right(self) -> None:
        held = hold(make_venue(confirms_at_once=True), guest_count=2, children=(4,))
        Reservation.objects.update(checked_in_at=NOON)
        assert changed(held, children=(5,)).children == [5]

    def test_a_guest_count_below_the_children_is_refused(self) -> None:
        held = hold(make_venue(), guest_count=3, children=(4, 9))
        with pytest.raises(Invalid):
            changed(held, guest_count=1)
        assert changed(held, guest_count=2).guest_count == 2


def changed(held: Reservation, **said: Any) -> Reservation:
    return actions.modify(reservation_id=held.pk, change=Change(**said), by=DESK)
