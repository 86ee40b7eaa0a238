"""Sign-up, log-in, changes, export and erasure of a person's account."""

from datetime import UTC, datetime
from typing import ClassVar

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.db import connection
from freezegun import freeze_time
from pytest_django import Settings

from guests import accounts, callers, tokens
from guests.errors import (
    AlreadyRegistered,
    ContactInvalid,
    CredentialsInvalid,
    GuestError,
    LastAdministrator,
    TokenInvalid,
)
from guests.models import Favourite, RefreshToken, User
from tests.guests.factories import (
    PASSWORD,
    AdministratorFactory,
    StaffFactory,
    UserFactory,
)
from tests.guests.races import race
from venues.models import Venue

GOOD = {
    "email": "Ada@Example.com",
    "password": PASSWORD,
    "first_name": " Ada ",
    "last_name": "Lovelace",
    "phone": "(202) 555-0123",
}


@pytest.mark.django_db
def test_a_guest_signs_up_and_logs_in_however_the_address_is_written() -> None:
    user = accounts.sign_up(**GOOD)
    assert (user.email, user.first_name, user.phone) == ("ada@example.com", "Ada", "+12025550123")
    assert user.role == "guest" and not user.is_staff
    assert PASSWORD not in user.password
    assert accounts.log_in(email=" ADA@example.COM", password=PASSWORD) == user


@pytest.mark.django_db
def test_a_region_reads_a_national_number() -> None:
    user = accounts.sign_up(**GOOD | {"phone": "06 12345678"}, region="NL")
    assert user.phone == "+31612345678"


@pytest.mark.django_db
def test_the_same_address_in_other_letters_is_registered_already() -> None:
    accounts.sign_up(**GOOD)
    with pytest.raises(AlreadyRegistered):
        accounts.sign_up(**GOOD | {"email": "ADA@EXAMPLE.COM"})


@pytest.mark.django_db(transaction=True)
def test_eight_sign_ups_at_once_make_one_account() -> None:
    outcomes = race(8, lambda: accounts.sign_up(**GOOD))
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadyRegistered) for outcome in outcomes) == 7
    assert User.objects.count() == 1


class Hashing(MD5PasswordHasher):
    """Notes whether the database was held while it hashed."""

    held: ClassVar[list[bool]] = []

    def encode(self, password: str, salt: str) -> str:
        self.held.append(connection.in_atomic_block)
        return super().encode(password, salt)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_database_while_a_password_is_hashed(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Hashing"]
    Hashing.held.clear()
    accounts.sign_up(**GOOD)
    assert Hashing.held == [False]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_name": ""}, "first_name"),
        ({"first_name": "   "}, "first_name"),
        ({"first_name": "a" * 16}, "first_name"),
        ({"last_name": "b\x00"}, "last_name"),
        ({"last_name": "b\x07b"}, "last_name"),
        ({"phone": "123"}, "phone"),
        ({"email": "ada"}, "email"),
        ({"password": "password"}, "password"),
        ({"password": "12345678"}, "password"),
        ({"password": "ada@example.com"}, "password"),
    ],
)
def test_what_cannot_be_is_refused_by_field(db: None, changes: dict[str, str], field: str) -> None:
    with pytest.raises(ContactInvalid) as refusal:
        accounts.sign_up(**GOOD | changes)
    assert {name for name, _ in refusal.value.errors} == {field}
    assert not User.objects.exists()


def test_everything_at_fault_is_told_at_once(db: None) -> None:
    with pytest.raises(ContactInvalid) as refusal:
        accounts.sign_up(email="", password="1", first_name="", last_name="", phone="")
    assert [name for name, _ in refusal.value.errors] == [
        "email",
        "first_name",
        "last_name",
        "phone",
        "password",
        "password",
        "password",
    ]


@pytest.mark.parametrize("letters", [1, 15])
def test_a_name_has_one_to_fifteen_letters(letters: int) -> None:
    assert accounts.name("é" * letters, "first_name") == "é" * letters


