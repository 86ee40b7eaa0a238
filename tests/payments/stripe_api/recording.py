"""Makes the calls of calls.json, at the stand-in or at Stripe's test mode.

`STRIPE_KEY=sk_test_… python -m tests.payments.stripe_api.recording` writes down what Stripe answers
today. It needs a person with a test account; no test does it.
"""

import json
import os
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

FILE = Path(__file__).with_name("calls.json")
STRIPE = "https://api.stripe.com"


def load() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def replay(
    calls: list[dict[str, Any]], base: str, key: str, version: str
) -> Iterator[tuple[dict[str, Any], int, Any, dict[str, str]]]:
    """Yields each call with the status, the answer, and what was kept of answers before."""
    kept: dict[str, str] = {}
    once = uuid.uuid4().hex
    with httpx.Client(base_url=base, timeout=30) as client:
        for call in calls:
            headers = {"Authorization": f"Bearer {key}", "Stripe-Version": version}
            if "key" in call:
                headers["Idempotency-Key"] = f"{once}-{call['key']}"
            params = {name: filled(value, kept) for name, value in call.get("params", {}).items()}
            path = filled(call["path"], kept)
            if call["method"] == "GET":
                answer = client.get(path, params=params, headers=headers)
            else:
                answer = client.post(path, data=params, headers=headers)
            told = answer.json()
            kept |= {name: str(at(told, place)) for name, place in call.get("keep", {}).items()}
            yield call, answer.status_code, told, kept


def filled(text: str, kept: Mapping[str, str]) -> str:
    """Returns the text with what was kept put in, such as `{intent}`."""
    return re.sub(r"\{(\w+)\}", lambda found: kept[found[1]], text)


def at(value: Any, path: str) -> Any:
    """Returns the field at a path such as `data.0.status`, or `...` where there is none."""
    for part in path.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError):
            return ...
    return value


def kind(value: Any) -> str:
    """Returns the type of a field, as calls.json names it."""
    return "null" if value is None else type(value).__name__


def differences(
    call: dict[str, Any], status: int, answer: Any, kept: Mapping[str, str]
) -> list[str]:
    """Returns what of an answer is not as calls.json says."""
    told = [] if status == call["status"] else [f"status {status}"]
    for path, expected in call["expect"].items():
        value = at(answer, path)
        if expected.startswith("="):
            wanted = filled(expected[1:], kept)
            same = wanted in (value, json.dumps(value))
        else:
            same = value is not ... and kind(value) == expected
        if not same:
            told.append(f"{path}: {value!r} instead of {expected}")
    return told


def record(key: str) -> int:
    """Writes what Stripe answers into calls.json, and prints what differs from before."""
    told = load()
    changed = 0
    for call, status, answer, kept in replay(told["calls"], STRIPE, key, told["api_version"]):
        for line in differences(call, status, answer, kept):
            changed += 1
            sys.stdout.write(f"{call['name']}: {line}\n")
        call["status"] = status
        call["expect"] = {
            path: _again(expected, at(answer, path)) for path, expected in call["expect"].items()
        }
    told["recorded_at"] = datetime.now(UTC).date().isoformat()
    told["about"] = "Calls of Stripe's API that Holdfast makes. Recorded in Stripe's test mode."
    text = json.dumps(told, indent=1, ensure_ascii=False)
    FILE.write_text(f"{text}\n", encoding="utf-8")
    return changed


def _again(expected: str, value: Any) -> str:
    if value is ... or not expected.startswith("=") or "{" in expected:
        return expected if value is ... else expected if "{" in expected else kind(value)
    return f"={value if isinstance(value, str) else json.dumps(value)}"


if __name__ == "__main__":
    test_key = os.environ.get("STRIPE_KEY", "")
    if not test_key.startswith("sk_test_"):
        sys.exit("STRIPE_KEY must be a secret key of Stripe's test mode: sk_test_…")
    sys.exit(1 if record(test_key) else 0)
