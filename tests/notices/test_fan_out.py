"""Which event tells whom, by which channel; and which tells nobody."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from freezegun.api import FrozenDateTimeFactory
from pytest_django import Settings

from config import outbox
from guests.callers import Caller, system
from guests.models import Partner, User
from notices.fan_out import fan_out
from notices.letters import kinds
from notices.models import Delivery
from reservations import actions, sweeps
from reservations.models import Event, Reservation
from reservations.requests import Change, Contact, Times
from tests.factories import DESK, NOON, booking, make_venue
from tests.notices import letters
from tests.notices.letters import ADA, told
from venues.models import Resource, Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _time(clock: FrozenDateTimeFactory) -> None:
    """Time stands still in each of these."""


@pytest.fixture
def lot() -> Venue:
    return make_venue("parking", units=3)


def settle() -> list[str]:
    """Hands on what was recorded. Returns the kinds that were added."""
    seen = set(Delivery.objects.values_list("pk", flat=True))
    outbox.dispatch()
    rows = Delivery.objects.exclude(pk__in=seen).order_by("pk")
    return [f"{row.kind.removeprefix('reservation.')} {row.channel} {row.to}" for row in rows]


def change(row: Reservation, **fields: Any) -> Reservation:
    return actions.modify(reservation_id=row.pk, change=Change(**fields), by=DESK)


def confirmed(venue: Venue, **fields: Any) -> Reservation:
    row = letters.hold(venue, **fields)
    if not row.confirmed_at:
        row = actions.confirm(reservation_id=row.pk, by=DESK)
    settle()
    return Reservation.objects.get(pk=row.pk)


def test_confirmation_change_and_cancellation_are_told_once(lot: Venue) -> None:
    row = letters.hold(lot)
    assert settle() == ["confirmed mail ada@example.com"]
    change(row, times=Times(starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR))
    assert settle() == ["changed mail ada@example.com"]
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert settle() == ["cancelled mail ada@example.com"]
    assert settle() == []


def test_repeating_a_fan_out_adds_nothing(lot: Venue) -> None:
    confirmed(lot)
    with transaction.atomic():
        for event in Event.objects.all():
            fan_out(event)
    assert Delivery.objects.count() == 1


def test_holds_and_their_end_are_told_where_the_venue_wants_that(
    clock: FrozenDateTimeFactory,
) -> None:
    venue = make_venue("restaurant", units=2, horizon=None)
    letters.hold(venue)
    assert settle() == []
    Venue.objects.filter(pk=venue.pk).update(tells_holds=True, tells_expiries=True)
    row = letters.hold(venue)
    assert settle() == ["held mail ada@example.com"]
    (letter,) = told()
    assert letters.entry_of(letter) is None
    clock.tick(HOUR)
    sweeps.expire_holds()
    kinds_told = settle()
    assert kinds_told.count("expired mail ada@example.com") == 2
    assert Reservation.objects.get(pk=row.pk).expired_at


@pytest.mark.parametrize("details", [{"remarks": "no feathers"}, {"occasion": "birthday"}])
def test_what_matters_to_nobody_outside_tells_nobody(lot: Venue, details: dict[str, Any]) -> None:
    row = confirmed(lot)
    change(row, details=details)
    assert settle() == []


def test_arriving_and_leaving_tell_nobody(lot: Venue, clock: FrozenDateTimeFactory) -> None:
    row = confirmed(lot)
    clock.move_to(NOON + MINUTES)
    actions.check_in(reservation_id=row.pk, by=DESK)
    clock.tick(MINUTES)
    actions.check_out(reservation_id=row.pk, by=DESK)
    assert settle() == []


def test_a_walk_in_who_stands_at_the_desk_gets_no_letter(clock: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", units=1)
    clock.move_to(NOON)
    wish = booking(venue, NOON, 2, contact=ADA, is_walk_in=True, times=Times(ends_at=NOON + HOUR))
    actions.walk_in(booking=wish, by=DESK)
    assert settle() == []


def test_a_new_address_gets_the_letter_that_it_never_had(lot: Venue) -> None:
    row = confirmed(lot)
    change(row, details={"email": "ada@example.org"})
    assert settle() == ["readdressed mail ada@example.com", "confirmed mail ada@example.org"]


def test_letters_that_wait_do_not_go_to_an_address_that_was_wrong(lot: Venue) -> None:
    row = letters.hold(lot)
    settle()
    change(row, details={"email": "ada@example.org"})
    assert [letter["To"] for letter in told()] == ["ada@example.org"]


def test_a_price_that_a_manager_sets_is_told(lot: Venue) -> None:
    row = confirmed(lot)
    told()
    actions.adjust_price(reservation_id=row.pk, amount_minor=500, reason="sorry", by=DESK)
    (letter,) = told()
    assert "€20.00 → €5.00" in letters.text_of(letter).replace("\u00a0", " ")


def test_a_cancellation_that_is_taken_back_is_told(lot: Venue) -> None:
    row = confirmed(lot)
    actions.cancel(reservation_id=row.pk, by=DESK)
    settle()
    actions.reinstate(reservation_id=row.pk, reason="by mistake", by=DESK)
    assert settle() == ["reinstated mail ada@example.com"]


def test_a_room_that_the_desk_chooses_is_told_as_fixed() -> None:
    venue = make_venue("hotel", units=2, unit_choice="venue")
    times = Times(check_in=NOON.date(), check_out=NOON.date() + timedelta(days=2))
    row = confirmed(venue, times=times)
    other = Resource.objects.filter(venue=venue).exclude(allocations__reservation=row).get()
    change(row, resource=other.pk, override_reason="a quiet one")
    assert settle() == ["unit_fixed mail ada@example.com"]


def test_a_spot_that_guests_see_is_told_as_changed(lot: Venue) -> None:
    row = confirmed(lot)
    other = Resource.objects.filter(venue=lot).exclude(allocations__reservation=row).first()
    assert other is not None
    change(row, resource=other.pk, override_reason="a wide one")
    assert settle() == ["changed mail ada@example.com"]


@pytest.mark.parametrize("is_wanted", [True, False])
@pytest.mark.parametrize("has_sms", [True, False])
def test_required_letters_go_by_mail_whatever_the_guest_prefers(
    lot: Venue, settings: Settings, is_wanted: bool, has_sms: bool
) -> None:
    settings.SMS_TO_FILES, settings.SMS = has_sms, None
    contact = Contact(
        first_name="Ada",
        last_name="Lovelace",
        phone="+31201234567",
        email="ada@example.com",
        receive_email_updates=is_wanted,
        receive_text_notification=True,
    )
    row = letters.hold(lot, contact=contact)
    texts = ["confirmed sms +31201234567"] if has_sms else []
    assert settle() == ["confirmed mail ada@example.com", *texts]
    actions.cancel(reservation_id=row.pk, by=DESK)
    assert settle()[0] == "cancelled mail ada@example.com"


def test_the_others_ask_what_the_guest_prefers() -> None:
    venue = make_venue("restaurant")
    Venue.objects.filter(pk=venue.pk).update(tells_holds=True)
    contact = Contact(
        first_name="Ada",
        last_name="Lovelace",
        phone="+31201234567",
        email="ada@example.com",
        receive_email_updates=False,
    )
    letters.hold(venue, contact=contact)
    assert settle() == []


def test_without_an_address_the_account_has_one(lot: Venue) -> None:
    user = User.objects.create_user("ada@example.net")
    by = Caller(kind="guest", name=f"user:{user.pk}", user_id=user.pk)
    contact = Contact(first_name="Ada", last_name="Lovelace", phone="+31201234567")
    letters.hold(lot, by=by, contact=contact)
    assert settle() == ["confirmed mail ada@example.net"]
    letters.hold(lot, contact=contact)
    assert settle() == []


@pytest.mark.parametrize("notifies", [True, False])
def test_a_partner_that_writes_to_its_guests_itself_is_let(lot: Venue, notifies: bool) -> None:
    Partner.objects.create(slug="agency", name="Agency", notifies_guests=notifies)
    Venue.objects.filter(pk=lot.pk).update(email="desk@example.com", receives_notices=True)
    by = Caller(kind="partner", name="partner:agency", partner="agency", venue_ids=None)
    letters.hold(lot, by=by)
    guest = [] if notifies else ["confirmed mail ada@example.com"]
    assert settle() == [*guest, "confirmed mail desk@example.com"]


def test_the_venue_is_told_by_its_choice(lot: Venue) -> None:
    Venue.objects.filter(pk=lot.pk).update(email="desk@example.com")
    confirmed(lot)
    assert not Delivery.objects.filter(to="desk@example.com").exists()
    Venue.objects.filter(pk=lot.pk).update(receives_notices=True, language="nl")
    letters.hold(lot)
    (letter,) = [one for one in told() if one["To"] == "desk@example.com"]
    assert letter["Subject"].startswith("Nieuw: Ada Lovelace")
    assert letter["Reply-To"] == "ada@example.com"
    assert letters.entry_of(letter) is None
    assert "/admin/reservations/reservation/" in letters.text_of(letter)


def test_history_that_is_made_up_tells_nobody(lot: Venue) -> None:
    for name in ("replay", "demonstration"):
        letters.hold(lot, by=system(name))
    assert settle() == []
    assert Event.objects.filter(dispatched_at=None).count() == 0


def test_a_scratch_venue_tells_nobody() -> None:
    venue = make_venue("parking")
    Venue.objects.filter(pk=venue.pk).update(slug="scratch--1", is_listed=False)
    letters.hold(Venue.objects.get(pk=venue.pk))
    assert settle() == []


@pytest.mark.parametrize(("late", "expected"), [(timedelta(0), 0), (timedelta(seconds=-1), 1)])
def test_an_event_that_is_too_old_when_it_is_handed_on_tells_nobody(
    lot: Venue,
    clock: FrozenDateTimeFactory,
    settings: Settings,
    late: timedelta,
    expected: int,
) -> None:
    letters.hold(lot)
    clock.tick(settings.NOTICE_USEFUL + late)
    assert len(settle()) == expected


def test_what_is_imported_now_and_happened_long_ago_tells_nobody(lot: Venue) -> None:
    letters.hold(lot)
    Event.objects.update(at=NOON - timedelta(days=200))
    assert settle() == []


def test_a_stay_long_past_is_left_alone(lot: Venue, clock: FrozenDateTimeFactory) -> None:
    row = confirmed(lot)
    clock.move_to(row.ends_at + timedelta(days=1))
    actions.adjust_price(reservation_id=row.pk, amount_minor=500, reason="sorry", by=DESK)
    assert settle() == []


def test_events_of_several_batches_that_are_handed_on_late_are_as_many_deliveries(
    clock: FrozenDateTimeFactory, settings: Settings
) -> None:
    settings.SWEEP_BATCH = 20
    venue = make_venue("parking", units=50)
    for _ in range(50):
        letters.hold(venue)
    clock.tick(timedelta(hours=5))
    outbox.dispatch()
    assert Delivery.objects.filter(kind=kinds.CONFIRMED).count() == 50
    assert Delivery.objects.values("dedupe").distinct().count() == 50


def test_the_longest_address_has_a_key_of_its_own(lot: Venue) -> None:
    to = "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".com"
    letters.hold(lot, contact=Contact(**{**_fields(ADA), "email": to}))
    letters.hold(lot, contact=Contact(**{**_fields(ADA), "email": f"x{to}"}))
    assert len(settle()) == 2


def _fields(contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in contact.__slots__}
