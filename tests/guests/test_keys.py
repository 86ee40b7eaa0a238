"""Partners' keys: shown once, kept as digests, ended at an instant."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection
from freezegun import freeze_time
from pytest_django import DjangoAssertNumQueries, Settings

from guests import keys
from guests.models import Partner, PartnerKey
from guests.scopes import SCOPES
from settings import partner_keys
from tests.guests.factories import AdministratorFactory, PartnerFactory
from venues.models import Venue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create(slug="acme", rate="600/m")


def a_venue(slug: str) -> Venue:
    return Venue.objects.create(slug=slug, name=slug, kind="hotel", mode="night")


def test_a_key_is_letters_and_digits_and_no_two_are_alike() -> None:
    made = {keys.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"hf[A-Za-z0-9]{44}", secret) for secret in made)


def test_only_a_digest_of_a_key_is_kept(partner: Partner) -> None:
    key, secret = keys.issue(partner, by=AdministratorFactory.create())
    row = PartnerKey.objects.values().get(pk=key.pk)
    assert secret not in json.dumps(row, default=str)
    assert row["digest"] == hashlib.sha256(secret.encode()).hexdigest()
    assert row["prefix"] == secret[:10]


def test_a_key_finds_its_partner_with_what_it_may_do(partner: Partner) -> None:
    venue = a_venue("seaside")
    partner.venues.add(venue)
    _, secret = keys.issue(partner, by=None)
    caller = keys.find(secret, NOON)
    assert caller is not None
    assert (caller.kind, caller.partner, caller.rate) == ("partner", "acme", "600/m")
    assert caller.may_run(venue.pk) and not caller.may_run(venue.pk + 1)
    assert caller.scopes == set(SCOPES)


def test_a_partner_of_all_venues_may_run_any(partner: Partner) -> None:
    partner.has_all_venues = True
    partner.save()
    caller = keys.find(keys.issue(partner, by=None)[1], NOON)
    assert caller is not None and caller.may_run(12345)


@pytest.mark.parametrize(
    "junk",
    ["", "hf", "x" * 46, "hf" + "0" * 44, "hf" + "٠" * 44, "\x00", "\ud800", "hf" * 5000],
)
def test_junk_is_told_without_a_query(
    junk: str, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert keys.find(junk, NOON) is None


def test_one_changed_letter_is_refused_without_a_query(
    partner: Partner, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, secret = keys.issue(partner, by=None)
    with django_assert_num_queries(0):
        for place in range(2, len(secret)):
            other = "A" if secret[place] != "A" else "B"
            assert keys.find(secret[:place] + other + secret[place + 1 :], NOON) is None


def test_another_genuine_key_with_the_same_prefix_is_refused(partner: Partner) -> None:
    key, _ = keys.issue(partner, by=None)
    other = keys.new_secret()
    PartnerKey.objects.filter(pk=key.pk).update(prefix=other[:10])
    assert keys.find(other, NOON) is None


@pytest.mark.parametrize(
    ("offset", "is_valid"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)]
)
def test_a_key_ends_at_its_instant(partner: Partner, offset: timedelta, is_valid: bool) -> None:
    _, secret = keys.issue(partner, by=None, expires_at=NOON)
    assert (keys.find(secret, NOON + offset) is not None) == is_valid


def test_a_revoked_key_ends_at_once(partner: Partner) -> None:
    key, secret = keys.issue(partner, by=None)
    keys.revoke(key_id=key.pk)
    assert keys.find(secret, NOON) is None
    revoked_at = PartnerKey.objects.get().revoked_at
    keys.revoke(key_id=key.pk)
    assert PartnerKey.objects.get().revoked_at == revoked_at


def test_the_keys_of_a_closed_partner_are_refused(partner: Partner) -> None:
    _, secret = keys.issue(partner, by=None)
    Partner.objects.update(is_active=False)
    assert keys.find(secret, NOON) is None


@pytest.mark.parametrize(
    ("offset", "old_is_valid"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)]
)
def test_a_rotated_key_works_until_the_grace_is_over(
    partner: Partner, offset: timedelta, old_is_valid: bool
) -> None:
    with freeze_time(NOON):
        old, old_secret = keys.issue(partner, by=None)
        made = keys.rotate(key_id=old.pk, by=None)
    assert made is not None
    assert (keys.find(old_secret, NOON + keys.GRACE + offset) is not None) == old_is_valid
    assert keys.find(made[1], NOON + keys.GRACE + offset) is not None


def test_a_successor_lives_as_long_and_grace_lengthens_no_life(partner: Partner) -> None:
    with freeze_time(NOON):
        old, _ = keys.issue(partner, by=None, expires_at=NOON + timedelta(hours=2))
    with freeze_time(NOON + timedelta(hours=1)):
        made = keys.rotate(key_id=old.pk, by=None)
    old.refresh_from_db()
    assert old.expires_at == NOON + timedelta(hours=2)
    assert made is not None and made[0].expires_at == NOON + timedelta(hours=3)


def test_a_key_that_has_ended_is_not_rotated(partner: Partner) -> None:
    key, _ = keys.issue(partner, by=None)
    keys.revoke(key_id=key.pk)
    assert keys.rotate(key_id=key.pk, by=None) is None


@pytest.mark.parametrize(("seconds", "noted"), [(59, 0), (60, 60), (61, 61)])
def test_use_is_noted_once_a_minute(partner: Partner, seconds: int, noted: int) -> None:
    _, secret = keys.issue(partner, by=None)
    keys.find(secret, NOON)
    keys.find(secret, NOON + timedelta(seconds=seconds))
    assert PartnerKey.objects.get().last_used_at == NOON + timedelta(seconds=noted)


def test_a_key_works_when_its_use_cannot_be_noted(
    partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    _, secret = keys.issue(partner, by=None)

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise DatabaseError("the disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        assert keys.find(secret, NOON) is not None
    assert "could not note the use" in caplog.text
    assert secret not in caplog.text


def entry(secret: str = "s", **changes: Any) -> dict[str, Any]:
    return {
        "partner": "acme",
        "digest": keys.digest(secret),
        "scopes": ["reservations:read"],
        "venues": ["seaside"],
    } | changes


def test_a_key_of_the_settings_is_found_by_its_digest(db: None, settings: Settings) -> None:
    venue = a_venue("seaside")
    secret = keys.new_secret()
    settings.PARTNER_KEYS = partner_keys.read([entry("other"), entry(secret, rate="5/s")])
    caller = keys.find(secret, NOON)
    assert caller is not None
    assert (caller.name, caller.rate) == ("partner:acme", "5/s")
    assert caller.venue_ids == frozenset({venue.pk})
    assert caller.scopes == {"reservations:read"}
    assert keys.find(keys.digest(secret), NOON) is None
    assert keys.find(keys.new_secret(), NOON) is None


def test_a_key_of_the_settings_may_have_every_venue(settings: Settings) -> None:
    settings.PARTNER_KEYS = partner_keys.read([entry("s", venues="*")])
    caller = keys.find("s", NOON)
    assert caller is not None and caller.venue_ids is None


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({}, "JSON list"),
        ("x", "JSON list"),
        (["x"], "entry 1 is not an object"),
        ([entry(key="secret")], "entry 1 has a field that is not known: key"),
        ([entry(), entry("t", partner="A B")], 'entry 2 needs a "partner"'),
        ([entry(partner=None)], '"partner"'),
        ([entry(digest="short")], '"digest"'),
        ([entry(digest=7)], '"digest"'),
        ([entry(scopes="reservations:read")], '"scopes"'),
        ([entry(scopes=["everything"])], '"scopes"'),
        ([entry(venues="all")], '"venues"'),
        ([entry(venues=[1])], '"venues"'),
        ([entry(rate="often")], '"rate"'),
        ([entry(rate="0/m")], '"rate"'),
        ([entry(), entry()], "twice"),
    ],
)
def test_a_bad_entry_stops_the_start_with_one_clear_line(entries: object, reason: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        partner_keys.read(entries)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert keys.digest("s") not in str(refusal.value)


def test_the_command_prints_a_key_and_the_digest_that_settings_take() -> None:
    out = StringIO()
    call_command("new_key", stdout=out)
    words = out.getvalue().split()
    assert words[0] == "key" and words[2] == "digest"
    assert keys.digest(words[1]) == words[3]


def test_a_key_is_looked_up_once_in_a_while(
    partner: Partner, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.PARTNER_KEY_KEPT = 5 * SECOND
    _, secret = keys.issue(partner, by=None)
    keys.find(secret, NOON)
    with django_assert_num_queries(0):
        assert keys.find(secret, NOON + 4 * SECOND) is not None
    PartnerKey.objects.update(revoked_at=NOON)  # as another process would
    assert keys.find(secret, NOON + 4 * SECOND) is not None
    assert keys.find(secret, NOON + 5 * SECOND) is None


def test_a_key_that_is_revoked_here_ends_here_at_once(partner: Partner, settings: Settings) -> None:
    settings.PARTNER_KEY_KEPT = 5 * SECOND
    key, secret = keys.issue(partner, by=None)
    assert keys.find(secret, NOON) is not None
    keys.revoke(key_id=key.pk)
    assert keys.find(secret, NOON) is None


def test_a_key_is_not_remembered_beyond_its_own_end(partner: Partner, settings: Settings) -> None:
    settings.PARTNER_KEY_KEPT = 5 * SECOND
    _, secret = keys.issue(partner, by=None)
    PartnerKey.objects.update(expires_at=NOON + 2 * SECOND)
    assert keys.find(secret, NOON) is not None
    assert keys.find(secret, NOON + 2 * SECOND) is None


def test_no_more_keys_are_remembered_than_there_is_room_for(
    partner: Partner, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PARTNER_KEY_KEPT = 5 * SECOND
    monkeypatch.setattr(keys, "MOST_REMEMBERED", 2)
    secrets = [keys.issue(partner, by=None)[1] for _ in range(4)]
    assert all(keys.find(secret, NOON) for secret in secrets)
    assert len(keys._remembered) <= 2
