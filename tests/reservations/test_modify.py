"""Changing a reservation: details at once, time as if booked anew, all of it or nothing."""

from collections.abc import Callable, Iterable
from datetime import datetime, time
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.errors import ContactInvalid
from reservations import actions
from reservations.allocation import ledger
from reservations.errors import (
    ChangedMeanwhile,
    Closed,
    Forbidden,
    HeldByOther,
    HoldExpired,
    Invalid,
    NoChoice,
    NotFound,
    PartyTooLarge,
    Taken,
    TooLong,
    TooSoon,
    WrongStatus,
)
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Change, Times
from tests.factories import DESK, NOON, add_category, add_hours, hold, make_venue
from tests.guests.factories import StaffFactory
from tests.reservations.facts import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    guest,
    overlaps,
    rows,
    taken,
    told,
    unit,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def modify(row: Reservation, **wish: Any) -> Reservation:
    by = wish.pop("by", DESK)
    return actions.modify(reservation_id=row.pk, change=Change(**wish), by=by)


def move(row: Reservation, start: datetime, hours: int = 2, **wish: Any) -> Reservation:
    return modify(row, times=Times(starts_at=start, ends_at=start + hours * HOUR), **wish)


def test_details_change_without_touching_the_time() -> None:
    row = hold(make_venue())
    before = rows(row)
    changed = modify(row, details={"first_name": "Grace", "occasion": "birthday"})
    assert (changed.first_name, changed.occasion) == ("Grace", "birthday")
    assert [one.pk for one in rows(row)] == [one.pk for one in before]
    assert told(row)[-1] == "modified"


def test_a_wrong_detail_is_refused_with_nothing_changed() -> None:
    row = hold(make_venue())
    with pytest.raises(ContactInvalid):
        move(row, NOON + DAY, details={"phone": "nonsense"})
    row.refresh_from_db()
    assert row.starts_at == NOON
    assert taken(row) == (NOON, NOON + 2 * HOUR)


def test_a_new_time_frees_the_old_one() -> None:
    venue = make_venue()
    row = hold(venue)
    move(row, NOON + 2 * HOUR)
    assert taken(row) == (NOON + 2 * HOUR, NOON + 4 * HOUR)
    assert hold(venue).pk


def test_a_new_time_may_overlap_its_own_old_one() -> None:
    row = hold(make_venue())
    move(row, NOON + HOUR)
    assert taken(row) == (NOON + HOUR, NOON + 3 * HOUR)


def test_a_start_alone_moves_the_whole_range() -> None:
    row = hold(make_venue(), hours=3)
    changed = modify(row, times=Times(starts_at=NOON + DAY))
    assert (changed.starts_at, changed.ends_at) == (NOON + DAY, NOON + DAY + 3 * HOUR)


def test_an_end_alone_keeps_the_start() -> None:
    changed = modify(hold(make_venue()), times=Times(ends_at=NOON + 5 * HOUR))
    assert (changed.starts_at, changed.ends_at) == (NOON, NOON + 5 * HOUR)


def test_nights_move_by_their_dates() -> None:
    venue = make_venue("hotel", notice=0 * DAY)
    row = hold(venue, NOON + 5 * DAY, 48)
    changed = modify(row, times=Times(check_out=(NOON + 9 * DAY).date()))
    assert changed.starts_at == row.starts_at
    assert (changed.ends_at - row.ends_at) == 2 * DAY
    assert changed.price_minor == 4_000


@pytest.mark.parametrize(("is_held", "refusal"), [(False, Taken), (True, HeldByOther)])
def test_time_that_somebody_has_is_refused_with_nothing_changed(
    is_held: bool, refusal: type[Exception]
) -> None:
    venue = make_venue(confirms_at_once=not is_held)
    row = hold(venue)
    hold(venue, NOON + 2 * HOUR)
    before = row.version
    with pytest.raises(refusal):
        move(row, NOON + HOUR)
    row.refresh_from_db()
    assert (row.starts_at, row.version) == (NOON, before)
    assert taken(row) == (NOON, NOON + 2 * HOUR)
    assert "modified" not in told(row)


