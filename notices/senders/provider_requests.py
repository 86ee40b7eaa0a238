"""Makes the request of a provider that settings describe, and reads its answer."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from notices.channels import RETRY, Result
from notices.models.delivery import Outcome
from notices.outbound_http import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """A POST: its address, body and headers."""

    url: str
    content: bytes
    headers: Mapping[str, str]


def make(provider: Mapping[str, Any], values: Mapping[str, str]) -> ProviderRequest:
    """Fills the description with values. A value is never read as a description again."""
    if "form" in provider:
        fields = _filled(provider["form"], values)
        pairs = [(name, one) for name, each in fields.items() for one in _listed(each)]
        content, kind = urlencode(pairs), "application/x-www-form-urlencoded"
    else:
        content, kind = json.dumps(_filled(provider["json"], values)), "application/json"
    headers = {"content-type": kind, **provider.get("headers", {}), **_auth(provider)}
    escaped = {name: quote(value, safe="") for name, value in values.items()}
    url = _filled(provider["url"], escaped)
    return ProviderRequest(url=url, content=content.encode(), headers=headers)


def read(provider: Mapping[str, Any], answer: Reply) -> Result:
    """Says what came of a request: sent, to be tried again, or failed."""
    if answer.status == 429 or answer.status >= 500:
        return Result(outcome=RETRY, status=answer.status, detail=answer.text)
    body = _parsed(answer.text)
    is_sent = answer.status in provider.get("ok", [200, 201, 202]) and all(
        str(_at(body, path)) == str(value) for path, value in provider.get("expect", {}).items()
    )
    if not is_sent:
        return Result(outcome=Outcome.FAILED, status=answer.status, detail=answer.text)
    message_id = _at(body, provider["id"]) if provider.get("id") else None
    known = "" if message_id is None else str(message_id)[:200]
    return Result(outcome=Outcome.SENT, status=answer.status, message_id=known)


def _auth(provider: Mapping[str, Any]) -> dict[str, str]:
    match provider.get("auth"):
        case ["basic", user, secret]:
            pair = base64.b64encode(f"{user}:{secret}".encode()).decode()
            return {"authorization": f"Basic {pair}"}
        case ["bearer", token]:
            return {"authorization": f"Bearer {token}"}
        case ["header", name, value]:
            return {name.lower(): value}
        case _:
            return {}


def _filled(part: Any, values: Mapping[str, str]) -> Any:
    if isinstance(part, str):
        return _once(part, values)
    if isinstance(part, dict):
        return {name: _filled(one, values) for name, one in part.items()}
    if isinstance(part, list):
        return [_filled(one, values) for one in part]
    return part


def _once(text: str, values: Mapping[str, str]) -> str:
    """Fills `{name}` from left to right, so that a value with braces stays as it is."""
    found, rest = "", text
    while rest:
        before, brace, after = rest.partition("{")
        name, closed, behind = after.partition("}")
        if brace and closed and name in values:
            found, rest = found + before + values[name], behind
        else:
            found, rest = found + before + brace, after
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _at(body: Any, path: str) -> Any:
    """The value at a path such as `messages.0.status`; None where there is none."""
    for name in path.split("."):
        if isinstance(body, list) and name.isascii() and name.isdigit() and int(name) < len(body):
            body = body[int(name)]
        elif isinstance(body, dict):
            body = body.get(name)
        else:
            return None
    return body
