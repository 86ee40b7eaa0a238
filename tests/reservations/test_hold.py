"""Taking time for a new reservation: what is written, what is refused, and why."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from guests.callers import Caller
from guests.errors import ContactInvalid
from reservations import actions
from reservations.errors import Forbidden, HeldByOther, NoChoice, NotFound, PartyTooLarge, Taken
from reservations.models import Allocation, Event, Reservation
from reservations.requests import Contact
from reservations.status import Status
from tests.factories import DESK, GUEST, NOON, add_category, booking, hold, make_venue
from tests.guests.factories import StaffFactory, UserFactory
from tests.reservations.facts import DAY, HOUR, MINUTE, SECOND, guest, rows, status, taken, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_a_hold_takes_its_time_until_it_lapses() -> None:
    row = hold(make_venue("restaurant", buffer_after=15 * MINUTE))
    assert row.hold_expires_at == NOON - DAY + 10 * MINUTE
    (allocation,) = rows(row)
    assert (allocation.starts_at, allocation.ends_at) == (NOON, NOON + 2 * HOUR + 15 * MINUTE)
    assert allocation.lapses_at == row.hold_expires_at
    assert told(row) == ["created"]


def test_where_the_venue_confirms_at_once_there_is_no_hold() -> None:
    row = hold(make_venue("parking"))
    assert row.hold_expires_at is None
    assert row.confirmed_at == NOON - DAY
    assert status(row, NOON - DAY) is Status.UPCOMING
    assert told(row) == ["created", "confirmed"]


def test_the_range_sold_leaves_the_buffers_out() -> None:
    row = hold(make_venue("parking", adds_buffers=True, buffer_before=HOUR, buffer_after=2 * HOUR))
    assert (row.starts_at, row.ends_at) == (NOON, NOON + 2 * HOUR)
    assert taken(row) == (NOON - HOUR, NOON + 4 * HOUR)


def test_buffers_keep_the_next_guest_at_a_distance() -> None:
    venue = make_venue("parking", buffer_after=HOUR)
    hold(venue)
    with pytest.raises(Taken):
        hold(venue, NOON + 3 * HOUR - SECOND)
    assert hold(venue, NOON + 3 * HOUR).pk


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_ranges_may_touch_and_not_overlap(offset: int) -> None:
    venue = make_venue("parking")
    hold(venue)
    start = NOON + 2 * HOUR + offset * SECOND
    if offset < 0:
        with pytest.raises(Taken):
            hold(venue, start)
    else:
        assert hold(venue, start).pk


def test_time_that_is_held_is_told_from_time_that_is_sold(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("parking", confirms_at_once=False)
    row = hold(venue)
    with pytest.raises(HeldByOther) as refusal:
        hold(venue)
    assert refusal.value.facts == {"may_free_at": row.hold_expires_at}
    actions.confirm(reservation_id=row.pk, by=DESK)
    with pytest.raises(Taken):
        hold(venue)


def test_of_several_holds_the_one_that_lapses_first_is_told(frozen: FrozenDateTimeFactory) -> None:
    venue = make_venue("parking", units=2, confirms_at_once=False)
    first = hold(venue)
    frozen.tick(MINUTE)
    hold(venue)
    with pytest.raises(HeldByOther) as refusal:
        hold(venue)
    assert refusal.value.facts["may_free_at"] == first.hold_expires_at


def test_a_refusal_leaves_nothing_behind() -> None:
    venue = make_venue("parking")
    hold(venue)
    before = Reservation.objects.count(), Allocation.objects.count(), Event.objects.count()
    with pytest.raises(Taken):
        hold(venue)
    after = Reservation.objects.count(), Allocation.objects.count(), Event.objects.count()
    assert before == after


def test_a_chosen_unit_is_given_and_promised() -> None:
    venue = make_venue("parking", units=3, unit_choice="guest")
    chosen = venue.resources.get(name="2")
    row = hold(venue, resource=chosen.pk)
    (allocation,) = rows(row)
    assert allocation.resource == chosen and allocation.is_locked


def test_where_the_house_chooses_naming_a_unit_is_refused() -> None:
    venue = make_venue("parking")
    with pytest.raises(NoChoice):
        hold(venue, resource=venue.resources.get().pk)


def test_a_unit_of_another_house_is_not_found() -> None:
    venue, other = (
        make_venue("parking", unit_choice="guest"),
        make_venue("parking", unit_choice="guest"),
    )
    with pytest.raises(NotFound):
        hold(venue, resource=other.resources.get().pk)


def test_a_retired_unit_is_neither_found_nor_given() -> None:
    venue = make_venue("parking", unit_choice="guest")
    venue.resources.update(retired_at=NOON - DAY)
    with pytest.raises(NotFound):
        hold(venue, resource=venue.resources.get().pk)
    with pytest.raises(PartyTooLarge):
        hold(venue)


def test_a_party_that_no_unit_seats_is_refused() -> None:
    venue = make_venue("restaurant", capacity=4)
    assert hold(venue, guest_count=4).pk
    with pytest.raises(PartyTooLarge):
        hold(venue, NOON + DAY, guest_count=5)
    with pytest.raises(PartyTooLarge):
        hold(venue, NOON + DAY, guest_count=5, resource=venue.resources.get().pk)


def test_a_venue_that_is_unknown_or_closed_down_is_not_found() -> None:
    venue = make_venue("parking")
    venue.is_active = False
    venue.save()
    with pytest.raises(NotFound):
        hold(venue)
    venue.slug = "nowhere"
    with pytest.raises(NotFound):
        hold(venue)


def test_an_unknown_category_is_not_found() -> None:
    with pytest.raises(NotFound):
        hold(make_venue("parking"), category="penthouse")


def test_a_wrong_phone_is_refused_with_the_field() -> None:
    contact = Contact(first_name="Ada", last_name="Lovelace", phone="12")
    with pytest.raises(ContactInvalid) as fault:
        hold(make_venue("parking"), contact=contact)
    assert fault.value.errors[0][0] == "phone"


def test_a_national_phone_number_is_read_for_the_venue_and_stored_as_e164() -> None:
    venue = make_venue("parking")
    venue.phone_region = "US"
    venue.save()
    row = hold(venue, contact=Contact(first_name="A", last_name="B", phone="(202) 555-0123"))
    assert row.phone == "+12025550123"


def test_the_reservation_is_the_guests_who_made_it() -> None:
    by = guest()
    assert hold(make_venue("parking"), by=by).guest_id == by.user_id


def test_what_staff_take_for_a_caller_at_the_desk_is_not_their_own() -> None:
    venue = make_venue("parking")
    by = callers.for_user(StaffFactory.create(staff_venues=[venue]))
    assert hold(venue, by=by).guest_id is None
    elsewhere = make_venue("parking")
    assert hold(elsewhere, by=by).guest_id == by.user_id


def test_a_partner_books_at_its_venues_only_and_is_kept() -> None:
    venue = make_venue("parking")
    known = Caller(
        kind="partner", name="partner:acme", partner="acme", venue_ids=frozenset([venue.pk])
    )
    assert hold(venue, by=known).partner == "acme"
    with pytest.raises(Forbidden):
        hold(make_venue("parking"), by=known)


def test_staff_who_say_why_may_set_the_policy_aside_but_never_the_constraint() -> None:
    venue = make_venue("hotel", notice=30 * DAY, horizon=60 * DAY)
    staff = callers.for_user(StaffFactory.create(staff_venues=[venue]))
    row = hold(venue, NOON, 24, by=staff, override_reason="The owner's sister")
    assert Event.objects.get(reservation=row).data == {"override_reason": "The owner's sister"}
    with pytest.raises(HeldByOther):
        hold(venue, NOON, 24, by=staff, override_reason="And her brother")


@pytest.mark.parametrize("kind", ["guest", "partner", "staff elsewhere"])
def test_nobody_else_may_set_the_policy_aside(kind: str) -> None:
    venue = make_venue("parking")
    by = {
        "guest": callers.for_user(UserFactory.create()),
        "partner": Caller(kind="partner", name="p", partner="p", venue_ids=None),
        "staff elsewhere": callers.for_user(StaffFactory.create(staff_venues=[make_venue()])),
    }[kind]
    with pytest.raises(Forbidden):
        hold(venue, by=by, override_reason="Please")


def test_a_price_is_kept_with_its_currency_whatever_the_rate_becomes() -> None:
    venue = make_venue("parking")
    row = hold(venue, hours=3)
    venue.rates.update(amount_minor=9_999)
    row.refresh_from_db()
    assert (row.price_minor, row.currency) == (3_000, "EUR")


def test_instants_are_promised_and_editing_the_policy_changes_none_of_them() -> None:
    venue = make_venue("restaurant", grace=20 * MINUTE, cancel_deadline=DAY)
    row = hold(venue)
    venue.policy.grace, venue.policy.cancel_deadline = 5 * MINUTE, HOUR
    venue.policy.save()
    row.refresh_from_db()
    assert row.no_show_at == NOON + 20 * MINUTE
    assert row.cancel_free_until == NOON - DAY


def test_a_no_show_is_known_by_the_end_at_the_latest() -> None:
    assert hold(make_venue("parking", grace=5 * HOUR), hours=2).no_show_at == NOON + 2 * HOUR


def test_where_arrival_is_assumed_nobody_is_a_no_show() -> None:
    assert hold(make_venue("parking", records_arrival=False)).no_show_at is None


def test_a_guest_without_an_account_may_book() -> None:
    assert hold(make_venue("parking"), by=GUEST).guest_id is None


def test_a_code_is_unique_and_readable() -> None:
    venue = make_venue("parking", units=20)
    codes = {hold(venue).code for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 10 and not set(code) & set("01IO") for code in codes)


def test_a_booking_costs_the_same_queries_however_many_units_there_are() -> None:
    small, large = make_venue("parking", units=2), make_venue("parking", units=50)
    add_category(large, "large", units=50)
    counts = []
    for venue in (small, large):
        with CaptureQueriesContext(connection) as queries:
            actions.hold(booking=booking(venue, category="standard"), by=DESK)
        counts.append(len(queries))
    assert counts[0] == counts[1]
