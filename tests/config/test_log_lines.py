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


# Contact data, and lines that somebody else would like to write.


def caught(error: Exception, *, cause: Exception | None = None) -> Any:
    """A fault as a logger is given it, with its traceback."""

    def fail() -> None:
        raise error from cause

    try:
        fail()
    except type(error):
        return sys.exc_info()


UNIQUE = (
    'duplicate key value violates unique constraint "client_phone_key"\n'
    "DETAIL:  Key (phone, last_name)=(0612345678, Serinus\n\nCanarina) already exists."
)


@pytest.mark.parametrize("form", ["json", "text"])
def test_postgresqls_detail_is_cut_since_it_quotes_rows(form: str) -> None:
    fault = caught(RuntimeError(UNIQUE), cause=ValueError(UNIQUE))
    record = logging.LogRecord("tests", logging.ERROR, "f", 1, "failed: %s", (UNIQUE,), fault)
    formatter = log_lines.json() if form == "json" else log_lines.readable()
    written = formatter.format(record)
    assert "client_phone_key" in written and "RuntimeError" in written
    for secret in ("0612345678", "Serinus", "Canarina"):
        assert secret not in written


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "contact", ["ada.king+x@example.com", "+31612345678", "phone=%2B31612345678", "a%40example.org"]
)
def test_addresses_and_phone_numbers_are_struck_out(contact: str, form: str) -> None:
    written = line(f"could not read {contact} there", form=form)
    assert contact not in written and "***" in written
    assert line("sent", to=contact, form=form).count("***") == 1


def test_what_only_looks_like_contact_data_stays() -> None:
    for text in ("2026-11-30T10:00:00+01:00", "embedded@localhost", "3 + 4", "+1"):
        assert text in line(f"said {text} there")


FORGED = "x\n12:00:00 [info] payment captured\r\x1b[2K\x1b]0;title\x07\u2028\x85 end"


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("where", ["message", "argument", "extra"])
def test_a_value_forges_no_line_and_moves_no_cursor(form: str, where: str) -> None:
    match where:
        case "message":
            written = line(FORGED, form=form)
        case "argument":
            written = line("said %s", FORGED, form=form)
        case _:
            written = line("said", value=FORGED, form=form)
    assert "payment captured" in written
    assert written.isprintable()


def test_a_message_of_a_fault_forges_no_line_either() -> None:
    fault = caught(ValueError(FORGED))
    record = logging.LogRecord("tests", logging.ERROR, "f", 1, "failed", (), fault)
    first, *rest = log_lines.readable().format(record).split("\n")
    assert first.endswith("failed [tests]")
    assert rest and all(not each or each.startswith("    ") for each in rest)
    assert "\x1b" not in "".join(rest) and "\r" not in "".join(rest)
