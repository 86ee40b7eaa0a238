"""What must be paid first is not confirmed before, through no door."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory
from pytest_django.fixtures import Settings

from guests import callers
from guests.callers import Caller, system
from reservations import actions
from reservations.errors import Forbidden, PaymentRequired, TooManyHolds
from reservations.models import Reservation
from reservations.pricing import due_now
from reservations.requests import Times
from reservations.status import Status
from tests.api.calling import Api, person
from tests.factories import DESK, NOON, add_hours, booking, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.payments.cards import fresh, guest_of, held, table
from tests.reservations.facts import DAY, HOUR, guest
from venues.models import PaymentTerm, Venue

pytestmark = pytest.mark.django_db

Answer = Callable[[Api, Reservation], Any]


@pytest.fixture(autouse=True)
def _before(frozen: Any) -> None:
    frozen.move_to(NOON - DAY)


def unpaid(venue: Venue, **fields: Any) -> tuple[Api, Reservation]:
    """A reservation of a guest with an account, of which something is due first."""
    user = UserFactory.create()
    row = hold(venue, NOON, **{"hours": 0.25, **fields})
    Reservation.objects.filter(pk=row.pk).update(guest=user, due_now_minor=100)
    return person(user), fresh(row)


def spot(**policy: Any) -> Venue:
    return make_venue("parking", guests_check_in=True, early_check_in=2 * DAY, **policy)


def practice() -> Venue:
    made = make_venue("practice")
    add_hours(made, time(8), time(18), resource=made.resources.get())
    return made


@pytest.mark.parametrize(
    ("make", "ask"),
    [
        (table, lambda api, row: api.post(f"/reservations/{row.pk}/confirm")),
        (spot, lambda api, row: api.post(f"/reservations/{row.pk}/check-in")),
        (spot, lambda api, row: api.send("PUT", f"/parking/reservations/{row.pk}/occupy")),
        (
            practice,
            lambda api, row: api.patch(f"/appointments/{row.pk}", {"is_confirmed": True}),
        ),
    ],
    ids=["confirm", "check-in", "occupy", "appointment"],
)
def test_each_door_of_the_api_refuses(make: Callable[[], Venue], ask: Answer) -> None:
    api, row = unpaid(make())
    refused = ask(api, row)
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_required")
    assert refused.json()["due_now"]["amount"] == "1.00"
    assert fresh(row).version == row.version


def test_the_page_refuses(client: Client) -> None:
    user = UserFactory.create()
    row = held()
    Reservation.objects.filter(pk=row.pk).update(guest=user)
    client.force_login(user, backend="config.page_log_in.HeldBack")
    refused = client.post(f"/reservations/{row.code}/confirm/")
    assert refused.status_code == 409
    assert fresh(row).confirmed_at is None


def test_a_group_is_refused_for_one_member() -> None:
    venue = make_venue("restaurant", units=2, confirms_at_once=False)
    by = guest()
    rows = actions.hold_group(bookings=[booking(venue), booking(venue)], by=by)
    Reservation.objects.filter(pk=rows[1].pk).update(due_now_minor=500)
    assert rows[0].group_id
    with pytest.raises(PaymentRequired) as refused:
        actions.confirm_group(group_id=rows[0].group_id, by=by)
    assert refused.value.member.pk == rows[1].pk
    assert fresh(rows[0]).confirmed_at is None


def test_the_desk_is_asked_for_a_reason_and_then_nothing_is_due() -> None:
    row = held()
    staff = StaffFactory.create(staff_venues=[row.venue])
    by = Caller(
        kind="staff", name=f"user:{staff.pk}", user_id=staff.pk, venue_ids=frozenset([row.venue_id])
    )
    with pytest.raises(PaymentRequired):
        actions.confirm(reservation_id=row.pk, by=by)
    with pytest.raises(PaymentRequired):
        actions.check_in(reservation_id=held(table(early_check_in=2 * DAY)).pk, by=system_less(by))
    done = actions.confirm(reservation_id=row.pk, by=by, override_reason="a regular")
    assert due_now.minor(done, NOON - DAY) == 0
    assert done.events.get(name="reservation.confirmed").data["override_reason"] == "a regular"


def system_less(by: Caller) -> Caller:
    """The same staff, everywhere."""
    return Caller(kind="administrator", name=by.name, user_id=by.user_id, venue_ids=None)


def test_a_guest_cannot_give_a_reason() -> None:
    row = held()
    with pytest.raises(Forbidden):
        actions.confirm(reservation_id=row.pk, by=guest_of(row), override_reason="please")


def deposit(venue: Venue, percent: int = 30) -> Venue:
    """A venue that confirms at once, and asks for a part of the price first."""
    PaymentTerm.objects.create(venue=venue, kind=PaymentTerm.Asks.DEPOSIT, percent=percent)
    return venue


def test_a_venue_that_confirms_at_once_answers_held() -> None:
    venue = deposit(spot())
    row = hold(venue, by=guest())
    assert (row.status_at(NOON - DAY), row.due_now_minor) == (Status.HELD, 600)
    assert hold(deposit(spot()), by=DESK).confirmed_at, "the system is not asked"


def test_it_is_booked_in_the_words_of_parking() -> None:
    venue = deposit(spot())
    api = person(UserFactory.create())
    body = {"lot_id": venue.slug, "start_time": NOON.isoformat()}
    made = api.post("/parking/reservations", body)
    assert (made.status_code, made.json()["status"]) == (201, "Booked")
    told = api.get(f"/reservations/{made.json()['id']}").json()
    assert (told["status"], told["due_now"]["amount"] != "0.00") == ("held", True)


def test_such_holds_count_against_the_limit(settings: Settings) -> None:
    settings.HOLDS_PER_GUEST = 1
    venue = deposit(spot(units=3))
    by = guest()
    hold(venue, by=by)
    with pytest.raises(TooManyHolds):
        hold(venue, by=by)


def test_staff_book_it_confirmed_for_a_reason() -> None:
    venue = deposit(spot(units=2))
    staff = callers.for_user(StaffFactory.create(staff_venues=[venue]))
    assert hold(venue, by=staff).confirmed_at is None
    row = hold(venue, by=staff, override_reason="a regular")
    assert (bool(row.confirmed_at), row.due_now_minor) == (True, 0)


def test_who_walks_in_pays_at_the_desk(frozen: FrozenDateTimeFactory) -> None:
    venue = deposit(spot())
    frozen.move_to(NOON)
    wish = booking(venue, times=Times(ends_at=NOON + HOUR), is_walk_in=True)
    row = actions.walk_in(booking=wish, by=DESK)
    assert (bool(row.checked_in_at), row.due_now_minor) == (True, 0)


def test_the_system_is_not_asked() -> None:
    assert actions.confirm(reservation_id=held().pk, by=system("demonstration")).confirmed_at
