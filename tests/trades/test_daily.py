"""One reservation a client, provider and day: a second one replaces the first, or is refused."""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests.models import User
from reservations import actions, sweeps
from reservations.errors import OnePerDay
from reservations.models import Reservation
from reservations.requests import Change, Contact, Times
from reservations.status import Status
from tests.api.calling import Api, person, problem
from tests.factories import DESK, add_hours, hold, make_venue
from tests.guests.factories import UserFactory
from tests.guests.races import race
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, overlaps, status, taken, told
from tests.trades.asking import made, person_named, starts
from venues.models import Policy, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NINE = datetime(2027, 2, 4, 8, tzinfo=UTC)
"""Nine in the morning in Amsterdam, on a Thursday."""
QUARTER = 15 * MINUTE


@pytest.fixture
def opened(practice: Venue, provider: Resource) -> Resource:
    """The provider, open day and night."""
    add_hours(practice, time(0), time(0), resource=provider)
    return provider


@pytest.fixture
def other(practice: Venue) -> Resource:
    """Another provider of the practice, open likewise."""
    unit = Resource.objects.create(
        venue=practice, category=practice.categories.get(), name="Dr. Bakker"
    )
    add_hours(practice, time(0), time(0), resource=unit)
    return unit


def refuses(practice: Venue) -> None:
    Policy.objects.filter(venue=practice).update(per_day=Policy.PerDay.REFUSE)


def ask(caller: Api, provider: Resource, start: datetime, **changes: Any) -> Any:
    body = {"provider_id": provider.pk, "starts_at": start.isoformat()} | changes
    return caller.post("/appointments", body)


def book(caller: Api, provider: Resource, start: datetime, **changes: Any) -> Reservation:
    return Reservation.objects.get(pk=made(ask(caller, provider, start, **changes))["id"])


def is_open(caller: Api, provider: Resource, start: datetime) -> bool:
    wanted = start.isoformat().replace("+00:00", "Z")
    return wanted in starts(caller, provider.pk, date=start.date(), tz="UTC")


def move(caller: Api, row: Reservation, start: datetime, **changes: Any) -> Any:
    times = {"starts_at": start.isoformat(), "ends_at": (start + QUARTER).isoformat()}
    return caller.patch(f"/reservations/{row.pk}", times | changes)


def count(at: datetime = NINE - 3 * DAY) -> int:
    """How many reservations are held or to come."""
    active = (Status.HELD, Status.UPCOMING)
    return sum(row.status_at(at) in active for row in Reservation.objects.all())


def test_a_second_hold_replaces_a_first_at_once_and_its_time_is_free_again(
    opened: Resource, guest: Api
) -> None:
    first = book(guest, opened, NINE)
    second = book(guest, opened, NINE + HOUR)
    assert told(first)[-1] == "cancelled"
    assert first.events.get(name="reservation.cancelled").data == {"replaced": True}
    assert taken(first) is None
    assert taken(second) == (NINE + HOUR, NINE + HOUR + QUARTER)
    assert guest.get(f"/reservations/{first.pk}").json()["status"] == "cancelled"
    assert is_open(guest, opened, NINE)
    assert not is_open(guest, opened, NINE + HOUR)


def confirm(caller: Api, row: Reservation) -> Any:
    return caller.patch(f"/appointments/{row.pk}", {"is_confirmed": True})


def test_a_confirmed_first_goes_only_when_the_second_is_confirmed(
    opened: Resource, guest: Api
) -> None:
    first = book(guest, opened, NINE)
    confirm(guest, first)
    answer = made(ask(guest, opened, NINE + HOUR))
    second = Reservation.objects.get(pk=answer["id"])
    assert answer["replaces"] == first.pk
    assert guest.get(f"/reservations/{second.pk}").json()["replaces"] == str(first.pk)
    assert taken(first) == (NINE, NINE + QUARTER)
    assert told(first) == ["created", "confirmed"]
    assert confirm(guest, second).status_code == 200
    assert told(first)[-1] == "cancelled"
    assert guest.get(f"/reservations/{second.pk}").json()["replaces"] is None
    assert is_open(guest, opened, NINE)
    assert count() == 1