@pytest.mark.django_db
def test_log_in_refuses_unknown_wrong_and_closed_alike() -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="gone@example.com", is_active=False)
    UserFactory.create(email="only-google@example.com").set_unusable_password()
    refusals = set()
    for email, password in [
        ("nobody@example.com", PASSWORD),
        ("ada@example.com", "wrong"),
        ("ada@example.com", ""),
        ("gone@example.com", PASSWORD),
        ("only-google@example.com", "wrong"),
    ]:
        with pytest.raises(CredentialsInvalid) as refusal:
            accounts.log_in(email=email, password=password)
        refusals.add((refusal.value.code, refusal.value.detail))
    assert len(refusals) == 1


@pytest.mark.django_db
def test_log_in_does_the_same_work_for_someone_unknown(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Hashing"]
    UserFactory.create(email="ada@example.com", password="known here alone")
    UserFactory.create(email="gone@example.com", password="known here alone", is_active=False)
    invited = UserFactory.create(email="only-google@example.com")
    invited.set_unusable_password()
    invited.save()
    for name in ("ada", "gone", "only-google", "nobody"):
        Hashing.held.clear()
        with pytest.raises(CredentialsInvalid):
            accounts.log_in(email=f"{name}@example.com", password="wrong")
        assert len(Hashing.held) == 1, name


@pytest.mark.django_db
@pytest.mark.usefixtures("slow_hashing")
def test_a_password_is_hashed_slowly_and_once_more_at_log_in_where_it_was_not() -> None:
    user = accounts.sign_up(**GOOD)
    assert user.password.startswith("argon2$argon2id$")
    User.objects.update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    accounts.log_in(email=user.email, password=PASSWORD)
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$")


@pytest.mark.django_db
@freeze_time("2026-03-01T12:00:00Z")
def test_log_in_is_dated() -> None:
    user = accounts.log_in(email=UserFactory.create().email, password=PASSWORD)
    user.refresh_from_db()
    assert user.last_login == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_a_profile_changes_only_what_is_given() -> None:
    user = UserFactory.create(first_name="Ada", last_name="Lovelace")
    accounts.change_profile(
        user, {"first_name": "Grace", "phone": "+31612345678", "receive_phone_call": False}
    )
    user.refresh_from_db()
    assert (user.first_name, user.last_name, user.phone) == ("Grace", "Lovelace", "+31612345678")
    assert (user.receive_phone_call, user.receive_email_updates) == (False, True)


@pytest.mark.django_db
def test_a_profile_does_not_change_role_address_or_anything_else() -> None:
    user = UserFactory.create(email="ada@example.com")
    accounts.change_profile(
        user, {"role": "administrator", "email": "x@example.com", "token_version": 9, "id": 1}
    )
    user.refresh_from_db()
    assert (user.role, user.email, user.token_version) == ("guest", "ada@example.com", 0)


@pytest.mark.django_db
def test_a_profile_with_one_fault_is_not_changed_at_all() -> None:
    user = UserFactory.create(first_name="Ada", phone="+12025550123")
    with pytest.raises(ContactInvalid):
        accounts.change_profile(user, {"first_name": "Grace", "phone": "1"})
    user.refresh_from_db()
    assert (user.first_name, user.phone) == ("Ada", "+12025550123")


@pytest.mark.django_db
def test_marking_a_favourite_twice_leaves_one() -> None:
    user = UserFactory.create()
    venue = Venue.objects.create(slug="seaside", name="Seaside", kind="hotel", mode="night")
    accounts.mark_favourite(user, venue.pk)
    accounts.mark_favourite(user, venue.pk)
    assert Favourite.objects.count() == 1


@pytest.mark.django_db
def test_an_export_holds_everything_but_secrets() -> None:
    user = UserFactory.create(email="ada@example.com", phone="+12025550123")
    pair = tokens.issue(user)
    venue = Venue.objects.create(slug="seaside", name="Seaside", kind="hotel", mode="night")
    accounts.mark_favourite(user, venue.pk)
    SocialAccount.objects.create(user=user, provider="google", uid="7", extra_data={"a": 1})
    told = accounts.export(user)
    assert told["profile"] == user
    assert told["favourites"][0]["slug"] == "seaside"
    assert told["sign_in_providers"][0]["uid"] == "7"
    assert len(told["log_ins"]) == 1
    assert RefreshToken.objects.get().digest not in str(told) and pair.refresh not in str(told)


@pytest.mark.django_db
def test_erasing_leaves_nothing_of_the_person_here() -> None:
    user = UserFactory.create(email="canary@example.com", first_name="Canary")
    tokens.issue(user)
    SocialAccount.objects.create(user=user, provider="google", uid="canary", extra_data={})
    EmailAddress.objects.create(user=user, email=user.email)
    LogEntry.objects.log_actions(
        AdministratorFactory.create().pk, [user], CHANGE, "canary", single_object=True
    )
    accounts.erase(user)
    for model in (RefreshToken, SocialAccount, EmailAddress):
        assert not model.objects.exists()
    assert not User.objects.filter(first_name="Canary").exists()
    assert "canary" not in str(list(LogEntry.objects.values())).lower()


@pytest.mark.django_db
def test_claiming_an_account_ends_every_other_way_in_once() -> None:
    user = UserFactory.create()
    pair = tokens.issue(user)
    SocialAccount.objects.create(user=user, provider="github", uid="attacker")
    accounts.claim(user)
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.refresh)
    with pytest.raises(CredentialsInvalid):
        accounts.log_in(email=user.email, password=PASSWORD)
    assert not SocialAccount.objects.exists()
    SocialAccount.objects.create(user=user, provider="google", uid="owner")
    accounts.claim(user)
    assert SocialAccount.objects.count() == 1


