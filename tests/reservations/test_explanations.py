"""Why a time can or cannot be booked: every rule named, every row named, as a booking meets it."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from reservations import actions, clock, records
from reservations.availability import explanations
from reservations.availability.explanations import Explanation
from reservations.errors import Invalid, NotFound
from reservations.inventory import closures
from reservations.models import Allocation
from reservations.requests import Times
from tests.effort import some
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, around
from tests.reservations.test_snapshot import join
from tests.reservations.worlds import comes_to, moments, of_window
from venues.hours import Window
from venues.models import Opening, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

LUNCH = Window(NOON, NOON + 2 * HOUR)


def explain(
    venue: Venue, window: Window = LUNCH, *, resource: int | None = None, party: int = 1
) -> Explanation:
    return explanations.explain(
        records.load_venue(venue.pk),
        Times(starts_at=window.start, ends_at=window.end),
        resource=resource,
        party=party,
        now=clock.now(),
    )


def code(why: Explanation) -> str | None:
    return why.refusal.code if why.refusal else None


def first_unit(venue: Venue) -> int:
    return venue.resources.order_by("pk")[0].pk


def test_what_can_be_booked_has_nothing_against_it() -> None:
    venue = make_venue("parking", unit_choice="guest")
    for resource in (None, first_unit(venue)):
        why = explain(venue, resource=resource)
        assert (why.window, why.refusal, why.against) == (LUNCH, None, [])


@pytest.mark.parametrize(
    ("policy", "window", "rule"),
    [
        ({"notice": DAY + SECOND}, LUNCH, "too_soon"),
        ({"horizon": DAY - SECOND}, LUNCH, "too_far"),
        ({"longest_stay": 2 * HOUR - SECOND}, LUNCH, "too_long"),
        ({"shortest_stay": 2 * HOUR + SECOND}, LUNCH, "too_short"),
        ({}, Window(NOON + 4 * HOUR, NOON + 6 * HOUR), "closed"),
        ({"step": HOUR}, Window(NOON + MINUTE, NOON + HOUR), "not_offered"),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
def test_each_rule_is_named(
    policy: dict[str, Any], window: Window, rule: str, is_named: bool
) -> None:
    rules = {"longest_stay": None, "horizon": None, "step": None} | policy
    venue = make_venue("restaurant", **rules)
    add_hours(venue, time(9), time(17))
    resource = first_unit(venue) if is_named else None
    why = explain(venue, window, resource=resource)
    assert (code(why), why.against) == (rule, [])
    refusal = comes_to(of_window(venue, window, resource=resource))
    assert refusal is not None and refusal.code == rule


def test_slots_that_are_not_sold_are_named() -> None:
    venue = make_venue("practice", notice=timedelta(0), longest_stay=None)
    add_hours(venue, time(9), time(17), resource=venue.resources.get())
    window = Window(NOON + MINUTE, NOON + 16 * MINUTE)
    assert code(explain(venue, window, resource=first_unit(venue))) == "not_offered"
    refusal = comes_to(of_window(venue, window, resource=first_unit(venue)))
    assert refusal is not None and refusal.code == "not_offered"


def test_a_closed_night_is_named() -> None:
    venue = make_venue("hotel", notice=timedelta(0))
    Opening.objects.create(venue=venue, date=NOON.date())
    why = explain(venue, Window(NOON, NOON + DAY))
    assert code(why) == "closed"
    assert why.refusal is not None and "2027-03-01" in why.refusal.detail


def test_a_unit_that_may_not_be_chosen_is_named_as_that() -> None:
    venue = make_venue("parking")
    assert code(explain(venue, resource=first_unit(venue))) == "no_choice"
    assert explain(venue).refusal is None


def test_a_party_too_large_is_named_for_the_house_and_for_a_unit() -> None:
    venue = make_venue("restaurant", units=2, capacity=4)
    assert code(explain(venue, party=5)) == "party_too_large"
    why = explain(venue, party=5, resource=first_unit(venue))
    assert why.refusal is not None
    assert (why.refusal.code, why.refusal.detail) == (
        "party_too_large",
        "1 takes a party of at most 4. Choose a larger unit.",
    )


def test_a_party_for_tables_together_is_explained_by_those_tables() -> None:
    venue = make_venue("restaurant", units=3, capacity=4)
    join(venue, 8, "1", "2")
    assert explain(venue, party=8).refusal is None
    row = hold(venue, resource=venue.resources.get(name="2").pk)
    why = explain(venue, party=8)
    assert code(why) == "held_by_other"
    assert [one.reservation for one in why.against] == [row.pk]
    actions.confirm(reservation_id=row.pk, by=DESK)
    assert code(explain(venue, party=8)) == "taken"


def test_units_of_other_houses_and_retired_ones_are_not_found() -> None:
    venue, other = make_venue("restaurant", units=2), make_venue("restaurant")
    venue.resources.filter(name="1").update(retired_at=NOON)
    for resource in (first_unit(venue), first_unit(other), 2**62):
        with pytest.raises(NotFound):
            explain(venue, resource=resource)


def test_times_that_mean_no_range_are_invalid() -> None:
    with pytest.raises(Invalid):
        explain(make_venue("parking"), Window(NOON, NOON))


def test_every_row_against_a_range_is_named() -> None:
    venue = make_venue("restaurant", units=3, buffer_after=timedelta(0))
    one, two, three = venue.resources.order_by("pk")
    sold, held = hold(venue, resource=one.pk), hold(venue, hours=3, resource=two.pk)
    actions.confirm(reservation_id=sold.pk, by=DESK)
    closed = Window(NOON - HOUR, NOON + HOUR)
    closures.close(
        venue_id=venue.pk, resource_ids=[three.pk], window=closed, reason="paint", by=DESK
    )
    why = explain(venue)
    assert code(why) == "held_by_other"
    rows = {
        (row.unit, row.start, row.end, row.reservation, row.is_held, row.is_closure)
        for row in why.against
    }
    assert rows == {
        (one.pk, NOON, NOON + 2 * HOUR, sold.pk, False, False),
        (two.pk, NOON, NOON + 3 * HOUR, held.pk, True, False),
        (three.pk, closed.start, closed.end, None, False, True),
    }
    named = explain(venue, resource=three.pk)
    assert (code(named), [row.unit for row in named.against]) == ("taken", [three.pk])


def test_a_range_that_only_its_buffer_brings_too_near_is_explained() -> None:
    venue = make_venue("restaurant", buffer_after=15 * MINUTE)
    row = hold(venue)
    late = Window(NOON + 2 * HOUR + 15 * MINUTE, NOON + 3 * HOUR)
    near = Window(late.start - 15 * MINUTE, late.end)
    assert [one.reservation for one in explain(venue, near).against] == [row.pk]
    assert explain(venue, late).refusal is None


def test_a_hold_is_against_it_until_it_lapses(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant")
    row = hold(venue)
    assert row.hold_expires_at
    seen = []
    for instant in around(row.hold_expires_at):
        frozen.move_to(instant)
        seen.append(code(explain(venue)))
    assert seen == ["held_by_other", None, None]


def test_where_only_moving_somebody_would_help_those_who_are_fixed_are_named() -> None:
    venue = make_venue("parking", units=2, unit_choice="guest")
    rows = [
        hold(venue, start, 1, resource=one.pk)
        for start, one in zip((NOON, NOON + HOUR), venue.resources.order_by("pk"), strict=True)
    ]
    why = explain(venue)
    assert why.refusal is not None and why.refusal.code == "taken"
    assert why.refusal.facts == {"reason": "fixed_units", "units": ["1", "2"]}
    assert "1, 2" in why.refusal.detail
    assert [one.reservation for one in why.against] == [row.pk for row in rows]
    Allocation.objects.update(is_locked=False)
    assert explain(venue).refusal is None


def test_a_house_of_schedules_is_closed_only_while_everybody_is() -> None:
    venue = make_venue("practice", units=2, notice=timedelta(0), longest_stay=None)
    first, second = venue.resources.order_by("pk")
    add_hours(venue, time(12), time(13), resource=first)
    quarter = Window(NOON, NOON + 15 * MINUTE)
    assert explain(venue, quarter).refusal is None
    assert code(explain(venue, quarter, resource=second.pk)) == "closed"
    row = hold(venue, NOON, 0.25)
    why = explain(venue, quarter)
    assert (code(why), [one.reservation for one in why.against]) == ("held_by_other", [row.pk])
    assert code(explain(venue, Window(NOON - HOUR, NOON))) == "closed"


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", some(range(20, 26)))
def test_the_answer_is_what_a_booking_comes_to(seed: int, frozen: FrozenDateTimeFactory) -> None:
    for venue, window, party in moments(seed, frozen):
        wishes = [
            comes_to(of_window(venue, window, category=one, guest_count=party))
            for one in venue.categories.values_list("code", flat=True)
        ]
        why = explain(venue, window, party=party)
        assert (why.refusal is None) is (None in wishes), (why, wishes)
        if why.refusal is not None:
            assert why.refusal.code in {one.code for one in wishes if one}, (why, wishes)
        for unit in venue.resources.all():
            wish = of_window(venue, window, resource=unit.pk, guest_count=party)
            refusal = comes_to(wish)
            told = explain(venue, window, resource=unit.pk, party=party)
            assert code(told) == (refusal.code if refusal else None), (told, refusal)
            if code(told) in ("taken", "held_by_other"):
                assert told.against
                assert {row.unit for row in told.against} == {unit.pk}


def test_explaining_costs_the_same_whatever_there_is_to_explain() -> None:
    venue = make_venue("restaurant", units=1)
    for number in range(3):
        hold(venue, category="standard" if not number else f"more-{number}")
        explain(venue)
        with CaptureQueriesContext(connection) as asked:
            assert code(explain(venue)) == "held_by_other"
        # Whether the venue is as it was read; what takes its units; what stands against it.
        assert len(asked) == 3
        if number < 2:
            add_category(venue, f"more-{number + 1}")