@pytest.mark.parametrize("is_swept", [True, False])
def test_where_the_second_lapses_the_confirmed_first_stays(
    opened: Resource, guest: Api, clock: FrozenDateTimeFactory, is_swept: bool
) -> None:
    first = book(guest, opened, NINE)
    confirm(guest, first)
    second = book(guest, opened, NINE + HOUR)
    clock.tick(HOUR)
    if is_swept:
        sweeps.expire_holds()
    problem(confirm(guest, second), 409, "hold_expired")
    assert status(first, NINE - DAY) is Status.UPCOMING
    third = book(guest, opened, NINE + 2 * HOUR)
    assert third.replaces == first.pk
    assert confirm(guest, third).status_code == 200
    assert (told(first)[-1], count(NINE - DAY)) == ("cancelled", 1)


def test_a_third_hold_replaces_the_second_and_the_first_stays(opened: Resource, guest: Api) -> None:
    first = book(guest, opened, NINE)
    confirm(guest, first)
    second = book(guest, opened, NINE + HOUR)
    third = book(guest, opened, NINE + 2 * HOUR)
    assert (told(second)[-1], told(first)[-1]) == ("cancelled", "confirmed")
    assert third.replaces == first.pk


def test_cancelling_the_second_keeps_the_first(opened: Resource, guest: Api) -> None:
    first = book(guest, opened, NINE)
    confirm(guest, first)
    second = book(guest, opened, NINE + HOUR)
    guest.post(f"/reservations/{second.pk}/cancel")
    assert (count(), told(first)[-1]) == (1, "confirmed")


def test_a_confirmed_first_that_has_moved_to_another_day_is_kept(
    opened: Resource, guest: Api
) -> None:
    first = book(guest, opened, NINE)
    confirm(guest, first)
    second = book(guest, opened, NINE + HOUR)
    assert move(guest, first, NINE + DAY).status_code == 200
    assert confirm(guest, second).status_code == 200
    assert count() == 2


