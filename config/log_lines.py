"""The format of log lines, and the secrets and contact data that are struck out of them."""

import logging
import re
from typing import Any

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

_SECRET_NAMES = re.compile(
    r"authorization|cookie|api[-_]?key|token|passw|secret|csrf|session", re.IGNORECASE
)
_SECRET_TEXTS = (
    re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"),
    re.compile(
        r"(?i)\b(authorization|x-api-key|password|secret|token|access|refresh)"
        r"([\"']?\s*[=:]\s*[\"']?)(?!\*\*\*)[^\s\"',;&]+"
    ),
    # A JSON web token anywhere in the text.
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    # A partner's key anywhere in the text (guests/keys.py).
    re.compile(r"\bhf[A-Za-z0-9]{44}\b"),
    # The password in a URL of a database, broker or mail server.
    re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@"),
)
_CONTACT_TEXTS = (
    # An e-mail address, and a phone number with its country code, also as a query has them.
    re.compile(r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"(?<![\w.])(?:\+|%2B)[1-9][0-9]{7,14}\b"),
)
# PostgreSQL quotes whole rows there; after it come other parts of its message, or of a traceback.
_DETAIL = re.compile(
    r"\b(D[EÉ]TAIL|CONTEXT) ?:.*?"
    r"(?=\n(?:HINT|QUERY|LOCATION|LINE [0-9]+) ?:|\n\n(?:The above|During handling)|\Z)",
    re.DOTALL,
)
_STRUCK = "***"
# Objects whose text holds a path with its query, which may have phone numbers and addresses.
_DROPPED = ("request", "response", "server_time")


class OneLine(logging.Filter):
    """Takes the traceback off a line that says all there is to say."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True


def readable() -> logging.Formatter:
    """Returns a formatter for people at a terminal. Times are local."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=False,
        pad_event_to=0,
        pad_level=False,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return _formatter("%H:%M:%S", one_line, renderer)


def json() -> logging.Formatter:
    """Returns a formatter that writes one JSON object a line, for log collectors.
    Times are in UTC.
    """
    return _formatter("iso", structlog.processors.JSONRenderer(default=str))


def strike_out(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Replaces secrets with `***`, found by their name or their form. A processor of structlog."""
    for name in _DROPPED:
        line.pop(name, None)
    return {name: _safe(name, value) for name, value in line.items()}


def _safe(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return _STRUCK
    if isinstance(value, dict):
        return {key: _safe(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_safe("", inner) for inner in value]
    return _without_secrets(value) if isinstance(value, str) else value


def _without_secrets(text: str) -> str:
    bearer, named, jwt, key, url = _SECRET_TEXTS
    text = bearer.sub(rf"\1 {_STRUCK}", text)
    text = named.sub(rf"\1\2{_STRUCK}", text)
    text = key.sub(_STRUCK, jwt.sub(_STRUCK, text))
    text = _DETAIL.sub(rf"\1: {_STRUCK}", url.sub(rf"\1:{_STRUCK}@", text))
    for contact in _CONTACT_TEXTS:
        text = contact.sub(_STRUCK, text)
    return text


def one_line(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Escapes whatever would begin a line of its own or move the cursor. A processor of structlog.

    A traceback keeps its lines, each of them indented, so that none looks like a log line.
    """
    return {
        name: _indented(value) if name in _TRACES else _escaped(value)
        for name, value in line.items()
    }


_TRACES = ("exception", "stack", "stack_info")


def _indented(text: Any) -> Any:
    return "\n".join(f"    {_escaped(each)}" for each in str(text).split("\n"))


def _escaped(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in value
    )


def _formatter(time_format: str, *last: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.TimeStamper(fmt=time_format, utc=time_format == "iso"),
            # From here a traceback is text, and its secrets are struck out too.
            structlog.processors.format_exc_info,
            strike_out,
            *last,
        ],
    )
