"""A partner uses a reference once, whoever is first, and its notes stay with it and the staff."""

import itertools
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from guests.callers import ANONYMOUS, Caller
from reservations import actions
from reservations.errors import Invalid, ReferenceUsed, Taken
from reservations.models import Event, Reservation
from reservations.privacy import blanks
from reservations.privacy.rooms import PersonalRows
from reservations.requests import Change
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.guests.races import race
from tests.reservations.facts import DAY, guest
from venues.models import Venue

pytestmark = pytest.mark.django_db

ACME = Caller(kind="partner", name="partner:acme", partner="acme", venue_ids=None)
OTHER = Caller(kind="partner", name="partner:other", partner="other", venue_ids=None)


@pytest.fixture
def venue() -> Venue:
    return make_venue(units=2)


def booked(venue: Venue, reference: str, *, by: Caller = ACME, **wish: Any) -> Reservation:
    return hold(venue, by=by, reference=reference, **wish)


@pytest.mark.usefixtures("frozen")
def test_a_reference_is_used_once_by_each_partner(venue: Venue) -> None:
    first = booked(venue, "A-1")
    with pytest.raises(ReferenceUsed) as told:
        booked(venue, "A-1", start=NOON + DAY)
    assert told.value.facts == {"id": str(first.pk)}
    assert booked(venue, "A-1", by=OTHER).reference == "A-1"
    assert Reservation.objects.count() == 2


@pytest.mark.usefixtures("frozen")
def test_a_repeat_is_told_of_its_reference_before_all_else(venue: Venue) -> None:
    # The answer to the first request was lost: its own room is what stands in the way.
    first = booked(venue, "A-1")
    booked(venue, "A-2")
    with pytest.raises(Taken):
        booked(venue, "A-3")
    for start in (NOON, NOON - 30 * DAY):
        with pytest.raises(ReferenceUsed) as told:
            booked(venue, "A-1", start=start)
        assert told.value.facts["id"] == str(first.pk)


@pytest.mark.usefixtures("frozen")
def test_only_partners_give_a_reference(venue: Venue) -> None:
    for by in (DESK, guest(), ANONYMOUS):
        with pytest.raises(Invalid) as told:
            booked(venue, "A-1", by=by)
        assert told.value.field == "reference"
    row = hold(venue)
    with pytest.raises(Invalid):
        actions.modify(reservation_id=row.pk, change=Change(reference="A-1"), by=DESK)


@pytest.mark.usefixtures("frozen")
def test_a_reference_can_be_changed_taken_away_and_given_again(venue: Venue) -> None:
    row, other = booked(venue, "A-1"), booked(venue, "A-2")
    with pytest.raises(ReferenceUsed) as told:
        actions.modify(reservation_id=other.pk, change=Change(reference="A-1"), by=ACME)
    assert told.value.facts == {"id": str(row.pk)}
    actions.modify(reservation_id=row.pk, change=Change(reference=""), by=ACME)
    actions.modify(reservation_id=other.pk, change=Change(reference="A-1"), by=ACME)
    event = Event.objects.filter(reservation=other).order_by("-pk")[0]
    assert event.data["changed"] == {"reference": {"from": "A-2", "to": "A-1"}}


@pytest.mark.usefixtures("frozen")
def test_a_group_gives_each_of_its_reservations_a_reference(venue: Venue) -> None:
    wish = booking(venue)
    pair = [replace(wish, reference=reference) for reference in ("A-1", "A-2")]
    rows = actions.hold_group(bookings=pair, by=ACME)
    assert [row.reference for row in rows] == ["A-1", "A-2"]
    later = [replace(booking(venue, NOON + DAY), reference=one) for one in ("A-3", "A-2")]
    with pytest.raises(ReferenceUsed) as told:
        actions.hold_group(bookings=later, by=ACME)
    assert told.value.facts == {"id": str(rows[1].pk)}
    assert Reservation.objects.count() == 2


@pytest.mark.usefixtures("frozen")
def test_history_says_that_metadata_changed_and_no_more(venue: Venue) -> None:
    row = hold(venue, by=ACME, metadata={"channel": "app"})
    row = actions.modify(reservation_id=row.pk, change=Change(metadata={"seat": "3"}), by=ACME)
    assert row.metadata == {"seat": "3"}
    event = Event.objects.filter(reservation=row).order_by("-pk")[0]
    assert event.data["changed"] == {"metadata": {"from": None, "to": None}}
    row = actions.modify(reservation_id=row.pk, change=Change(metadata={}), by=DESK)
    assert row.metadata is None


@pytest.mark.usefixtures("frozen")
def test_nothing_of_it_is_left_once_blanked(venue: Venue) -> None:
    row = booked(venue, "A-1", guest_count=3, children=(4, 9), metadata={"name": "Ada"})
    actions.modify(reservation_id=row.pk, change=Change(reference="A-2", children=(5,)), by=ACME)
    blanks.blank(PersonalRows(reservation_ids=[row.pk]))
    row.refresh_from_db()
    assert (row.reference, row.metadata, row.children) == (None, None, None)
    assert row.search_text == f" {row.code.lower()} "
    told = str(list(Event.objects.values_list("data", flat=True)))
    assert "A-1" not in told and "A-2" not in told
    assert not blanks.still_named(Reservation.objects.all()).exists()
    for said in ({"reference": "A-3"}, {"metadata": {"name": "Ada"}}, {"children": [4]}):
        Reservation.objects.update(**{"reference": None, "metadata": None, "children": None} | said)
        assert blanks.still_named(Reservation.objects.all()).exists()


@pytest.mark.usefixtures("frozen")
def test_staff_find_a_reservation_by_its_reference(venue: Venue) -> None:
    row = booked(venue, "Order 18-15")
    for asked in ("order 18-15", "1815"):
        assert Reservation.objects.matching(asked).get() == row


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("frozen")
class TestRaces:
    @pytest.mark.parametrize("confirms_at_once", [True, False])
    def test_of_two_at_once_one_is_told_of_the_other(self, confirms_at_once: bool) -> None:
        venue = make_venue(units=4, confirms_at_once=confirms_at_once)
        for number in range(10):
            start = NOON + number * DAY
            outcomes = race(3, partial(booked, venue, f"A-{number}", start=start))
            (made,) = (one for one in outcomes if isinstance(one, Reservation))
            refused = [one for one in outcomes if one is not made]
            assert [type(one) for one in refused] == [ReferenceUsed] * 2, outcomes
            assert {one.facts["id"] for one in refused} == {str(made.pk)}
        assert Reservation.objects.count() == 10

    def test_of_two_changes_at_once_one_is_told_of_the_other(self) -> None:
        venue = make_venue(units=2)
        for number in range(10):
            rows = [hold(venue, NOON + number * DAY, by=ACME) for _ in range(2)]
            change = Change(reference=f"A-{number}")
            keys = itertools.cycle([row.pk for row in rows])
            acts = partial(_changed, keys, change)
            outcomes = race(2, acts)
            (made,) = (one for one in outcomes if isinstance(one, Reservation))
            (refused,) = (one for one in outcomes if one is not made)
            assert isinstance(refused, ReferenceUsed)
            assert refused.facts == {"id": str(made.pk)}


def _changed(keys: "itertools.cycle[int]", change: Change) -> Reservation:
    return actions.modify(reservation_id=next(keys), change=change, by=ACME)
