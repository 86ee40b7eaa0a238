"""No secret gets into a log, by whatever way it comes."""

import json
import logging
import sys
from typing import Any

import pytest

from config import log_lines

SECRET = "s3cretS3cretS3cret"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123"


def line(message: str, *args: Any, form: str = "json", **extra: Any) -> str:
    logger = logging.getLogger("tests.lines")
    record = logger.makeRecord(
        "tests.lines", logging.INFO, "f", 1, message, args, None, None, extra
    )
    formatter = log_lines.json() if form == "json" else log_lines.readable()
    return formatter.format(record)


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "message",
    [
        f"Authorization: Bearer {SECRET}",
        f"called with X-API-Key: {SECRET}",
        f'{{"password": "{SECRET}"}}',
        f"password={SECRET}&next=/",
        f"connecting to postgres://holdfast:{SECRET}@db:5432/holdfast",
        f"redis://:{SECRET}@cache:6379/0",
        f"token={SECRET}",
    ],
)
def test_secrets_in_a_message_are_struck_out(message: str, form: str) -> None:
    written = line(message, form=form)
    assert SECRET not in written
    assert "***" in written


def test_a_json_web_token_is_struck_out_wherever_it_stands() -> None:
    assert JWT not in line("refused %s", JWT)


@pytest.mark.parametrize(
    "name", ["authorization", "x_api_key", "password", "refresh_token", "client_secret", "cookie"]
)
def test_secrets_are_struck_out_by_their_name(name: str) -> None:
    assert SECRET not in line("said", **{name: SECRET})
    assert SECRET not in line("said", headers={name: SECRET, "inner": [{name: SECRET}]})


def test_a_request_is_not_written_since_its_address_holds_a_phone_number() -> None:
    assert "31612345678" not in line("Not found", request="<GET '/x?phone=%2B31612345678'>")


def test_what_is_no_secret_stays() -> None:
    written = json.loads(line("reservation.created", reservation_id=7, by="user:1"))
    assert written["event"] == "reservation.created"
    assert written["reservation_id"] == 7
    assert written["by"] == "user:1"
    assert written["level"] == "info"
    assert written["timestamp"].endswith("Z")


def test_a_traceback_is_written_without_its_secrets() -> None:
    try:
        int(f"password={SECRET}")
    except ValueError:
        fault = sys.exc_info()
    record = logging.LogRecord("tests", logging.ERROR, "f", 1, "failed", (), fault)
    for formatter in (log_lines.json(), log_lines.readable()):
        written = formatter.format(record)
        assert "ValueError" in written
        assert SECRET not in written
