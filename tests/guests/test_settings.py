"""What a deployment says about accounts is read from the environment, or refused in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOAD = (
    "import settings.accounts as s;"
    "print(s.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'][0]['provider_id'],"
    " s.PARTNER_KEYS[0].partner, s.ACCESS_TOKEN_LIFETIME, len(s.JWT_OLD_SECRETS))"
)
GOOD = {
    "SIGN_IN_PROVIDERS": '[{"provider": "openid_connect", "id": "okta", "name": "Okta",'
    ' "client_id": "c", "secret": "s", "server_url": "https://okta.example.com"}]',
    "PARTNER_KEYS": f'[{{"partner": "acme", "digest": "{"0" * 64}",'
    ' "scopes": ["venues:read"], "venues": "*"}]',
    "ACCESS_TOKEN_SECONDS": "60",
    "JWT_OLD_SECRETS": "a" * 32 + "," + "b" * 32,
}


def load(folder: Path, changes: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)} | GOOD | changes
    return subprocess.run(
        [sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True, check=False
    )


def test_the_environment_alone_adds_a_provider_and_a_key(tmp_path: Path) -> None:
    assert load(tmp_path, {}).stdout.split() == ["okta", "acme", "0:01:00", "2"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGN_IN_PROVIDERS", "okta"),
        ("SIGN_IN_PROVIDERS", '[{"provider": "myspace"}]'),
        ("PARTNER_KEYS", '{"partner": "acme"}'),
        ("PARTNER_KEYS", "[1]"),
        ("JWT_OLD_SECRETS", "short"),
        ("DEFAULT_PHONE_REGION", "Mars"),
        ("LOGIN_FAILURE_RATE", "often"),
        ("ACCESS_TOKEN_SECONDS", "-1"),
    ],
)
def test_a_bad_value_is_named_in_the_last_line(tmp_path: Path, name: str, value: str) -> None:
    last = load(tmp_path, {name: value}).stderr.strip().splitlines()[-1]
    assert name in last and "ImproperlyConfigured" in last
