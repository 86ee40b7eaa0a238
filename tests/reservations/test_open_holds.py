"""How many holds may be open at once: of a guest, of a partner, and from one address."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from guests import callers
from guests.callers import Caller
from reservations import actions, clock, sweeps
from reservations.errors import Busy, Forbidden, TooManyHolds, TooSoon
from reservations.idempotency import Answer, Once, Repeated
from reservations.limits import open_holds
from reservations.limits.limit import Limit
from reservations.models import Reservation
from reservations.privacy import erasure
from reservations.requests import Change, Times
from reservations.status import Status
from tests.factories import DESK, NOON, booking, hold, make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, StaffFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, MINUTE, around, guest
from venues import catalogue
from venues.models import Policy, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

CROWD = pytest.mark.django_db(transaction=True)

LAPSE = NOON - DAY + 30 * MINUTE
NIGHT = Times(check_in=NOON.date() + DAY, check_out=NOON.date() + 2 * DAY)
HERE = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _two_each(settings: Settings) -> None:
    settings.HOLDS_PER_GUEST = settings.HOLDS_PER_KEY = 2
    settings.HOLDS_PER_ADDRESS = 3


@pytest.fixture
def venue() -> Venue:
    """As many units as anybody here may want."""
    return make_venue("restaurant", units=70, early_check_in=2 * DAY, hold_time=30 * MINUTE)


def partner() -> Caller:
    return callers.for_partner(PartnerFactory.create(has_all_venues=True))


def refused(venue: Venue, by: Caller, **wish: Any) -> TooManyHolds:
    before = list(Reservation.objects.values())
    with pytest.raises(TooManyHolds) as refusal:
        hold(venue, by=by, **wish)
    assert list(Reservation.objects.values()) == before
    return refusal.value


@pytest.mark.parametrize(("make", "per"), [(guest, "guest"), (partner, "key")])
def test_so_many_may_be_open_and_no_more(
    venue: Venue, make: Callable[[], Caller], per: str
) -> None:
    by = make()
    for _ in range(2):
        hold(venue, by=by)
    assert refused(venue, by).facts == {"per": per, "open": 2, "limit": 2, "may_free_at": LAPSE}
    hold(venue, by=make())


def test_an_address_counts_over_all_its_guests_and_partners(venue: Venue) -> None:
    everybody = [replace(one, origin=HERE) for one in (guest(), partner(), guest(), guest())]
    for by in everybody[:3]:
        hold(venue, by=by)
    assert refused(venue, everybody[3]).facts["per"] == "address"
    hold(venue, by=replace(everybody[3], origin="elsewhere"))


def test_an_address_that_is_not_known_is_none(venue: Venue) -> None:
    for _ in range(4):
        hold(venue, by=guest())


def test_holds_at_all_venues_count_together(venue: Venue) -> None:
    by = guest()
    hold(venue, by=by)
    hold(make_venue("hotel"), by=by, times=NIGHT)
    refused(venue, by)


@pytest.mark.parametrize("make", [StaffFactory, AdministratorFactory])
def test_staff_are_not_limited(venue: Venue, make: Any) -> None:
    by = replace(callers.for_user(make.create(staff_venues=[venue])), origin=HERE)
    for _ in range(5):
        assert hold(venue, by=by).held_from is None
    for _ in range(5):
        hold(venue, by=DESK)


def test_zero_is_no_limit_and_then_nobody_notes_an_address(
    venue: Venue, settings: Settings
) -> None:
    settings.HOLDS_PER_GUEST = settings.HOLDS_PER_ADDRESS = 0
    by = replace(guest(), origin=HERE)
    for _ in range(5):
        assert hold(venue, by=by).held_from is None


def test_what_confirms_at_once_is_no_hold(venue: Venue) -> None:
    by, at_once = guest(), make_venue(units=5)
    for _ in range(3):
        hold(at_once, by=by)
    for _ in range(2):
        hold(venue, by=by)
    hold(at_once, by=by)
    refused(venue, by)


@pytest.mark.postgres
def test_what_confirms_at_once_and_costs_nothing_takes_one_statement_and_no_lock(
    django_assert_num_queries: Any,
) -> None:
    by, at_once = guest(), make_venue(units=2)
    Rate.objects.filter(venue=at_once).update(amount_minor=0)
    hold(at_once, by=by)
    with django_assert_num_queries(0):  # the driver's own cursor runs the one there is
        hold(at_once, by=by)


def test_a_venue_that_was_read_before_its_policy_changed_is_counted_as_it_is() -> None:
    by, venue = guest(), make_venue(units=5)
    hold(venue, by=by)
    Policy.objects.update(confirms_at_once=False)
    for _ in range(2):
        hold(venue, by=by)
    refused(venue, by)


def test_what_has_come_to_confirm_at_once_is_not_refused_for_what_it_was() -> None:
    by, venue = guest(), make_venue(units=5, confirms_at_once=False)
    for _ in range(2):
        hold(venue, by=by)
    refused(venue, by)
    Policy.objects.update(confirms_at_once=True)
    assert hold(venue, by=by).confirmed_at


@pytest.mark.postgres
def test_a_hold_that_is_counted_takes_a_lock_a_count_and_the_one_statement(
    venue: Venue, django_assert_num_queries: Any
) -> None:
    hold(venue)
    by = replace(guest(), origin=HERE)
    with django_assert_num_queries(4):  # with begin and commit; the driver's cursor runs the one
        hold(venue, by=by)


@pytest.mark.parametrize("verb", [actions.confirm, actions.cancel])
def test_a_hold_that_is_confirmed_or_given_up_makes_room(venue: Venue, verb: Any) -> None:
    by = guest()
    rows = [hold(venue, by=by) for _ in range(2)]
    refused(venue, by)
    verb(reservation_id=rows[0].pk, by=by)
    hold(venue, by=by)
    refused(venue, by)


@pytest.mark.parametrize("instant", around(LAPSE))
def test_a_lapsed_hold_makes_room_from_that_instant_worker_or_none(
    venue: Venue, frozen: FrozenDateTimeFactory, instant: Any
) -> None:
    by = guest()
    hold(venue, by=by)
    frozen.tick(MINUTE)
    hold(venue, by=by)
    frozen.move_to(instant)
    if instant < LAPSE:
        assert refused(venue, by).facts["may_free_at"] == LAPSE
        return
    hold(venue, by=by)
    assert refused(venue, by).facts["may_free_at"] == LAPSE + MINUTE


def test_a_move_makes_no_hold(venue: Venue) -> None:
    by = guest()
    rows = [hold(venue, by=by) for _ in range(2)]
    times = Times(starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR)
    moved = actions.modify(reservation_id=rows[0].pk, change=Change(times=times), by=by)
    assert moved.starts_at == NOON + HOUR


@pytest.mark.parametrize("end", ["confirm", "check_in", "cancel", "lapse", "erase"])
def test_where_a_hold_was_made_from_is_forgotten_with_it(
    venue: Venue, frozen: FrozenDateTimeFactory, end: str
) -> None:
    by = replace(guest(), origin=HERE)
    row = hold(venue, by=by)
    assert Reservation.objects.get().held_from == HERE
    match end:
        case "confirm" | "cancel":
            getattr(actions, end)(reservation_id=row.pk, by=by)
        case "check_in":
            actions.check_in(reservation_id=row.pk, by=DESK)
        case "lapse":
            frozen.move_to(LAPSE)
            assert sweeps.expire_holds() == 1
        case _:
            erasure.blank(by.user_id or 0)
    assert Reservation.objects.get().held_from is None


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"confirmed_at": NOON - DAY},
        {"cancelled_at": NOON - DAY},
        {"expired_at": LAPSE - MINUTE},
        {"confirmed_at": NOON - DAY, "cancelled_at": NOON - DAY},
    ],
)
@pytest.mark.parametrize("instant", around(LAPSE))
def test_what_is_counted_is_what_is_held(venue: Venue, facts: Any, instant: Any) -> None:
    row = hold(venue)
    Reservation.objects.update(**facts)
    row.refresh_from_db()
    is_held = row.status_at(instant) is Status.HELD
    assert Reservation.objects.held(at=instant).exists() is is_held


def test_a_group_counts_each_of_its_reservations(venue: Venue, settings: Settings) -> None:
    settings.HOLDS_PER_GUEST = 4
    by = guest()
    hold(venue, by=by)
    wishes = [booking(venue)] * 4
    with pytest.raises(TooManyHolds) as refusal:
        actions.hold_group(bookings=wishes, by=by)
    assert refusal.value.facts["open"] == 1
    assert refusal.value.facts["may_free_at"] == LAPSE
    assert Reservation.objects.count() == 1
    actions.hold_group(bookings=wishes[:3], by=by)
    refused(venue, by)


def test_no_time_makes_room_for_a_group_that_is_larger_than_the_limit(venue: Venue) -> None:
    with pytest.raises(TooManyHolds) as refusal:
        actions.hold_group(bookings=[booking(venue)] * 3, by=guest())
    assert refusal.value.facts == {"per": "guest", "open": 0, "limit": 2}


def test_a_request_that_comes_again_gets_its_answer_though_there_is_no_room(venue: Venue) -> None:
    by = guest()
    once = Once(
        caller=by.name, key="k", fingerprint="f", render=lambda row: Answer(201, str(row.pk))
    )
    row = actions.hold(booking=booking(venue), by=by, once=once)
    hold(venue, by=by)
    with pytest.raises(Repeated) as repeated:
        actions.hold(booking=booking(venue), by=by, once=once)
    assert repeated.value.answer.body == str(row.pk)
    with pytest.raises(TooManyHolds):
        actions.hold(booking=booking(venue), by=by, once=replace(once, key="other"))


@pytest.mark.parametrize("how", ["plain", "keyed", "first", "group"])
def test_what_the_venue_refuses_is_said_before_the_limit(venue: Venue, how: str) -> None:
    by, too_soon = guest(), booking(venue, NOON - 2 * DAY)
    for _ in range(2):
        hold(venue, by=by)
    if how == "first":
        catalogue._kept.clear()  # as in a process that has just begun
    once = Once(caller=by.name, key="k", fingerprint="f", render=lambda _: Answer(201, ""))
    with pytest.raises(TooSoon):
        if how == "group":
            actions.hold_group(bookings=[too_soon], by=by)
        else:
            actions.hold(booking=too_soon, by=by, once=once if how == "keyed" else None)


def test_a_key_for_another_venue_is_told_so_before_the_limit(venue: Venue) -> None:
    by = callers.for_partner(PartnerFactory.create(venues=[venue]))
    for _ in range(2):
        hold(venue, by=by)
    catalogue._kept.clear()
    with pytest.raises(Forbidden):
        hold(make_venue("restaurant"), by=by)


def test_one_that_takes_the_place_of_another_is_not_one_more() -> None:
    venue = make_venue(
        "restaurant", units=1, unit_choice="guest", per_day=Policy.PerDay.REPLACE, step=None
    )
    by, unit = guest(), venue.resources.get().pk
    first, _ = [hold(venue, NOON + number * DAY, by=by, resource=unit) for number in range(2)]
    again = hold(venue, NOON + 3 * HOUR, by=by, resource=unit)
    first.refresh_from_db()
    assert first.cancelled_at and not again.cancelled_at
    assert refused(venue, by, start=NOON + 3 * DAY, resource=unit).facts["open"] == 2


def until_told(act: Callable[[], Reservation]) -> Reservation:
    """What it comes to for whoever comes back when told that too many book at once."""
    while True:
        try:
            return act()
        except Busy:
            continue


def won(outcomes: Sequence[Any]) -> int:
    rows = [one for one in outcomes if isinstance(one, Reservation)]
    assert {type(one) for one in outcomes if one not in rows} <= {TooManyHolds}
    return len(rows)


@CROWD
def test_a_crowd_of_sixty_four_gets_exactly_as_many_as_there_may_be(
    venue: Venue, settings: Settings
) -> None:
    settings.HOLDS_PER_GUEST = 20
    by = guest()
    assert won(race(64, lambda: until_told(lambda: hold(venue, by=by)))) == 20
    assert Reservation.objects.held(at=clock.now()).count() == 20


@CROWD
@pytest.mark.parametrize("per", ["key", "address"])
def test_so_do_the_keys_of_a_partner_and_the_guests_of_an_address(venue: Venue, per: str) -> None:
    one = partner()
    crowd = [one] * 8 if per == "key" else [replace(guest(), origin=HERE) for _ in range(8)]
    pending = iter(crowd)
    left = 2 if per == "key" else 3
    assert won(race(8, lambda: until_told(lambda: hold(venue, by=next(pending))))) == left


@CROWD
def test_who_is_counted_for_several_never_waits_in_a_circle(
    venue: Venue, settings: Settings
) -> None:
    settings.HOLDS_PER_GUEST = settings.HOLDS_PER_ADDRESS = 4
    people = [guest(), guest()]
    crowd = [replace(person, origin=origin) for person in people for origin in (HERE, "there")] * 2
    pending = iter(crowd)
    assert won(race(8, lambda: hold(venue, by=next(pending)))) == 8


@CROWD
@pytest.mark.postgres
def test_without_the_lock_a_crowd_gets_more(
    venue: Venue, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOLDS_PER_GUEST = 1
    by, everybody_has_counted = guest(), threading.Barrier(4)
    count = open_holds._judge
    hold(venue)

    def count_with_the_others(locked: Sequence[Limit], **numbers: int) -> None:
        count(locked, **numbers)
        everybody_has_counted.wait()

    monkeypatch.setattr(open_holds, "_LOCK", "SELECT %s::bigint[]")
    monkeypatch.setattr(open_holds, "_judge", count_with_the_others)
    assert won(race(4, lambda: hold(venue, by=by))) == 4


@pytest.mark.sqlite  # PostgreSQL goes by how many rows there are, and here is none
@pytest.mark.parametrize(
    ("column", "index"),
    [
        ("guest_id", "reservation_held_by_guest"),
        ("partner", "reservation_held_by_partner"),
        ("held_from", "reservation_held_from"),
    ],
)
def test_counting_reads_an_index_of_open_holds_alone(column: str, index: str) -> None:
    held = Reservation.objects.held(at=clock.now()).filter(**{column: 1})
    assert index in held.order_by().values_list("hold_expires_at").explain()