def test_time_whose_hold_has_lapsed_can_be_had(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(confirms_at_once=False)
    row = hold(venue)
    actions.confirm(reservation_id=row.pk, by=DESK)
    lapsed = hold(venue, NOON + 2 * HOUR)
    frozen.tick(30 * MINUTE)
    move(row, NOON + HOUR)
    assert rows(lapsed) == []
    assert told(lapsed) == ["created", "expired"]


def test_a_held_one_keeps_the_instant_it_lapses() -> None:
    row = hold(make_venue(confirms_at_once=False))
    changed = move(row, NOON + DAY)
    assert changed.hold_expires_at == row.hold_expires_at
    assert [one.lapses_at for one in rows(row)] == [row.hold_expires_at]


def test_what_was_promised_is_promised_anew() -> None:
    row = hold(make_venue(grace=HOUR, cancel_deadline=DAY, cancel_fee_percent=50))
    changed = move(row, NOON + DAY, 4)
    assert changed.price_minor == 4_000
    assert changed.cancel_fee_minor == 2_000
    assert changed.cancel_free_until == NOON
    assert changed.no_show_at == NOON + DAY + HOUR
    assert [one.lapses_at for one in rows(row)] == [NOON + DAY + HOUR]


def test_the_policy_judges_a_new_time(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue(notice=DAY)
    row = hold(venue)
    with pytest.raises(TooSoon):
        move(row, NOON - SECOND)
    assert move(row, NOON + SECOND).starts_at == NOON + SECOND


def test_the_policy_does_not_judge_a_time_that_was_sold(frozen: FrozenDateTimeFactory) -> None:
    row = hold(make_venue("restaurant", notice=DAY))
    frozen.move_to(NOON - 5 * MINUTE)
    actions.modify(
        reservation_id=hold(row.venue, NOON + 2 * DAY).pk, change=Change(guest_count=2), by=DESK
    )
    with pytest.raises(HoldExpired):
        modify(row, guest_count=2)


def test_hours_made_since_do_not_stand_against_a_party_that_grows() -> None:
    row = hold(make_venue())
    row.venue.openings.create(date=NOON.date())
    assert modify(row, guest_count=3).guest_count == 3
    with pytest.raises(Closed):
        move(row, NOON + HOUR)


def test_a_party_that_outgrows_its_unit_is_given_another() -> None:
    venue = make_venue("restaurant", units=1, capacity=2)
    row = hold(venue, guest_count=2)
    venue.resources.create(category=venue.categories.get(), name="big", capacity=6)
    modify(row, guest_count=5)
    assert unit(row) == "big"


@pytest.mark.parametrize("is_promised", [True, False])
def test_a_party_that_no_unit_seats_stays_as_it_is(is_promised: bool) -> None:
    venue = make_venue("restaurant", capacity=4)
    chosen = venue.resources.get().pk if is_promised else None
    row = hold(venue, guest_count=2, resource=chosen)
    with pytest.raises(PartyTooLarge):
        modify(row, guest_count=5)
    row.refresh_from_db()
    assert row.guest_count == 2


def test_a_promised_unit_stays_the_promised_one() -> None:
    venue = make_venue(units=3, unit_choice="guest")
    row = hold(venue, resource=venue.resources.get(name="2").pk)
    move(row, NOON + DAY)
    assert unit(row) == "2"
    hold(venue, NOON + 2 * DAY, resource=venue.resources.get(name="2").pk)
    with pytest.raises(Taken):
        move(row, NOON + 2 * DAY)


def test_an_unpromised_unit_is_kept_where_that_can_be() -> None:
    venue = make_venue(units=3)
    row = hold(venue)
    before = unit(row)
    move(row, NOON + HOUR)
    assert unit(row) == before


def test_another_unit_can_be_chosen_and_is_then_promised() -> None:
    venue = make_venue(units=2, unit_choice="guest")
    row = hold(venue, resource=venue.resources.get(name="1").pk)
    modify(row, resource=venue.resources.get(name="2").pk)
    assert (unit(row), rows(row)[0].is_locked) == ("2", True)
    assert hold(venue, resource=venue.resources.get(name="1").pk).pk


def test_where_the_house_chooses_no_unit_can_be_named() -> None:
    venue = make_venue(units=2)
    row = hold(venue)
    with pytest.raises(NoChoice):
        modify(row, resource=venue.resources.all()[0].pk)


def test_another_category_is_another_unit_and_another_price() -> None:
    venue = make_venue()
    suite = add_category(venue, "suite")
    venue.rates.create(category=suite, unit="hour", amount_minor=5_000)
    row = hold(venue, category="standard")
    changed = modify(row, category="suite")
    assert (changed.category, changed.price_minor, unit(row)) == (suite, 10_000, "2")


def test_a_version_that_is_not_the_last_is_refused() -> None:
    row = hold(make_venue())
    modify(row, details={"remarks": "window"}, version=row.version)
    for wish in ({"details": {"remarks": "door"}}, {"guest_count": 2}):
        with pytest.raises(ChangedMeanwhile):
            modify(row, **wish, version=row.version)


def test_a_stranger_finds_nothing_to_change() -> None:
    with pytest.raises(NotFound):
        modify(hold(make_venue()), details={}, by=guest())


def test_a_guest_changes_their_own_as_often_as_they_like() -> None:
    by = guest()
    row = hold(make_venue(), by=by)
    for hours in range(1, 4):
        move(row, NOON + hours * HOUR, by=by)
    assert taken(row) == (NOON + 3 * HOUR, NOON + 5 * HOUR)


def test_staff_may_say_why_the_policy_does_not_count_and_it_is_kept() -> None:
    venue = make_venue(horizon=2 * DAY)
    row = hold(venue)
    staff = callers.for_user(StaffFactory.create(staff_venues=[venue]))
    move(row, NOON + 9 * DAY, by=staff, override_reason="storm")
    assert Event.objects.get(name="reservation.modified").data["override_reason"] == "storm"
    with pytest.raises(Forbidden):
        move(hold(venue, by=(by := guest())), NOON + 9 * DAY, by=by, override_reason="please")


@pytest.mark.parametrize("end", ["cancel", "check_out", "expire", "miss"])
def test_what_is_over_cannot_be_changed(frozen: FrozenDateTimeFactory, end: str) -> None:
    row = hold(make_venue(confirms_at_once=end != "expire"))
    match end:
        case "cancel":
            actions.cancel(reservation_id=row.pk, by=DESK)
        case "check_out":
            frozen.move_to(NOON)
            actions.check_in(reservation_id=row.pk, by=DESK)
            actions.check_out(reservation_id=row.pk, by=DESK)
        case _:
            frozen.move_to(NOON + HOUR)
    with pytest.raises(HoldExpired if end == "expire" else WrongStatus):
        modify(row, guest_count=2)
    if end == "expire":
        with pytest.raises(HoldExpired):
            modify(row, details={"remarks": "x"})


@pytest.mark.parametrize("end", ["cancel", "check_out", "miss"])
def test_staff_put_contact_and_remarks_of_what_is_over_right(
    frozen: FrozenDateTimeFactory, end: str
) -> None:
    by = guest()
    row = hold(make_venue(confirms_at_once=True), by=by)
    frozen.move_to(NOON)
    if end == "check_out":
        actions.check_in(reservation_id=row.pk, by=DESK)
        actions.check_out(reservation_id=row.pk, by=DESK)
    elif end == "cancel":
        actions.cancel(reservation_id=row.pk, by=DESK)
    else:
        frozen.move_to(NOON + HOUR)
    after = modify(row, details={"remarks": "Paid in cash.", "phone": "+31207654321"})
    assert (after.remarks, after.phone) == ("Paid in cash.", "+31207654321")
    with pytest.raises(WrongStatus):
        modify(row, by=by, details={"remarks": "x"})


def present(frozen: FrozenDateTimeFactory, **venue: Any) -> Reservation:
    row = hold(make_venue(**venue))
    frozen.move_to(NOON)
    return actions.check_in(reservation_id=row.pk, by=DESK)


def test_a_guest_who_is_here_may_stay_longer(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen)
    frozen.tick(HOUR)
    changed = modify(row, times=Times(ends_at=NOON + 5 * HOUR))
    assert (changed.ends_at, changed.price_minor) == (NOON + 5 * HOUR, 5_000)
    assert taken(row) == (NOON, NOON + 5 * HOUR)


def test_a_guest_who_is_here_may_stay_no_longer_than_the_next_allows(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen)
    hold(row.venue, NOON + 3 * HOUR)
    assert modify(row, times=Times(ends_at=NOON + 3 * HOUR)).ends_at == NOON + 3 * HOUR
    with pytest.raises(Taken):
        modify(row, times=Times(ends_at=NOON + 3 * HOUR + SECOND))
    assert taken(row) == (NOON, NOON + 3 * HOUR)


def test_a_guest_who_is_here_cannot_have_come_at_another_time(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen)
    with pytest.raises(WrongStatus):
        move(row, NOON + HOUR)
    frozen.tick(HOUR)
    with pytest.raises(Invalid):
        modify(row, times=Times(ends_at=NOON + HOUR))


def test_a_guest_who_is_here_moves_from_now_on_and_the_past_stays_as_it_was(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen, units=2, unit_choice="guest")
    first, second = row.venue.resources.order_by("pk")
    before = rows(row)[0].resource
    other = second if before == first else first
    frozen.tick(HOUR)
    modify(row, resource=other.pk)
    assert [(one.resource, one.starts_at, one.ends_at) for one in rows(row)] == [
        (before, NOON, NOON + HOUR),
        (other, NOON + HOUR, NOON + 2 * HOUR),
    ]
    assert hold(row.venue, NOON + HOUR, 1, resource=before.pk).pk


@pytest.mark.parametrize("wait", ["lock_units", "lock_reservations"])
def test_an_end_that_comes_while_a_lock_is_waited_for_is_the_end(
    frozen: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, wait: str
) -> None:
    row = present(frozen, units=2, unit_choice="guest")
    (other,) = row.venue.resources.exclude(pk=rows(row)[0].resource_id)
    frozen.tick(HOUR)
    lock: Callable[..., Any] = getattr(ledger, wait)

    def had_late(ids: Iterable[int]) -> Any:
        found = lock(ids)
        frozen.tick(2 * HOUR)
        return found

    monkeypatch.setattr(ledger, wait, had_late)
    with pytest.raises(Invalid):
        modify(row, resource=other.pk)


def test_a_guest_moved_while_here_may_still_stay_longer(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen, units=2, unit_choice="guest")
    (other,) = row.venue.resources.exclude(pk=rows(row)[0].resource_id)
    # Somebody had the other unit until the move.
    Allocation.objects.create(
        venue=row.venue,
        resource=other,
        closure_id="7d1b3a52-9f43-4a9e-9c0a-3a3f6f0f7a01",
        starts_at=NOON - HOUR,
        ends_at=NOON + HOUR,
    )
    frozen.tick(HOUR)
    modify(row, resource=other.pk)
    modify(row, times=Times(ends_at=NOON + 6 * HOUR))
    assert [(one.starts_at, one.ends_at) for one in rows(row)] == [
        (NOON, NOON + HOUR),
        (NOON + HOUR, NOON + 6 * HOUR),
    ]


def test_a_guest_who_is_here_moves_up_a_category_from_now_on(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen)
    suite = add_category(row.venue, "suite", units=2)
    row.venue.rates.create(category=suite, unit="hour", amount_minor=5_000)
    hold(row.venue, NOON + HOUR, category="suite")
    frozen.tick(HOUR)
    changed = modify(row, category="suite", times=Times(ends_at=NOON + 4 * HOUR))
    # A move by the house keeps the tariff as sold.
    assert (changed.category, changed.price_minor) == (suite, 4_000)
    assert [(one.starts_at, one.ends_at) for one in rows(row)] == [
        (NOON, NOON + HOUR),
        (NOON + HOUR, NOON + 4 * HOUR),
    ]
    assert list(overlaps()) == []


def test_a_move_to_where_there_is_no_room_leaves_a_guest_where_they_are(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen)
    add_category(row.venue, "suite")
    hold(row.venue, NOON + HOUR, category="suite")
    with pytest.raises(Taken):
        modify(row, category="suite")
    assert taken(row) == (NOON, NOON + 2 * HOUR)


def test_a_guest_who_is_here_stays_within_the_hours_and_the_longest_stay(
    frozen: FrozenDateTimeFactory,
) -> None:
    row = present(frozen, longest_stay=6 * HOUR)
    add_hours(row.venue, time(8), time(17))
    assert modify(row, times=Times(ends_at=NOON + 5 * HOUR)).ends_at == NOON + 5 * HOUR
    with pytest.raises(Closed):
        modify(row, times=Times(ends_at=NOON + 5 * HOUR + SECOND))
    with pytest.raises(TooLong):
        modify(row, times=Times(ends_at=NOON + 6 * HOUR + SECOND))
    longer = Times(ends_at=NOON + 9 * HOUR)
    assert modify(row, times=longer, override_reason="ill").ends_at == NOON + 9 * HOUR


def test_a_party_that_is_here_cannot_outgrow_its_unit(frozen: FrozenDateTimeFactory) -> None:
    row = present(frozen, capacity=4)
    assert modify(row, guest_count=4).guest_count == 4
    with pytest.raises(PartyTooLarge):
        modify(row, guest_count=5)


def test_a_change_made_on_what_has_changed_meanwhile_does_not_undo_it() -> None:
    row = hold(make_venue())
    stale = Reservation.objects.select_related("venue__policy", "category").get(pk=row.pk)
    move(row, NOON + DAY, 3)
    with pytest.raises(ChangedMeanwhile):
        modify(stale, times=Times(ends_at=NOON + 4 * HOUR), version=stale.version)
    row.refresh_from_db()
    assert row.starts_at == NOON + DAY
