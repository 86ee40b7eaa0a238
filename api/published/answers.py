"""An example of the answer of each operation, as a live server gave it.

`answers.json` is written by `RECORD=1 pytest -m commands tests/api/test_live_examples.py`. Its
days are moved on, so that they stay as far from today as they were when it was written.
"""

import json
import re
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("answers.json")

_BY_CARD = {
    "id": "p7",
    "state": "open",
    "amount": {"amount": "80.00", "currency": "EUR"},
    "pay_url": "https://checkout.stripe.com/c/pay/cs_1",
    "expires_at": "2027-02-01T12:00:00Z",
}
_INVOICE: dict[str, Any] = {
    "number": "HARBOUR-2027-00001",
    "kind": "invoice",
    "issued_at": "2027-02-01T12:00:00Z",
    "total": {"amount": "80.00", "currency": "EUR"},
    "taxes": [],
    "group_id": None,
    "credit_of": None,
    "credited_by": None,
    "url": "https://book.example.com/api/v1/documents/HARBOUR-2027-00001",
}
OTHERS: dict[str, dict[int, Any]] = {
    "createPayment": {200: _BY_CARD},
    "createInvoice": {200: _INVOICE},
    "createGroupInvoice": {200: _INVOICE | {"group_id": "aeb439c7-9515-4c2f-8f8a-45e787bcae79"}},
    "createGroupPayment": {200: _BY_CARD},
    "receivePaymentEvents": {200: {"received": 1}},
}
"""What the examples of requests do not lead to, by operation and status."""

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d(?=T|\b)")


def add_to(operation: dict[str, Any], today: date) -> None:
    """Adds the example of an operation's answer to the status that it was given with."""
    for status, body in OTHERS.get(operation["operationId"], {}).items():
        operation["responses"][status]["content"]["application/json"]["example"] = body
    example = _of_day(today).get(operation["operationId"])
    if example is None:
        return
    content = operation["responses"].get(int(example["status"]), {}).get("content", {})
    if "application/json" in content:
        content["application/json"]["example"] = example["body"]


@cache
def _recorded() -> tuple[date, str]:
    document = json.loads(FILE.read_text())
    return date.fromisoformat(document["recorded_on"]), json.dumps(document["answers"])


def _of_day(today: date) -> dict[str, Any]:
    recorded_on, answers = _recorded()
    ahead = today - recorded_on

    def moved(found: re.Match[str]) -> str:
        day: timedelta = ahead
        return (date.fromisoformat(found.group()) + day).isoformat()

    document: dict[str, Any] = json.loads(_DAY.sub(moved, answers))
    return document
