"""Tokens say who somebody is, for a while, and a refresh token works once."""

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from freezegun import freeze_time
from pytest_django import Settings

from guests import accounts, tokens
from guests.errors import TokenInvalid
from guests.models import RefreshToken, User
from tests.guests.factories import UserFactory
from tests.guests.races import race

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def user(db: None) -> User:
    return UserFactory.create()


def kid(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def test_a_pair_names_the_person_and_nothing_about_them(user: User) -> None:
    pair = tokens.issue(user)
    said = jwt.decode(pair.access, options={"verify_signature": False})
    assert set(said) == {"iss", "aud", "sub", "ver", "jti", "iat", "exp", "use"}
    assert tokens.read(pair.access, use="access").user_id == user.pk
    assert tokens.read(pair.refresh, use="refresh").user_id == user.pk
    assert pair.expires_in == 15 * 60


def test_the_database_does_not_hold_the_token(user: User) -> None:
    pair = tokens.issue(user)
    jti = tokens.read(pair.refresh, use="refresh").jti
    row = RefreshToken.objects.get()
    assert jti not in row.digest and row.digest not in pair.refresh


@pytest.mark.parametrize(
    ("offset", "is_valid"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)]
)
def test_an_access_token_ends_on_the_second(
    user: User, settings: Settings, offset: timedelta, is_valid: bool
) -> None:
    with freeze_time(NOON):
        pair = tokens.issue(user)
    with freeze_time(NOON + settings.ACCESS_TOKEN_LIFETIME + offset):
        assert _works(lambda: tokens.read(pair.access, use="access")) == is_valid


@pytest.mark.parametrize(
    ("offset", "is_valid"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)]
)
def test_a_refresh_token_ends_on_the_second(
    user: User, settings: Settings, offset: timedelta, is_valid: bool
) -> None:
    with freeze_time(NOON):
        pair = tokens.issue(user)
    with freeze_time(NOON + settings.REFRESH_TOKEN_LIFETIME + offset):
        assert _works(lambda: tokens.rotate(pair.refresh)) == is_valid


def test_a_host_whose_clock_is_behind_believes_the_token(user: User) -> None:
    with freeze_time(NOON):
        pair = tokens.issue(user)
    with freeze_time(NOON - SECOND):
        assert tokens.read(pair.access, use="access").user_id == user.pk


def test_a_refresh_gives_another_pair(user: User) -> None:
    first = tokens.issue(user)
    second = tokens.rotate(first.refresh)
    third = tokens.rotate(second.refresh)
    assert len({first.refresh, second.refresh, third.refresh}) == 3
    assert RefreshToken.objects.values("family").distinct().count() == 1


def test_a_spent_token_ends_the_family_for_good(user: User) -> None:
    first = tokens.issue(user)
    second = tokens.rotate(first.refresh)
    with pytest.raises(TokenInvalid):
        tokens.rotate(first.refresh)
    with pytest.raises(TokenInvalid):
        tokens.rotate(second.refresh)
    assert not RefreshToken.objects.filter(revoked_at=None).exists()


def test_another_log_in_of_the_same_person_lives_on(user: User) -> None:
    first, other = tokens.issue(user), tokens.issue(user)
    tokens.rotate(first.refresh)
    with pytest.raises(TokenInvalid):
        tokens.rotate(first.refresh)
    assert tokens.rotate(other.refresh).expires_in > 0


def test_a_log_out_ends_the_family_and_may_be_repeated(user: User) -> None:
    first = tokens.issue(user)
    second = tokens.rotate(first.refresh)
    tokens.revoke(first.refresh)
    tokens.revoke(second.refresh)
    with pytest.raises(TokenInvalid):
        tokens.rotate(second.refresh)


def test_an_expired_token_still_logs_out(user: User, settings: Settings) -> None:
    with freeze_time(NOON):
        first = tokens.issue(user)
    with freeze_time(NOON + settings.REFRESH_TOKEN_LIFETIME + SECOND):
        tokens.revoke(first.refresh)
    assert RefreshToken.objects.get().revoked_at is not None


