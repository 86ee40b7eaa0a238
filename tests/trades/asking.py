"""What is sent in place of an id, and must never be a fault of the server."""

from typing import Any

from tests.api.calling import Api

BAD_IDS: list[Any] = [
    -1,
    0,
    True,
    False,
    "x",
    "",
    "-1",
    "1e3",
    "٣",
    "a\x00b",
    10**18,
    2**63,
    10**30,
    "1" + "0" * 30,
    None,
    [],
    [1],
    {},
    1.5,
]

BAD_SEGMENTS = ["-1", "true", "x", "0", "1.5", "[]", "null", str(2**63), str(10**30), "%00", "٣"]
"""The same within an address."""


def person_named(number: int, **changes: Any) -> dict[str, Any]:
    """A body that enters somebody."""
    body = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": f"ada{number}@example.com",
        "phone": f"+3120123450{number}",
    }
    return body | changes


def made(answer: Any) -> dict[str, Any]:
    """What a call says it made."""
    assert answer.status_code == 201, answer.content
    document: dict[str, Any] = answer.json()
    return document


def block(date: str, start: str, end: str) -> dict[str, str]:
    return {"date": date, "start": start, "end": end}


def open_for(desk: Api, provider: int | str, *blocks: dict[str, str], **changes: Any) -> Any:
    """The answer to a schedule that is submitted."""
    return desk.post(f"/providers/{provider}/schedule", {"blocks": list(blocks)} | changes)


def starts(caller: Api, provider: int, **params: Any) -> list[str]:
    """When the open slots of a provider start, on one page."""
    answer = caller.get(f"/providers/{provider}/slots", {"limit": 200} | params)
    assert answer.status_code == 200, answer.content
    assert answer.json()["next_cursor"] is None
    return [slot["starts_at"] for slot in answer.json()["items"]]