def test_a_confirmed_first_that_has_begun_is_not_given_up(
    practice: Venue, opened: Resource, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    Policy.objects.filter(venue=practice).update(
        notice=timedelta(0), hold_time=DAY, records_arrival=False
    )
    first = book(guest, opened, NINE)
    confirm(guest, first)
    clock.move_to(NINE - HOUR)
    second = book(guest, opened, NINE + HOUR)
    clock.move_to(NINE)
    problem(confirm(guest, second), 409, "one_per_day")


@pytest.mark.parametrize("same", ["phone", "email"])
def test_a_stranger_with_the_same_contact_is_the_same_client(
    practice: Venue, opened: Resource, guest: Api, driver: User, same: str
) -> None:
    refuses(practice)
    book(guest, opened, NINE)
    known = {"phone": driver.phone, "email": driver.email.upper()}
    contact = {"phone": "+31205550123", "email": "other@example.com"} | {same: known[same]}
    person_of = Contact(
        first_name="Ada", last_name="Lovelace", phone=contact["phone"], email=contact["email"]
    )
    with pytest.raises(OnePerDay):
        hold(practice, NINE + HOUR, hours=0.25, resource=opened.pk, contact=person_of)
    free = Contact(first_name="Ada", last_name="Lovelace", phone="+31205550123")
    hold(practice, NINE + HOUR, hours=0.25, resource=opened.pk, contact=free)


def test_a_third_replaces_the_second(opened: Resource, guest: Api) -> None:
    for number in range(3):
        book(guest, opened, NINE + number * HOUR)
    assert count() == 1


def test_replacing_is_no_change_of_state_that_is_limited(opened: Resource, guest: Api) -> None:
    first = book(guest, opened, NINE)
    guest.patch(f"/appointments/{first.pk}", {"is_confirmed": True})
    book(guest, opened, NINE + HOUR)


def test_where_the_second_cannot_be_had_the_first_stays(
    opened: Resource, guest: Api, stranger: Api
) -> None:
    first = book(guest, opened, NINE)
    book(stranger, opened, NINE + HOUR)
    problem(ask(guest, opened, NINE + HOUR), 409, "held_by_other")
    problem(ask(guest, opened, NINE + MINUTE), 409, "not_offered")
    assert status(first, NINE - 3 * DAY) is Status.HELD
    assert taken(first) == (NINE, NINE + QUARTER)


def test_a_cancelled_one_leaves_the_day_free(opened: Resource, practice: Venue, guest: Api) -> None:
    refuses(practice)
    first = book(guest, opened, NINE)
    guest.post(f"/reservations/{first.pk}/cancel")
    book(guest, opened, NINE + HOUR)
    assert told(first) == ["created", "cancelled"]


def test_where_the_policy_refuses_the_first_stays_and_is_named(
    practice: Venue, opened: Resource, guest: Api
) -> None:
    refuses(practice)
    first = book(guest, opened, NINE)
    said = problem(ask(guest, opened, NINE + HOUR), 409, "one_per_day")
    assert said["reservation"] == str(first.pk)
    assert count() == 1
    assert is_open(guest, opened, NINE + HOUR)


@pytest.mark.parametrize("per_day", ["replace", "refuse"])
@pytest.mark.parametrize(
    ("at", "is_refused"),
    [(NINE - SECOND, False), (NINE, True), (NINE + HOUR, True)],
)
def test_one_that_has_begun_is_not_replaced(
    practice: Venue,
    opened: Resource,
    guest: Api,
    clock: FrozenDateTimeFactory,
    at: datetime,
    is_refused: bool,
    per_day: str,
) -> None:
    Policy.objects.filter(venue=practice).update(
        notice=timedelta(0), per_day=per_day, records_arrival=False
    )
    first = book(guest, opened, NINE)
    actions.confirm(reservation_id=first.pk, by=DESK)
    clock.move_to(at)
    answer = ask(guest, opened, NINE + 2 * HOUR)
    if is_refused or per_day == "refuse":
        problem(answer, 409, "one_per_day")
        assert told(first) == ["created", "confirmed"]
    else:
        made(answer)


def test_one_that_was_missed_does_not_count(
    practice: Venue, opened: Resource, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    Policy.objects.filter(venue=practice).update(notice=timedelta(0))
    first = book(guest, opened, NINE)
    actions.confirm(reservation_id=first.pk, by=DESK)
    clock.move_to(NINE + HOUR)
    second = book(guest, opened, NINE + 2 * HOUR)
    assert (second.replaces, told(first)[-1]) == (None, "missed")
    assert confirm(guest, second).status_code == 200


def test_one_that_is_over_does_not_count(
    practice: Venue, opened: Resource, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    Policy.objects.filter(venue=practice).update(
        notice=timedelta(0), records_arrival=False, records_departure=False
    )
    first = book(guest, opened, NINE)
    confirm(guest, first)
    clock.move_to(NINE + HOUR)
    second = book(guest, opened, NINE + 2 * HOUR)
    assert confirm(guest, second).status_code == 200
    sweeps.complete_stays()
    assert told(first) == ["created", "confirmed", "completed"]


@pytest.mark.parametrize("per_day", ["replace", "refuse"])
@pytest.mark.parametrize("is_swept", [True, False])
def test_a_lapsed_hold_does_not_count(
    practice: Venue,
    opened: Resource,
    guest: Api,
    clock: FrozenDateTimeFactory,
    per_day: str,
    is_swept: bool,
) -> None:
    Policy.objects.filter(venue=practice).update(per_day=per_day)
    first = book(guest, opened, NINE)
    lapse = first.hold_expires_at
    assert lapse
    clock.move_to(lapse)
    if is_swept:
        sweeps.expire_holds()
    book(guest, opened, NINE + HOUR)
    assert told(first) == ["created", "expired"]
    assert first.events.get(name="reservation.expired").at == lapse


def test_the_day_is_the_providers_own(practice: Venue, opened: Resource, guest: Api) -> None:
    refuses(practice)
    Resource.objects.filter(pk=opened.pk).update(time_zone="Asia/Tokyo")
    midnight = datetime(2027, 2, 4, 15, tzinfo=UTC)
    book(guest, opened, midnight - QUARTER)
    # The same day in Amsterdam and in UTC, the next one in Tokyo.
    book(guest, opened, midnight)
    problem(ask(guest, opened, midnight + 23 * HOUR), 409, "one_per_day")
    book(guest, opened, midnight + 24 * HOUR)
    assert count() == 3


def test_a_day_on_which_clocks_go_back_is_one_day(
    practice: Venue, opened: Resource, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    refuses(practice)
    midnight = datetime(2027, 10, 30, 22, tzinfo=UTC)
    clock.move_to(midnight - 10 * DAY)
    book(guest, opened, midnight)
    problem(ask(guest, opened, midnight + 25 * HOUR - QUARTER), 409, "one_per_day")
    book(guest, opened, midnight + 25 * HOUR)


def test_other_days_providers_and_clients_are_left_alone(
    opened: Resource, other: Resource, guest: Api, stranger: Api
) -> None:
    book(guest, opened, NINE)
    book(guest, opened, NINE + DAY)
    book(guest, other, NINE)
    book(stranger, opened, NINE + QUARTER)
    assert count() == 4


def test_where_any_number_may_be_had_nothing_is_replaced(
    practice: Venue, opened: Resource, guest: Api
) -> None:
    Policy.objects.filter(venue=practice).update(per_day=Policy.PerDay.ANY)
    book(guest, opened, NINE)
    assert book(guest, opened, NINE + HOUR).day_key is None
    assert count() == 2


def test_what_the_desk_books_counts_for_that_client(opened: Resource, desk: Api) -> None:
    ada = made(desk.post("/clients", person_named(1)))["id"]
    bob = made(desk.post("/clients", person_named(2)))["id"]
    first = book(desk, opened, NINE, client_id=ada)
    book(desk, opened, NINE + QUARTER, client_id=bob)
    book(desk, opened, NINE + HOUR, client_id=ada)
    assert told(first)[-1] == "cancelled"
    assert first.events.get(name="reservation.cancelled").by_kind == "staff"
    assert count() == 2


def test_what_the_desk_booked_counts_when_the_client_books(opened: Resource, desk: Api) -> None:
    ada = made(desk.post("/clients", person_named(1)))["id"]
    first = book(desk, opened, NINE, client_id=ada)
    book(person(User.objects.get(pk=ada)), opened, NINE + HOUR)
    assert told(first)[-1] == "cancelled"


def test_what_the_desk_books_for_one_phone_is_of_one_client(
    practice: Venue, opened: Resource
) -> None:
    for number in range(2):
        hold(practice, NINE + number * HOUR, hours=0.25, resource=opened.pk)
    assert count() == 1


def test_whom_the_desk_books_by_contact_alone_is_the_client_it_knows(
    practice: Venue, opened: Resource, desk: Api
) -> None:
    named = person_named(1)
    ada = made(desk.post("/clients", named))["id"]
    first = book(desk, opened, NINE, client_id=ada)
    contact = Contact(first_name="A.", last_name="L.", phone=named["phone"])
    hold(practice, NINE + HOUR, hours=0.25, resource=opened.pk, contact=contact)
    assert (told(first)[-1], count()) == ("cancelled", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("per_day", ["replace", "refuse"])
def test_two_at_once_leave_one(practice: Venue, opened: Resource, guest: Api, per_day: str) -> None:
    Policy.objects.filter(venue=practice).update(per_day=per_day)
    for number in range(6):
        day = NINE + number * DAY
        wishes = iter([day, day + HOUR, day + 2 * HOUR])
        answers = race(3, lambda: ask(guest, opened, next(wishes)))  # noqa: B023
        codes = sorted(answer.status_code for answer in answers)
        assert codes == ([201] * 3 if per_day == "replace" else [201, 409, 409])
        assert count() == number + 1
    assert list(overlaps()) == []


@pytest.mark.django_db(transaction=True)
def test_one_booked_while_another_moves_to_that_day_leaves_one(
    opened: Resource, guest: Api
) -> None:
    for number in range(5):
        day = NINE + number * 2 * DAY
        row = book(guest, opened, day)
        acts = iter(
            [
                partial(ask, guest, opened, day + DAY),
                partial(move, guest, row, day + DAY + HOUR),
            ]
        )
        answers = race(2, lambda: next(acts)())  # noqa: B023
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        that_day = Reservation.objects.filter(starts_at__gte=day + DAY, cancelled_at=None)
        assert that_day.filter(starts_at__lt=day + 2 * DAY).count() == 1


def test_moving_to_a_day_that_has_one_is_refused(opened: Resource, guest: Api) -> None:
    first, second = book(guest, opened, NINE), book(guest, opened, NINE + DAY)
    said = problem(move(guest, second, NINE + HOUR), 409, "one_per_day")
    assert said["reservation"] == str(first.pk)
    assert taken(second) == (NINE + DAY, NINE + DAY + QUARTER)


def test_moving_within_the_day_and_to_an_empty_one(opened: Resource, guest: Api) -> None:
    row = book(guest, opened, NINE)
    assert move(guest, row, NINE + HOUR).status_code == 200
    assert move(guest, row, NINE + DAY).status_code == 200
    assert taken(row) == (NINE + DAY, NINE + DAY + QUARTER)
    # The day it left is free, and the one it moved to is not.
    book(guest, opened, NINE)
    book(guest, opened, NINE + DAY + HOUR)
    assert told(row)[-1] == "cancelled"
    assert count() == 2


def test_moving_to_a_day_whose_hold_has_lapsed(
    opened: Resource, guest: Api, clock: FrozenDateTimeFactory
) -> None:
    lapsing = book(guest, opened, NINE)
    clock.tick(30 * MINUTE)
    row = book(guest, opened, NINE + DAY)
    assert move(guest, row, NINE + HOUR).status_code == 200
    assert told(lapsing) == ["created", "expired"]


def test_moving_to_another_provider_who_has_one_that_day(
    opened: Resource, other: Resource, guest: Api
) -> None:
    first = book(guest, opened, NINE)
    book(guest, other, NINE + HOUR)
    problem(move(guest, first, NINE, resource=str(other.pk)), 409, "one_per_day")
    stays = book(guest, other, NINE + DAY)
    assert move(guest, stays, NINE + DAY, resource=str(opened.pk)).status_code == 200


def test_what_no_day_counts_for_may_move_anywhere(practice: Venue, opened: Resource) -> None:
    nobody = Contact(first_name="A", last_name="Guest", phone="")
    row = hold(practice, NINE, hours=0.25, resource=opened.pk, contact=nobody, is_walk_in=True)
    times = Times(starts_at=NINE + DAY, ends_at=NINE + DAY + QUARTER)
    moved = actions.modify(reservation_id=row.pk, change=Change(times=times), by=DESK)
    assert moved.day_key is None


def test_at_a_hotel_days_do_not_count() -> None:
    user = UserFactory.create(phone="+31201234567")
    venue = make_venue("hotel", units=2, notice=timedelta(0))
    for _ in range(2):
        answer = person(user).post(
            "/reservations",
            {
                "venue": venue.slug,
                "check_in": "2027-02-04",
                "check_out": "2027-02-05",
                "guest_count": 1,
            },
        )
        assert answer.status_code == 201
