"""Who a request comes from: tokens, keys, both, neither."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from freezegun import freeze_time
from pytest_django import DjangoAssertNumQueries, Settings

from api.auth import ANYBODY_KNOWN, OPTIONAL, PEOPLE, allow, require_kind, require_scope
from guests import accounts, callers, keys, tokens
from guests.addresses import address_of
from guests.callers import ANONYMOUS, Caller
from guests.errors import Forbidden, GuestError, KeyInvalid, TokenInvalid
from guests.models import User
from tests.guests.factories import PartnerFactory, StaffFactory, UserFactory
from venues.models import Venue

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def key() -> str:
    return keys.issue(PartnerFactory.create(slug="acme"), by=None)[1]


def request(**headers: str) -> HttpRequest:
    return RequestFactory().get("/", headers={k.replace("_", "-"): v for k, v in headers.items()})


def known(request: HttpRequest, doors: object = None) -> Caller | None:
    """Whom the doors let in, tried in order as the API does; None when none of them answers."""
    for door in doors if isinstance(doors, list) else ANYBODY_KNOWN:
        caller: Caller | None = door(request)
        if caller:
            return caller
    return None


def bearer(user: User) -> str:
    return f"Bearer {tokens.issue(user).access}"


def test_a_token_says_who_it_is(user: User) -> None:
    asked = request(Authorization=bearer(user))
    assert known(asked) == callers.for_user(user)
    assert asked.user == user


def test_a_key_says_which_partner_it_is(key: str) -> None:
    caller = known(request(X_API_Key=key))
    assert caller is not None and caller.partner == "acme"


def test_without_credentials_nobody_is_known() -> None:
    assert known(request()) is None
    assert known(request(), OPTIONAL) is ANONYMOUS


def test_of_two_good_credentials_the_token_decides(user: User, key: str) -> None:
    caller = known(request(Authorization=bearer(user), X_API_Key=key))
    assert caller is not None and caller.user_id == user.pk


@pytest.mark.parametrize("doors", [ANYBODY_KNOWN, OPTIONAL, PEOPLE])
def test_a_bad_credential_is_refused_whatever_else_is_sent(
    user: User, key: str, doors: list[object]
) -> None:
    for headers in (
        {"Authorization": "Bearer x"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": ""},
        {"Authorization": "Basic YTpi"},
        {"Authorization": tokens.issue(user).access},
        {"X_API_Key": "x"},
        {"X_API_Key": ""},
        {"X_API_Key": key[:-1] + "é"},
        {"Authorization": bearer(user), "X_API_Key": "x"},
        {"Authorization": "Bearer x", "X_API_Key": key},
    ):
        with pytest.raises((TokenInvalid, KeyInvalid)):
            known(request(**headers), doors)


def test_a_refresh_token_opens_nothing(user: User) -> None:
    with pytest.raises(TokenInvalid):
        known(request(Authorization=f"Bearer {tokens.issue(user).refresh}"))


@pytest.mark.parametrize("change", [{"is_active": False}, {"token_version": 1}])
def test_a_token_ends_with_what_it_was_given_for(user: User, change: dict[str, int]) -> None:
    asked = request(Authorization=bearer(user))
    User.objects.update(**change)
    with pytest.raises(TokenInvalid):
        known(asked)


def test_a_token_ends_when_logged_out_everywhere_and_with_the_person(user: User) -> None:
    asked = request(Authorization=bearer(user))
    accounts.log_out_everywhere(user)
    with pytest.raises(TokenInvalid):
        known(asked)
    user.refresh_from_db()
    asked = request(Authorization=bearer(user))
    user.delete()
    with pytest.raises(TokenInvalid):
        known(asked)


@pytest.mark.parametrize(("seconds", "is_known"), [(-1, True), (0, False), (1, False)])
def test_a_token_opens_until_its_last_second(
    user: User, settings: Settings, seconds: int, is_known: bool
) -> None:
    with freeze_time(NOON):
        asked = request(Authorization=bearer(user))
    with freeze_time(NOON + settings.ACCESS_TOKEN_LIFETIME + timedelta(seconds=seconds)):
        try:
            assert (known(asked) is not None) == is_known
        except TokenInvalid:
            assert not is_known


def test_roles_and_venues_are_read_each_time(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    staff = StaffFactory.create()
    asked = request(Authorization=bearer(staff))
    venue = Venue.objects.create(slug="seaside", name="Seaside", kind="hotel", mode="night")
    for venues in ([venue], []):
        staff.staff_venues.set(venues)
        with django_assert_num_queries(2):
            caller = known(asked)
        assert caller is not None and caller.may_run(venue.pk) == bool(venues)


def test_a_key_costs_two_queries_once_its_use_is_noted(
    key: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    known(request(X_API_Key=key))
    with django_assert_num_queries(2):
        known(request(X_API_Key=key))


def test_doors_for_some_kinds_are_shut_to_others(user: User, key: str) -> None:
    with pytest.raises(Forbidden):
        known(request(X_API_Key=key), PEOPLE)
    with pytest.raises(Forbidden):
        known(request(Authorization=bearer(user)), allow("staff", "administrator"))
    assert known(request(Authorization=bearer(user)), allow("guest")) is not None


def test_a_scope_is_asked_of_partners_only(user: User) -> None:
    partner = PartnerFactory.create(scopes=["venues:read"])
    reader = keys.issue(partner, by=None)[1]
    assert known(request(X_API_Key=reader), allow(scope="venues:read")) is not None
    with pytest.raises(Forbidden, match="reservations:write"):
        known(request(X_API_Key=reader), allow(scope="reservations:write"))
    assert known(request(Authorization=bearer(user)), allow(scope="reservations:write"))


def test_functions_ask_the_same(user: User) -> None:
    caller = callers.for_user(user)
    require_kind(caller, "guest", "staff")
    require_scope(caller, "reservations:write")
    with pytest.raises(Forbidden):
        require_kind(caller, "staff")
    partner = callers.for_partner(PartnerFactory.create(scopes=[]))
    with pytest.raises(Forbidden):
        require_scope(partner, "reservations:write")


def test_refusals_are_told_apart(user: User) -> None:
    codes: set[str] = set()
    for headers in ({"Authorization": "Bearer x"}, {"X_API_Key": "x"}):
        with pytest.raises(GuestError) as refusal:
            known(request(**headers))
        codes.add(refusal.value.code)
    assert codes == {"invalid_token", "invalid_key"}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, "", "203.0.113.9", "203.0.113.9"),
        (0, "198.51.100.1", "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.1", "10.0.0.1"),
        (1, "", "10.0.0.1", "10.0.0.1"),
        (1, "junk", "10.0.0.1", "10.0.0.1"),
        (0, "", "", "127.0.0.1"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, "", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (0, "", "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_an_address_is_what_our_own_proxies_say(
    settings: Settings, proxies: int, forwarded: str, remote: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    asked = request(X_Forwarded_For=forwarded) if forwarded else request()
    asked.META["REMOTE_ADDR"] = remote
    assert address_of(asked) == address
