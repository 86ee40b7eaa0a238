"""Who may act for a venue: one rule, for a single venue and for lists of venues."""

import itertools

import pytest

from guests import callers
from guests.callers import ANONYMOUS, Caller, system
from guests.models import User, VenueRole
from reservations.errors import Forbidden
from reservations.rules import permissions
from reservations.rules.permissions import Act
from tests.factories import booking, make_venue
from tests.guests.factories import UserFactory
from tests.reservations.facts import facts
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def own() -> Venue:
    return make_venue("restaurant")


@pytest.fixture
def other() -> Venue:
    return make_venue("restaurant")


def person(role: str, *venues: Venue) -> User:
    return UserFactory.create(role=role, staff_venues=venues)


def known_callers(own: Venue) -> dict[str, Caller]:
    partner = Caller(kind="partner", name="partner:p", partner="p", venue_ids=frozenset([own.pk]))
    return {
        "guest": callers.for_user(person(User.Role.GUEST)),
        "staff": callers.for_user(person(User.Role.STAFF, own)),
        "administrator": callers.for_user(person(User.Role.ADMINISTRATOR)),
        "partner": partner,
        "system": system("sweep"),
        "anonymous": ANONYMOUS,
    }


def test_a_list_of_venues_holds_those_at_which_a_person_may(own: Venue, other: Venue) -> None:
    roles: list[list[tuple[Venue, str]]]
    roles = [[], [(own, "clerk")], [(own, "manager")], [(own, "clerk"), (other, "manager")]]
    for role, held in itertools.product(User.Role, roles):
        user = person(role)
        for venue, name in held:
            VenueRole.objects.create(user=user, venue=venue, role=name)
        by = callers.for_user(user)
        for act in Act:
            listed = set(permissions.venues_run_by(by, act))
            allowed = {venue for venue in (own, other) if permissions.may(by, act, venue.pk)}
            assert listed == allowed
            assert permissions.may_somewhere(by, act) is bool(allowed)


def test_a_clerk_works_at_the_desk_and_a_manager_does_the_rest(own: Venue) -> None:
    for_managers = {
        "adjust-price", "waive-fee", "refund", "charge", "rates", "policy", "hours", "units",
        "templates", "exports", "keys", "venue", "count",
    }  # fmt: skip
    clerk = callers.for_user(UserFactory.create(role=User.Role.STAFF, clerk_at=[own]))
    manager = callers.for_user(person(User.Role.STAFF, own))
    allowed = {
        who: {act for act in Act if permissions.may(by, act, own.pk)}
        for who, by in {"clerk": clerk, "manager": manager}.items()
    }
    assert allowed == {"clerk": {Act.DESK}, "manager": set(Act)}
    assert set(Act) - {Act.DESK} == for_managers
    with pytest.raises(Forbidden, match="managers"):
        permissions.judge(clerk, Act.RATES, own.pk)


def test_a_role_at_a_venue_is_nothing_to_who_is_no_staff(own: Venue) -> None:
    by = callers.for_user(person(User.Role.GUEST, own))
    assert not any(permissions.may(by, act, own.pk) for act in Act)


def test_staff_act_for_their_own_venues_and_nobody_else_does(own: Venue, other: Venue) -> None:
    staff = {
        name: (permissions.is_staff(by, own.pk), permissions.is_staff(by, other.pk))
        for name, by in known_callers(own).items()
    }
    assert staff == {
        "guest": (False, False),
        "staff": (True, False),
        "administrator": (True, True),
        "partner": (False, False),
        "system": (True, True),
        "anonymous": (False, False),
    }


def test_what_is_refused_is_what_may_not_be_done(own: Venue) -> None:
    walk_in = booking(own, is_walk_in=True)
    for by in known_callers(own).values():
        is_staff = permissions.is_staff(by, own.pk)
        assert is_allowed(lambda by=by: permissions.judge_staff(own.pk, by)) is is_staff
        assert is_allowed(lambda by=by: permissions.may_override(own.pk, "why", by)) is is_staff
        assert is_allowed(lambda by=by: permissions.may_walk_in(own.pk, walk_in, by)) is is_staff
        is_administrator = permissions.is_administrator(by)
        assert is_allowed(lambda by=by: permissions.judge_administrator(by)) is is_administrator


def test_guests_record_their_stay_only_where_the_policy_says_so(own: Venue) -> None:
    for guests_check_in in (False, True):
        own.policy.guests_check_in = guests_check_in
        row = facts(own)
        recording = {
            name for name, by in known_callers(own).items() if permissions.may_record_stay(row, by)
        }
        venue = {"staff", "administrator", "partner", "system"}
        assert recording == venue | ({"guest", "anonymous"} if guests_check_in else set())


def is_allowed(ask: object) -> bool:
    assert callable(ask)
    try:
        ask()
    except Forbidden:
        return False
    return True