def test_a_token_that_was_never_given_out_logs_nobody_out(user: User, settings: Settings) -> None:
    """Its signature is right, as one made by an older copy of the database would be."""
    tokens.issue(user)
    for claims in ({"sub": str(user.pk)}, {"sub": "999999"}, {"sub": "-1"}, {"sub": "9" * 40}):
        with pytest.raises(TokenInvalid):
            tokens.revoke(_signed(settings, use="refresh", **claims))
    assert not RefreshToken.objects.exclude(revoked_at=None).exists()


def test_a_token_given_to_somebody_else_logs_nobody_out(user: User, settings: Settings) -> None:
    jti = tokens.read(tokens.issue(user).refresh, use="refresh").jti
    other = UserFactory.create()
    with pytest.raises(TokenInvalid):
        tokens.revoke(_signed(settings, use="refresh", sub=str(other.pk), jti=jti))
    assert not RefreshToken.objects.exclude(revoked_at=None).exists()


def test_a_closed_account_cannot_refresh(user: User) -> None:
    pair = tokens.issue(user)
    User.objects.update(is_active=False)
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.refresh)


def test_logging_out_everywhere_ends_every_refresh_token(user: User) -> None:
    pair = tokens.issue(user)
    accounts.log_out_everywhere(user)
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.refresh)


def test_an_older_version_of_the_account_cannot_refresh(user: User) -> None:
    pair = tokens.issue(user)
    User.objects.update(token_version=1)
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.refresh)


def test_the_token_of_someone_erased_is_refused(user: User) -> None:
    pair = tokens.issue(user)
    user.delete()
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.refresh)
    with pytest.raises(TokenInvalid):
        tokens.revoke(pair.refresh)


def test_a_replaced_secret_is_believed_while_it_is_listed(user: User, settings: Settings) -> None:
    pair = tokens.issue(user)
    old, settings.JWT_SECRET = settings.JWT_SECRET, "n" * 40
    assert not _works(lambda: tokens.read(pair.access, use="access"))
    settings.JWT_OLD_SECRETS = [old]
    assert tokens.read(pair.access, use="access").user_id == user.pk
    assert jwt.get_unverified_header(tokens.rotate(pair.refresh).access)["kid"] == kid("n" * 40)


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(datetime.now(tz=UTC).timestamp())
    claims = {
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "sub": "1",
        "ver": 0,
        "jti": "j",
        "iat": now,
        "exp": now + 60,
        "use": "access",
    }
    return {key: value for key, value in (claims | changes).items() if value is not None}


def _signed(settings: Settings, *, algorithm: str = "HS256", **changes: Any) -> str:
    secret = settings.JWT_SECRET
    return jwt.encode(_claims(**changes), secret, algorithm=algorithm, headers={"kid": kid(secret)})


def test_the_forgeries_below_differ_from_a_token_that_is_believed(
    settings: Settings,
) -> None:
    assert tokens.read(_signed(settings), use="access").user_id == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "elsewhere"},
        {"aud": None},
        {"aud": ["elsewhere"]},
        {"iss": "elsewhere"},
        {"iss": None},
        {"use": "refresh"},
        {"use": None},
        {"use": ["access"]},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"iat": None},
        {"jti": None},
        {"sub": None},
        {"sub": "someone"},
        {"sub": 1},
        {"ver": None},
        {"ver": "latest"},
        {"ver": {}},
    ],
)
def test_a_token_that_says_anything_else_is_refused(
    settings: Settings, changes: dict[str, Any]
) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read(_signed(settings, **changes), use="access")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused_even_with_the_right_secret(
    settings: Settings, algorithm: str
) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read(_signed(settings, algorithm=algorithm), use="access")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, "HS256 "])
@pytest.mark.parametrize("signature", ["", "e30"])
def test_an_unsigned_token_is_refused_however_it_says_so(
    settings: Settings, algorithm: str | None, signature: str
) -> None:
    header = {"alg": algorithm, "typ": "JWT", "kid": kid(settings.JWT_SECRET)}
    forged = f"{_part(header)}.{_part(_claims())}.{signature}"
    with pytest.raises(TokenInvalid):
        tokens.read(forged, use="access")


def test_a_key_pair_is_not_taken_for_the_secret(settings: Settings) -> None:
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = pair.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    header = {"kid": kid(settings.JWT_SECRET), "jwk": {"kty": "oct", "k": "AAAA"}}
    forged = jwt.encode(_claims(), private, algorithm="RS256", headers=header)
    with pytest.raises(TokenInvalid):
        tokens.read(forged, use="access")