@pytest.mark.django_db
def test_roles_say_who_may_enter_which_part_of_the_admin() -> None:
    guest, staff = UserFactory.create(), StaffFactory.create()
    administrator = AdministratorFactory.create()
    assert not guest.is_staff and not guest.has_module_perms("venues")
    assert staff.is_staff and not staff.is_superuser
    assert staff.has_perms(["venues.change_venue", "reservations.view_reservation"])
    assert not staff.has_perm("guests.view_user")
    assert administrator.is_superuser and administrator.has_perm("guests.change_partnerkey")
    administrator.is_active = False
    assert not administrator.has_perm("guests.change_partnerkey")


@pytest.mark.django_db
def test_a_caller_says_what_a_person_may_run() -> None:
    venue = Venue.objects.create(slug="seaside", name="Seaside", kind="hotel", mode="night")
    guest = callers.for_user(UserFactory.create())
    staff = callers.for_user(StaffFactory.create(staff_venues=[venue]))
    administrator = callers.for_user(AdministratorFactory.create())
    assert (guest.kind, staff.kind, administrator.kind) == ("guest", "staff", "administrator")
    assert [who.may_run(venue.pk) for who in (guest, staff, administrator)] == [False, True, True]
    assert not staff.may_run(venue.pk + 1)
    assert callers.system("sweep").may_run(venue.pk)
    assert guest.limits_apply_at(venue.pk) and not administrator.limits_apply_at(venue.pk)
    assert not staff.limits_apply_at(venue.pk) and staff.limits_apply_at(venue.pk + 1)
    assert not callers.ANONYMOUS.is_known and not callers.ANONYMOUS.may_run(venue.pk)


@pytest.mark.django_db
def test_a_superuser_is_an_administrator_by_role() -> None:
    user = User.objects.create_superuser("Root@Example.com", PASSWORD)
    assert (user.email, user.role) == ("root@example.com", "administrator")
    assert User.objects.get_by_natural_key("ROOT@example.com") == user
    assert str(user) == "root@example.com"


def test_a_person_is_greeted_by_name_or_by_address() -> None:
    assert User(first_name="Ada", last_name="Lovelace").display_name == "Ada Lovelace"
    assert User(email="ada@example.com").display_name == "ada"


def test_every_refusal_has_a_code_and_a_sentence() -> None:
    for refusal in GuestError.__subclasses__():
        assert refusal.code != GuestError.code
        assert (refusal.__doc__ or "").strip()


@pytest.mark.django_db
def test_the_only_administrator_cannot_be_erased() -> None:
    only = AdministratorFactory.create()
    with pytest.raises(LastAdministrator):
        accounts.judge_erasure(only)

    AdministratorFactory.create(is_active=False)
    with pytest.raises(LastAdministrator):
        accounts.judge_erasure(only)

    AdministratorFactory.create()
    accounts.judge_erasure(only)
