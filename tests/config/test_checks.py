"""What stops a start, or is warned of before it."""

from pathlib import Path

import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from pytest_django.fixtures import Settings

from config import checks
from tests.config.test_health import drop_the_guard


def ids(found: list[CheckMessage]) -> set[str]:
    return {str(one.id) for one in found}


def test_the_embedded_defaults_give_no_word() -> None:
    assert [one for one in run_checks() if str(one.id).startswith("holdfast")] == [] or (
        connection.vendor == "postgresql"
    )


def test_debug_behind_https_is_refused(settings: Settings) -> None:
    settings.DEBUG, settings.HTTPS = True, True
    assert "holdfast.E001" in ids(list(checks.unsafe_combinations()))


def test_inward_receivers_behind_https_are_refused(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW, settings.HTTPS = ["127.0.0.0/8"], False
    assert list(checks.webhooks_stay_outside()) == []
    settings.HTTPS = True
    assert ids(list(checks.webhooks_stay_outside())) == {"holdfast.E007"}


def test_a_proxy_whose_address_all_guests_would_have_is_warned_of(settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert "holdfast.W005" in ids(list(checks.unsafe_combinations()))
    settings.TRUSTED_PROXIES = 1
    assert "holdfast.W005" not in ids(list(checks.unsafe_combinations()))


def test_a_deployment_with_what_belongs_to_one_process_is_warned(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql", raising=False)
    settings.CACHES = {"default": {"BACKEND": checks._IN_PROCESS}}
    settings.DATA_DIR = tmp_path
    settings.ALLOWED_HOSTS = ["*"]
    (tmp_path / "secret_key.txt").write_text(settings.SECRET_KEY + "\n")
    found = ids(list(checks.unsafe_combinations()))
    assert found == {"holdfast.W001", "holdfast.W002", "holdfast.W003"}


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("django.core.mail.backends.smtp.EmailBackend", set()),
        ("notices.mail.files.EmailBackend", set()),
        ("anymail.backends.amazon_ses.EmailBackend", set()),
        ("anymail.backends.postmark.EmailBackend", {"holdfast.W010"}),
    ],
)
def test_a_backend_that_sends_no_invitation_is_warned_of(
    settings: Settings, backend: str, expected: set[str]
) -> None:
    settings.EMAIL_BACKEND = backend
    assert ids(list(checks.mail_carries_invitations())) == expected


@pytest.mark.parametrize("rate", ["1/m", "10/h", "600/d", "5/s"])
def test_a_rate_that_can_be_read_is_fine(settings: Settings, rate: str) -> None:
    settings.STATE_CHANGE_RATE = rate
    assert list(checks.state_change_rate()) == []


@pytest.mark.parametrize("rate", ["", "1", "0/m", "1/minute", "-1/m", "m/1", "1.5/m", "1/m\n"])
def test_a_rate_that_cannot_be_read_is_refused(settings: Settings, rate: str) -> None:
    settings.STATE_CHANGE_RATE = rate
    assert ids(list(checks.state_change_rate())) == {"holdfast.E002"}


@pytest.mark.django_db
def test_a_database_with_its_guard_is_fit() -> None:
    assert list(checks.database_is_fit(databases=["default"])) == []


@pytest.mark.django_db
def test_a_database_without_its_guard_is_refused() -> None:
    drop_the_guard()
    assert ids(list(checks.database_is_fit(databases=["default"]))) == {"holdfast.E004"}


def test_the_database_is_left_alone_unless_asked_for() -> None:
    assert list(checks.database_is_fit(databases=None)) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_user_who_may_not_add_btree_gist_is_told_what_an_administrator_does() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        [database] = cursor.fetchone()
        cursor.execute("CREATE ROLE nobody_much")
        cursor.execute(f'REVOKE CREATE ON DATABASE "{database}" FROM PUBLIC')
        try:
            cursor.execute("SET ROLE nobody_much")
            assert checks._btree_gist_fault() == ""
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP ROLE nobody_much")