@pytest.mark.parametrize("key_id", ["", "other", "../../dev/null", "' OR 1=1", 7, ["x"], {}])
def test_a_key_that_is_not_ours_is_not_looked_for(settings: Settings, key_id: Any) -> None:
    secret = settings.JWT_SECRET
    forged = jwt.encode(_claims(), secret, algorithm="HS256")
    body, signature = forged.split(".")[1:]
    header = _part({"alg": "HS256", "kid": key_id})
    for token in (forged, f"{header}.{body}.{signature}"):
        with pytest.raises(TokenInvalid):
            tokens.read(token, use="access")


def test_another_secret_under_our_key_id_is_refused(settings: Settings) -> None:
    forged = jwt.encode(
        _claims(), "x" * 40, algorithm="HS256", headers={"kid": kid(settings.JWT_SECRET)}
    )
    with pytest.raises(TokenInvalid):
        tokens.read(forged, use="access")


def test_a_changed_or_stripped_part_is_refused(settings: Settings) -> None:
    header, body, signature = _signed(settings).split(".")
    other = _part(_claims(sub="2"))
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    for forged in (
        f"{header}.{other}.{signature}",
        f"{header}.{body}.{flipped}",
        f"{header}.{body}.",
        f"{header}.{body}",
        f"{header}..{signature}",
        f".{body}.{signature}",
        f"{header}.{body}.{signature}.{signature}",
    ):
        with pytest.raises(TokenInvalid):
            tokens.read(forged, use="access")


@pytest.mark.parametrize(
    "junk", ["", ".", "..", "...", "a.b.c", "\x00", "é.é.é", "\ud800", "e30.e30.e30", "[" * 9_999]
)
def test_junk_is_refused(junk: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read(junk, use="access")


def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(user: User) -> None:
    pair = tokens.issue(user)
    with pytest.raises(TokenInvalid):
        tokens.read(pair.refresh, use="access")
    with pytest.raises(TokenInvalid):
        tokens.rotate(pair.access)


def test_expired_tokens_are_forgotten_a_batch_at_a_time(user: User, settings: Settings) -> None:
    with freeze_time(NOON):
        for _ in range(3):
            tokens.issue(user)
    with freeze_time(NOON + settings.REFRESH_TOKEN_LIFETIME - SECOND):
        assert tokens.delete_expired(batch=2) == 0
    with freeze_time(NOON + settings.REFRESH_TOKEN_LIFETIME):
        fresh = tokens.issue(user)
        assert tokens.delete_expired(batch=2) == 2
        assert tokens.delete_expired(batch=2) == 1
        assert tokens.rotate(fresh.refresh).expires_in > 0


@pytest.mark.django_db(transaction=True)
def test_twelve_threads_with_one_token_get_one_pair_and_then_the_family_is_dead() -> None:
    pair = tokens.issue(UserFactory.create())
    outcomes = race(12, lambda: tokens.rotate(pair.refresh))
    won = [outcome for outcome in outcomes if isinstance(outcome, tokens.Pair)]
    assert len(won) == 1
    assert [type(lost) for lost in outcomes if lost is not won[0]] == [TokenInvalid] * 11
    with pytest.raises(TokenInvalid):
        tokens.rotate(won[0].refresh)


@pytest.mark.django_db(transaction=True)
def test_without_the_conditional_update_several_threads_get_a_pair() -> None:
    """The negative control: reading first and writing after lets more than one through."""
    pair = tokens.issue(UserFactory.create())
    jti = tokens.read(pair.refresh, use="refresh").jti
    digest = hashlib.sha256(jti.encode()).hexdigest()

    def read_then_save() -> uuid.UUID | None:
        row = RefreshToken.objects.get(digest=digest)
        if row.spent_at is not None:
            return None
        _both_have_read.wait(timeout=60)
        row.spent_at = datetime.now(tz=UTC)
        row.save(update_fields=["spent_at"])
        return row.family

    _both_have_read = threading.Barrier(2)
    assert all(race(2, read_then_save))


def _works(act: Callable[[], object]) -> bool:
    try:
        act()
    except TokenInvalid:
        return False
    return True


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
