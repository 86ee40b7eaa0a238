"""The admin's pages of people and keys, as an administrator and as anybody else meets them."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guests import keys, tokens
from guests.credentials import letters
from guests.errors import TokenInvalid
from guests.models import Partner, PartnerKey, User
from tests.guests.factories import (
    PASSWORD,
    AdministratorFactory,
    PartnerFactory,
    StaffFactory,
    UserFactory,
)
from venues.models import Venue

pytestmark = pytest.mark.django_db

CONFIRMED = {"password": PASSWORD}
"""What the forms of keys ask for again."""


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create(slug="acme")


@pytest.fixture
def boss() -> Client:
    """A browser in which an administrator is logged in."""
    return browser_of(AdministratorFactory.create(email="boss@example.com"))


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    return client


def secret_in(page: bytes) -> str:
    found = re.search(rb'id="secret">(\w+)<', page)
    assert found is not None
    return found[1].decode()


def test_an_administrator_logs_in_with_the_address_in_any_letters() -> None:
    AdministratorFactory.create(email="boss@example.com")
    answer = Client().post(
        reverse("admin:login"), {"username": "BOSS@Example.com", "password": PASSWORD}
    )
    assert answer.status_code == 302


def test_a_key_is_issued_and_shown_once(boss: Client, partner: Partner) -> None:
    page = boss.get(reverse("admin:guests_partner_change", args=[partner.pk]))
    issue = reverse("admin:guests_partner_issue_key", args=[partner.pk])
    assert issue in page.content.decode()
    assert b"shown once" in boss.get(issue).content
    assert not PartnerKey.objects.exists()

    answer = boss.post(issue, CONFIRMED | {"expires_at_0": "", "expires_at_1": ""})
    secret = secret_in(answer.content)
    assert "no-store" in answer["Cache-Control"]
    caller = keys.find(secret, timezone.now())
    assert caller is not None and caller.partner == "acme"
    key = PartnerKey.objects.get()
    assert key.created_by is not None and key.created_by.email == "boss@example.com"
    for address in (
        reverse("admin:guests_partner_change", args=[partner.pk]),
        reverse("admin:guests_partner_history", args=[partner.pk]),
        reverse("admin:guests_partnerkey_changelist"),
        reverse("admin:guests_partnerkey_change", args=[key.pk]),
    ):
        page = boss.get(address)
        assert page.status_code == 200
        assert key.prefix in page.content.decode()
        assert secret not in page.content.decode() and key.digest not in page.content.decode()


def test_a_key_may_be_given_an_end_but_not_one_in_the_past(boss: Client, partner: Partner) -> None:
    issue = reverse("admin:guests_partner_issue_key", args=[partner.pk])
    refused = boss.post(
        issue, CONFIRMED | {"expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}
    )
    assert b"in the past" in refused.content
    assert not PartnerKey.objects.exists()
    end = timezone.now().replace(microsecond=0) + timedelta(days=9)
    boss.post(issue, CONFIRMED | {"expires_at_0": end.date(), "expires_at_1": end.time()})
    assert PartnerKey.objects.get().expires_at == end


def test_a_key_is_rotated(boss: Client, partner: Partner) -> None:
    old, _ = keys.issue(partner, by=None)
    rotate = reverse("admin:guests_partnerkey_rotate", args=[old.pk])
    assert b"goes on working" in boss.get(rotate).content
    secret = secret_in(boss.post(rotate, CONFIRMED).content)
    assert keys.find(secret, timezone.now()) is not None
    old.refresh_from_db()
    assert old.expires_at is not None and old.revoked_at is None


def test_a_key_is_revoked_by_a_post_only(boss: Client, partner: Partner) -> None:
    key, secret = keys.issue(partner, by=None)
    revoke = reverse("admin:guests_partnerkey_revoke", args=[key.pk])
    assert b"ends at once" in boss.get(revoke).content
    assert keys.find(secret, timezone.now()) is not None
    page = boss.post(revoke, CONFIRMED, follow=True)
    assert b"is revoked" in page.content
    assert keys.find(secret, timezone.now()) is None
    rotate = reverse("admin:guests_partnerkey_rotate", args=[key.pk])
    assert b"has ended already" in boss.post(rotate, CONFIRMED, follow=True).content
    assert rotate not in page.content.decode()


@pytest.mark.parametrize("given", ["", "wrong"])
def test_a_session_without_the_password_does_nothing_to_keys(
    boss: Client, partner: Partner, given: str
) -> None:
    key, secret = keys.issue(partner, by=None)
    for page in (
        reverse("admin:guests_partner_issue_key", args=[partner.pk]),
        reverse("admin:guests_partnerkey_rotate", args=[key.pk]),
        reverse("admin:guests_partnerkey_revoke", args=[key.pk]),
    ):
        assert boss.post(page, {"password": given}).status_code == 200
    assert PartnerKey.objects.count() == 1
    assert keys.find(secret, timezone.now()) is not None


def test_who_issues_a_key_gets_a_letter_about_it(boss: Client, partner: Partner) -> None:
    boss.post(reverse("admin:guests_partner_issue_key", args=[partner.pk]), CONFIRMED)
    letters.POST.submit(len, ()).result(timeout=60)
    assert [letter.to for letter in mail.outbox] == [["boss@example.com"]]


def test_the_admins_own_page_of_passwords_is_the_one_that_counts(boss: Client) -> None:
    answer = boss.post(reverse("admin:password_change"), {"old_password": PASSWORD})
    assert answer["Location"] == "/accounts/password/change/"


def test_nobody_but_an_administrator_comes_near_keys_and_people(partner: Partner) -> None:
    key, _ = keys.issue(partner, by=None)
    pages = [
        reverse("admin:guests_partner_issue_key", args=[partner.pk]),
        reverse("admin:guests_partnerkey_rotate", args=[key.pk]),
        reverse("admin:guests_partnerkey_revoke", args=[key.pk]),
        reverse("admin:guests_user_changelist"),
    ]
    staff, guest = browser_of(StaffFactory.create()), browser_of(UserFactory.create())
    for page in pages:
        assert staff.get(page).status_code == 403
        assert staff.post(page).status_code == 403
        assert guest.post(page).status_code == 302
        assert Client().post(page).status_code == 302
    assert PartnerKey.objects.filter(revoked_at=None).count() == 1


def test_keys_and_partners_are_not_deleted_and_keys_not_edited(
    boss: Client, partner: Partner
) -> None:
    key, _ = keys.issue(partner, by=None)
    assert boss.get(reverse("admin:guests_partnerkey_add")).status_code == 403
    for name, pk in [("partnerkey", key.pk), ("partner", partner.pk)]:
        assert boss.post(reverse(f"admin:guests_{name}_delete", args=[pk])).status_code == 403
    change = reverse("admin:guests_partnerkey_change", args=[key.pk])
    assert boss.post(change, {"prefix": "x"}).status_code == 403


def test_a_partner_is_made_with_scopes_and_venues(boss: Client) -> None:
    venue = Venue.objects.create(slug="seaside", name="Seaside", kind="hotel", mode="night")
    no_keys = {"keys-TOTAL_FORMS": 0, "keys-INITIAL_FORMS": 0}
    boss.post(
        reverse("admin:guests_partner_add"),
        {
            "slug": "acme",
            "name": "Acme",
            "scopes": ["venues:read"],
            "venues": [venue.pk],
            "rate": "5/s",
            "is_active": "on",
            **no_keys,
        },
    )
    made = Partner.objects.get()
    assert (made.scopes, made.rate, list(made.venues.all())) == (["venues:read"], "5/s", [venue])
    change = reverse("admin:guests_partner_change", args=[made.pk])
    boss.post(change, {"slug": "other", "name": "Acme", "is_active": "on", **no_keys})
    made.refresh_from_db()
    assert (made.slug, made.scopes) == ("acme", [])


def test_people_are_found_changed_and_never_deleted(
    boss: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "audit")
    user = UserFactory.create(email="ada@example.com")
    assert (
        b"ada@example.com" in boss.get(reverse("admin:guests_user_changelist") + "?q=ada").content
    )
    page = boss.get(reverse("admin:guests_user_change", args=[user.pk]))
    assert page.status_code == 200 and user.password not in page.content.decode()
    venue = Venue.objects.create(slug="seaside", name="Seaside", kind="hotel", mode="night")
    boss.post(
        reverse("admin:guests_user_change", args=[user.pk]),
        {
            "email": "Ada@Example.com",
            "role": "staff",
            "venue_roles-TOTAL_FORMS": "1",
            "venue_roles-INITIAL_FORMS": "0",
            "venue_roles-0-venue": venue.pk,
            "venue_roles-0-role": "clerk",
            "is_active": "on",
            "first_name": "Ada",
        },
    )
    user.refresh_from_db()
    assert (user.email, user.role) == ("ada@example.com", "staff")
    assert list(user.venue_roles.values_list("venue", "role")) == [(venue.pk, "clerk")]
    (line,) = [record for record in caplog.records if record.message == "role.changed"]
    told = {"about": f"user:{user.pk}", "role": "staff", "at": "seaside:clerk"}
    assert told.items() <= vars(line).items()
    assert boss.post(reverse("admin:guests_user_delete", args=[user.pk])).status_code == 403


@pytest.mark.parametrize("given", ["", "wrong"])
def test_a_session_of_an_administrator_alone_changes_nobodys_log_in(
    boss: Client, given: str
) -> None:
    user = UserFactory.create(email="ada@example.com")
    before = user.password
    new = {"password1": "another horse battery", "password2": "another horse battery"}
    moved = {"email": "thief@example.com", "role": "guest", "is_active": "on"}
    for page, form in (
        ("admin:guests_user_change", moved),
        ("admin:auth_user_password_change", new),
    ):
        answer = boss.post(reverse(page, args=[user.pk]), form | {"your_password": given})
        assert b"This is not your password." in answer.content
    user.refresh_from_db()
    assert (user.email, user.password) == ("ada@example.com", before)


def test_an_address_changed_by_an_administrator_is_told_to_the_old_one(boss: Client) -> None:
    user = UserFactory.create(email="ada@example.com")
    form = {"email": "new@example.com", "role": "guest", "is_active": "on"}
    form |= {"venue_roles-TOTAL_FORMS": "0", "venue_roles-INITIAL_FORMS": "0"}
    boss.post(
        reverse("admin:guests_user_change", args=[user.pk]), form | {"your_password": PASSWORD}
    )
    user.refresh_from_db()
    letters.POST.submit(len, ()).result(timeout=60)
    assert user.email == "new@example.com"
    assert [letter.to for letter in mail.outbox] == [["ada@example.com"]]


def test_a_person_is_added_once_whatever_the_letters(boss: Client) -> None:
    form = {
        "email": "Ada@Example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    boss.post(reverse("admin:guests_user_add"), form)
    again = boss.post(reverse("admin:guests_user_add"), form | {"email": "ADA@example.com"})
    assert b"already exists" in again.content
    assert User.objects.filter(email="ada@example.com").count() == 1


def test_a_new_password_logs_out_whoever_knew_the_old_one(boss: Client) -> None:
    user = UserFactory.create()
    pair = tokens.issue(user)
    boss.post(
        reverse("admin:auth_user_password_change", args=[user.pk]),
        {
            "password1": "another horse battery",
            "password2": "another horse battery",
            "your_password": PASSWORD,
        },
    )
    user.refresh_from_db()
    assert user.check_password("another horse battery")
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.refresh)
