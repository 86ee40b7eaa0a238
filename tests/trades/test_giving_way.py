"""Who may give a confirmed appointment up for another: a contact that was typed proves nothing."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from guests.callers import Caller, for_user
from guests.models import User
from reservations import actions
from reservations.errors import OnePerDay
from reservations.limits import one_per_day
from reservations.models import Reservation
from reservations.requests import Contact
from reservations.status import Status
from tests.api.calling import Api
from tests.factories import DESK, GUEST, add_hours, hold
from tests.guests.factories import UserFactory
from tests.trades.asking import made, person_named
from venues.models import Policy, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NINE = datetime(2027, 2, 4, 8, tzinfo=UTC)
BEFORE = NINE - timedelta(days=3)
HOUR = timedelta(hours=1)
ADA = Contact(first_name="Ada", last_name="Byron", phone="+31201234567", email="ada@example.com")


@pytest.fixture(autouse=True)
def opened(practice: Venue, provider: Resource) -> Resource:
    add_hours(practice, time(0), time(0), resource=provider)
    return provider


def appointment(practice: Venue, by: Caller, hours: int = 0, contact: Contact = ADA) -> Reservation:
    unit = practice.resources.get()
    start = NINE + hours * HOUR
    return hold(practice, start, hours=0.25, resource=unit.pk, contact=contact, by=by)


def first_of(practice: Venue, by: Caller = GUEST) -> Reservation:
    """Ada's confirmed appointment."""
    row = appointment(practice, by)
    return actions.confirm(reservation_id=row.pk, by=DESK)


def stands(row: Reservation) -> bool:
    row.refresh_from_db()
    return row.status_at(BEFORE) is Status.UPCOMING


def partner(practice: Venue, name: str) -> Caller:
    return Caller(
        kind="partner", name=f"partner:{name}", partner=name, venue_ids=frozenset([practice.pk])
    )


def account(**fields: str) -> Caller:
    return for_user(UserFactory.create(**fields))


@pytest.mark.parametrize("same", ["phone", "email", "both"])
@pytest.mark.parametrize("kind", ["nobody", "partner", "account"])
@pytest.mark.parametrize("confirms_at_once", [False, True])
def test_a_stranger_who_types_the_contact_of_another_ends_nothing_and_learns_nothing(
    practice: Venue, same: str, kind: str, confirms_at_once: bool
) -> None:
    first = first_of(practice)
    Policy.objects.filter(venue=practice).update(confirms_at_once=confirms_at_once)
    callers = {
        "nobody": GUEST,
        "partner": partner(practice, "other"),
        # An account's own phone was typed as well.
        "account": account(phone=ADA.phone, email="bea@example.com"),
    }
    typed = {
        "phone": replace(ADA, email="bea@example.com"),
        "email": replace(ADA, phone="+31201234568"),
        "both": ADA,
    }
    with pytest.raises(OnePerDay) as refused:
        appointment(practice, callers[kind], 1, typed[same])
    assert refused.value.facts == {}
    assert stands(first) and Reservation.objects.count() == 1


def test_where_a_second_is_refused_a_stranger_is_not_told_which_it_is(practice: Venue) -> None:
    Policy.objects.filter(venue=practice).update(per_day=Policy.PerDay.REFUSE)
    first = first_of(practice)
    for caller, facts in ((GUEST, {}), (DESK, {"reservation": str(first.pk)})):
        with pytest.raises(OnePerDay) as refused:
            appointment(practice, caller, 1)
        assert refused.value.facts == facts


@pytest.mark.parametrize("who", ["browser", "staff", "partner", "account", "known client"])
def test_who_could_cancel_the_first_and_the_client_replace_it(
    practice: Venue, desk: Api, who: str
) -> None:
    own, ada = partner(practice, "own"), UserFactory.create(phone="+31205550123")
    contact = ADA
    if who == "known client":
        # The practice itself entered this phone for that account.
        named = person_named(1)
        ada = User.objects.get(pk=made(desk.post("/clients", named))["id"])
        contact = replace(ADA, phone=named["phone"], email="")
    makers = {"partner": own, "account": for_user(ada)}
    row = appointment(practice, makers.get(who, GUEST), 0, contact)
    first = actions.confirm(reservation_id=row.pk, by=DESK)
    callers = {
        "browser": replace(GUEST, proven=frozenset([first.pk])),
        "staff": DESK,
        "partner": own,
        "account": for_user(ada),
        "known client": for_user(ada),
    }
    second = appointment(practice, callers[who], 1, contact)
    assert second.replaces == first.pk and stands(first)
    named_first = one_per_day.replaced_by(second, BEFORE)
    named_second = one_per_day.replacing(first, BEFORE)
    assert (named_first, named_second) == (first, second)
    actions.confirm(reservation_id=second.pk, by=DESK)
    assert not stands(first)
    second.refresh_from_db()
    assert one_per_day.replaced_by(second, BEFORE) is None


def test_once_the_second_has_lapsed_neither_names_the_other(practice: Venue) -> None:
    first = first_of(practice)
    second = appointment(practice, DESK, 1)
    assert second.hold_expires_at is not None
    after = second.hold_expires_at
    assert one_per_day.replaced_by(second, after) is None
    assert one_per_day.replacing(first, after) is None
