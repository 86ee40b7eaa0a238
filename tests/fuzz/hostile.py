"""Values that no form of ours sends: what is too long, too large, of another type or of no type."""

import os
import random
from collections.abc import Iterator, Sequence

IS_LONG = os.environ.get("FUZZ") == "1"
ROUNDS = 10 if IS_LONG else 1
"""Made-up requests of each sort to each page by each visitor."""

LONG = "9" * 5_000

TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "foo",
    "//evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "\\\\evil.example",
    "/\r\nSet-Cookie: a=b",
    "admin:today",
    "'\";--",
    "%",
    "%00",
    "{{ 7 }}{% now %}",
    "\ud800",
    "\u202e\ufeffö😀",
    "x" * 300,
    "x" * 70_000,
    "[]",
    "{}",
    "None",
    "true",
    ",",
    "a,b,,\0",
)
NUMBERS = (
    "0",
    "-1",
    "1.5",
    "1e400",
    "NaN",
    "Infinity",
    "-0",
    "²",
    "٣",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "9999999999",
    LONG,
    f"-{LONG}",
    "1" * 1_000,
)
TIMES = (
    "2027-03-01",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "9999999999-01-01",
    "2027-02-30",
    "2027-W09",
    "2027-03-28T02:30",
    "2027-10-31T02:30:00+99:99",
    "24:00",
    "25:61",
    "-P1D",
    "999999999 23:59:59",
    f"{LONG} days",
)
VALUES = TEXTS + NUMBERS + TIMES

HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"HX-Request": "true"},
    {"HX-Request": "true", "HX-Current-URL": "\x00://["},
    {"Accept-Language": "x" * 5_000},
    {"Accept-Language": "nl;q=NaN, \ud83d;q=1e9"},
    {"Accept": "\\0, */*;q=" + LONG},
    {"X-Forwarded-For": "unknown, [::1, 999.1.1.1"},
    {"X-Forwarded-For": ", " * 2_000},
    {"Referer": "http://[::1"},
    {"Origin": "null"},
    {"If-Modified-Since": "Thu, 99 Foo 99999999999 99:99:99 GMT"},
    {"If-None-Match": '"' * 3},
    {"Range": "bytes=-" + LONG},
    {"X-Requested-With": "\xff"},
    {"Authorization": "Bearer \0"},
)
COOKIES = ("sessionid", "csrftoken", "messages", "django_language", "made_up")


def rounds(*named: object) -> Iterator[random.Random]:
    """A source of chance for each round, the same ones each time for what is named."""
    for number in range(ROUNDS):
        yield random.Random(":".join(map(str, (*named, number))))


def queries(chance: random.Random, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Each of these names with FUZZ=1, else one of them, and another beside it, both hostile."""
    every = list(names) if IS_LONG else chance.sample(names, 1)
    for name in every:
        yield {name: chance.choice(VALUES), chance.choice(names): chance.choice(VALUES)}


def form(chance: random.Random, served: dict[str, str]) -> dict[str, str]:
    """A form as it was served, with some of its fields made hostile and some taken out."""
    sent = dict(served)
    for name in chance.sample(sorted(sent), min(len(sent), chance.randint(1, 4))):
        sent[name] = chance.choice(VALUES)
    for name in chance.sample(sorted(sent), min(len(sent), chance.randint(0, 2))):
        del sent[name]
    return sent


def cookies(chance: random.Random) -> dict[str, str]:
    """Often none; else one that is not what we set, also with bytes written as `\\000`."""
    if chance.random() < 0.7:
        return {}
    ugly = ('"a\\000b"', "\\000", "x" * 4_000, '"\\777"', "=;,", "\xff", "a:b:c", "e30:1:x")
    return {chance.choice(COOKIES): chance.choice(ugly)}


def header(chance: random.Random) -> dict[str, str]:
    return chance.choice(HEADERS) if chance.random() < 0.4 else {}


def path_part(chance: random.Random) -> str:
    return chance.choice([value for value in VALUES if value and "\ud800" not in value])
