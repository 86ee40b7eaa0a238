"""Forged, stolen and stale credentials, as an attacker sends them over HTTP: always 401."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pytest_django import Settings

from guests import keys, tokens
from guests.models import User
from tests.api.calling import Api, anonymous
from tests.guests.factories import AdministratorFactory, PartnerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return AdministratorFactory.create()


def part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def refused(token: str) -> None:
    answer = Api(lambda: {"Authorization": f"Bearer {token}"}).get("/me")
    assert answer.status_code == 401, token[:200]
    assert answer.json()["code"] == "invalid_token"
    assert "WWW-Authenticate" in answer


def genuine(boss: User) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Header, claims and signature of a token that is believed."""
    access = tokens.issue(boss).access
    assert Api(lambda: {"Authorization": f"Bearer {access}"}).get("/me").status_code == 200
    claims = jwt.decode(access, options={"verify_signature": False})
    return jwt.get_unverified_header(access), claims, access.rpartition(".")[2]


NONE: list[Any] = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "NoNe",
    "none ",
    " none",
    "",
    None,
    0,
    False,
    [],
    {},
]


@pytest.mark.parametrize("algorithm", NONE)
def test_no_algorithm_in_any_spelling(boss: User, algorithm: Any) -> None:
    header, claims, signature = genuine(boss)
    for end in ("", signature, part({})):
        refused(f"{part(header | {'alg': algorithm})}.{part(claims)}.{end}")
    refused(f"{part(header | {'alg': algorithm})}.{part(claims)}")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "hs256", "HS256 "])
def test_another_algorithm_signed_with_our_own_secret(
    boss: User, settings: Settings, algorithm: str
) -> None:
    header, claims, _ = genuine(boss)
    digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(algorithm, hashlib.sha256)
    signed = f"{part(header | {'alg': algorithm})}.{part(claims)}"
    mac = hmac.new(settings.JWT_SECRET.encode(), signed.encode(), digest).digest()
    refused(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_a_key_pair_of_the_attacker(boss: User, algorithm: str) -> None:
    header, claims, _ = genuine(boss)
    private: Any = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    refused(jwt.encode(claims, private, algorithm=algorithm, headers={"kid": header["kid"]}))
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # The public half taken for the shared secret, brought along in the header.
    signed = f"{part(header | {'jwk': {'kty': 'oct', 'k': part(public.decode())}})}.{part(claims)}"
    mac = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    refused(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


KEY_IDS = [
    "", "other", "../../../../dev/null", "/dev/null", "file:///dev/null", "' UNION SELECT 'x",
    "|id", "\x00", "http://127.0.0.1/key", 0, 7, True, None, [], ["x"], {}, "x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("key_id", KEY_IDS)
@pytest.mark.parametrize("secret", [b"", b"x" * 32])
def test_a_key_id_that_leads_elsewhere(boss: User, key_id: Any, secret: bytes) -> None:
    header, claims, _ = genuine(boss)
    signed = f"{part(header | {'kid': key_id, 'jku': key_id, 'x5u': key_id})}.{part(claims)}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    refused(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "1"},
        {"ver": 1},
        {"use": "refresh"},
        {"aud": "elsewhere"},
        {"iss": "elsewhere"},
        {"exp": 2**31},
    ],
)
def test_what_it_says_changed_under_its_own_signature(boss: User, changes: dict[str, Any]) -> None:
    header, claims, signature = genuine(boss)
    refused(f"{part(header)}.{part(claims | changes | {'jti': 'other'})}.{signature}")


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": -1},
        {"exp": "soon"},
        {"exp": None},
        {"nbf": 2**33},
        {"nbf": "later"},
        {"aud": "elsewhere"},
        {"aud": []},
        {"iss": "elsewhere"},
        {"use": "refresh"},
        {"use": "ACCESS"},
        {"ver": 1},
        {"ver": -1},
        {"sub": "0"},
        {"sub": "-1"},
        {"sub": "9" * 60},
        {"sub": "1 OR 1=1"},
        {"sub": ""},
    ],
)
def test_what_only_a_stolen_secret_could_sign_is_judged_all_the_same(
    boss: User, settings: Settings, changes: dict[str, Any]
) -> None:
    header, claims, _ = genuine(boss)
    wrong = {name: value for name, value in (claims | changes).items() if value is not None}
    refused(jwt.encode(wrong, settings.JWT_SECRET, headers={"kid": header["kid"]}))


@pytest.mark.parametrize("size", [9_000, 100_000, 1_000_000])
def test_a_huge_token_is_refused_and_fells_nothing(boss: User, size: int) -> None:
    header, claims, signature = genuine(boss)
    refused("x" * size)
    refused("." * size)
    refused(f"{part(header | {'x': 'x' * size})}.{part(claims)}.{signature}")
    refused(f"{part(header)}.{part(claims | {'x': ['x'] * size})}.{signature}")
    refused(f"{part(header)}.{'W' * size}.{signature}")


def test_a_token_in_another_place_opens_nothing(boss: User) -> None:
    access = tokens.issue(boss).access
    _, key = keys.issue(PartnerFactory.create(), by=None)
    for name in ("access_token", "token", "jwt", "access"):
        assert anonymous().get("/me", {name: access}).status_code == 401
        assert anonymous().get("/me", Cookie=f"{name}={access}").status_code == 401
    for name in ("api_key", "key", "X-API-Key"):
        assert anonymous().get("/reservations", {name: key}).status_code == 401
    for headers in (
        {"Authorization": access},
        {"Authorization": f"Basic {access}"},
        {"Authorization": f"Token {access}"},
        {"Authorization": f"Bearer {key}"},
        {"X-API-Key": access},
        {"X-Access-Token": access},
    ):
        assert Api(lambda headers=headers: headers).get("/me").status_code == 401  # type: ignore[misc]


def test_a_token_of_before_a_password_change_is_stale(boss: User) -> None:
    access = tokens.issue(boss).access
    User.objects.filter(pk=boss.pk).update(token_version=1)
    refused(access)
