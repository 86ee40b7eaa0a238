"""What is sent in place of an id, and must never be a fault of the server."""

from typing import Any

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
