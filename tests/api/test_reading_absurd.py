"""What makes no sense to ask of a venue's time is told so, and never fails."""

from typing import Any

import pytest

from tests.api.calling import Api, anonymous, faults, problem
from tests.api.test_matrix import OPERATIONS
from tests.factories import hold, make_venue
from venues.models import Venue

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("clock"),
    pytest.mark.no_cover,
]

READS = (
    "availability", "calendar", "slots", "occupancy", "plan", "explain", "stats", "resources",
)  # fmt: skip

INSTANTS = (
    "", "x", "\x00", "0", "-1", "1e400", "NaN", "now", "2027-03-01", "2027-13-01T00:00:00Z",
    "2027-02-30T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
    "2200-01-01T00:00:00Z", "1971-01-01T00:00:00Z", "2199-12-31T23:59:59Z",
    "2027-03-01T12:00:00", "2027-03-01T12:00:00+99:99", "2027-03-01T12:00:00-23:59",
    "2027-03-01T24:00:00Z", "2027-03-01T12:00:00.123456789Z", "١٢٣", "2027-03-01T12:00:00Z" * 50,
)  # fmt: skip

DATES = (
    "", "x", "\x00", "0001-01-01", "9999-12-31", "1970-12-31", "1971-01-01", "2199-12-31",
    "2200-01-01", "2027-02-29", "20270301", "1700000000", "-2027-03-01", "2027-03-01T00:00:00Z",
)  # fmt: skip

NUMBERS = ("", "x", "\x00", "0", "-1", "1", "59", "1.5", "NaN", "1e9", "99999999999999999999", "٣")

WORDS = ("", "x", "\x00", "%", "'; drop table", "é" * 40, "x" * 41, "../..", "standard")

ZONES = ("", "UTC", "Mars/Olympus", "\x00", "../../etc/passwd", "/etc/localtime", "europe/berlin",
         "x" * 64, "x" * 65, "Pacific/Apia", "Africa/Monrovia")  # fmt: skip

MONTHS = ("", "x", "\x00", "2027", "2027-00", "2027-13", "2027-3", "0001-01", "9999-12", "1970-01",
          "2199-12", "2200-01", "2027-03-01", " 2027-03")  # fmt: skip

VALUES = {
    "starts_at": INSTANTS,
    "ends_at": INSTANTS,
    "check_in": DATES,
    "check_out": DATES,
    "date": DATES,
    "month": MONTHS,
    "guests": NUMBERS,
    "days": NUMBERS,
    "step": NUMBERS,
    "floor": NUMBERS,
    "limit": NUMBERS,
    "resource": (*NUMBERS, "9223372036854775807", "9223372036854775808"),
    "category": WORDS,
    "tz": ZONES,
}


@pytest.fixture(params=["parking", "hotel", "practice"])
def venue(request: pytest.FixtureRequest, db: None) -> Venue:
    made = make_venue(request.param, units=2)
    if request.param == "parking":
        hold(made)
    return made


@pytest.fixture
def nobody() -> Api:
    return anonymous()


def judge(answer: Any) -> None:
    """An answer, or a problem of the caller's making."""
    assert answer.status_code in (200, 400, 404, 422), (answer.wsgi_request, answer.content)
    if answer.status_code != 200:
        problem(answer, answer.status_code, answer.json()["code"])


def fields_of(what: str) -> set[str]:
    described = next(one for _, path, one in OPERATIONS.values() if path.endswith(f"}}/{what}"))
    return {parameter["name"] for parameter in described["parameters"]}


READERS = {name: [what for what in READS if name in fields_of(what)] for name in VALUES}
"""Who reads which field."""


@pytest.mark.parametrize("name", VALUES)
def test_no_value_of_one_field_fails(nobody: Api, venue: Venue, name: str) -> None:
    assert READERS[name]
    for what in READERS[name]:
        for value in VALUES[name]:
            judge(nobody.get(f"/venues/{venue.slug}/{what}", {name: value}))


@pytest.mark.parametrize("what", READS)
@pytest.mark.parametrize("value", ["", "x", "\x00"])
def test_a_field_that_is_not_read_is_refused_by_name(
    nobody: Api, venue: Venue, what: str, value: str
) -> None:
    given = dict.fromkeys((name for name in VALUES if what not in READERS[name]), value)
    told = faults(nobody.get(f"/venues/{venue.slug}/{what}", given))
    assert set(given) <= set(told)
    assert all(told[name].startswith("There is no parameter") for name in given)


@pytest.mark.parametrize("what", ["availability", "explain", "occupancy", "plan", "stats"])
def test_no_pair_of_instants_fails(nobody: Api, venue: Venue, what: str) -> None:
    told = [value for value in INSTANTS if value.endswith("Z") and len(value) < 40]
    for starts_at in told:
        for ends_at in told:
            asked = {"starts_at": starts_at, "ends_at": ends_at}
            judge(nobody.get(f"/venues/{venue.slug}/{what}", asked))


def test_no_pair_of_dates_fails(nobody: Api, venue: Venue) -> None:
    for check_in in DATES:
        for check_out in (*DATES, "2027-03-01"):
            dates = {"check_in": check_in, "check_out": check_out}
            judge(nobody.get(f"/venues/{venue.slug}/availability", dates))
            judge(nobody.post(f"/venues/{venue.slug}/quote", dates))


@pytest.mark.parametrize("tz", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_the_first_and_the_last_days_are_answered(nobody: Api, venue: Venue, tz: str) -> None:
    for date in ("1971-01-01", "2199-12-31"):
        asked = {"date": date, "days": 31, "tz": tz}
        assert nobody.get(f"/venues/{venue.slug}/slots", asked).status_code == 200
    for month in ("1970-01", "2199-12"):
        asked = {"month": month}
        assert nobody.get(f"/venues/{venue.slug}/calendar", asked).status_code == 200


@pytest.mark.parametrize(
    ("what", "params", "field"),
    [
        ("availability", {"starts_at": "x"}, "starts_at"),
        ("availability", {"starts_at": "2027-03-01T12:00:00"}, "starts_at"),
        ("availability", {"guests": "0"}, "guests"),
        ("availability", {"guests": "40000"}, "guests"),
        ("availability", {"category": "\x00"}, "category"),
        ("calendar", {}, "month"),
        ("calendar", {"month": "2027-13"}, "month"),
        ("slots", {"days": "0"}, "days"),
        ("slots", {"days": "32"}, "days"),
        ("slots", {"tz": "Mars/Olympus"}, "tz"),
        ("slots", {"date": "9999-12-31"}, "date"),
        ("occupancy", {"step": "59"}, "step"),
        (
            "occupancy",
            {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-10T12:00:00Z", "step": "60"},
            "step",
        ),
        (
            "occupancy",
            {"starts_at": "2020-03-01T12:00:00Z", "ends_at": "2027-03-10T12:00:00Z"},
            "ends_at",
        ),
        (
            "occupancy",
            {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T12:00:00Z"},
            "ends_at",
        ),
        (
            "plan",
            {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T11:00:00Z"},
            "ends_at",
        ),
        (
            "stats",
            {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T11:00:00Z"},
            "ends_at",
        ),
        (
            "stats",
            {"starts_at": "2020-03-01T12:00:00Z", "ends_at": "2027-03-01T11:00:00Z"},
            "ends_at",
        ),
        (
            "explain",
            {"starts_at": "2027-03-01T12:00:00Z", "ends_at": "2027-03-01T11:00:00Z"},
            "ends_at",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    nobody: Api, what: str, params: dict[str, str], field: str
) -> None:
    venue = make_venue("parking")
    assert set(faults(nobody.get(f"/venues/{venue.slug}/{what}", params))) == {field}


@pytest.mark.parametrize("what", [*READS, "quote"])
@pytest.mark.parametrize("slug", ["nowhere", "%00", "a%00b", "x" * 300, "%C3%A9", "..%2F..", "0"])
def test_a_venue_that_is_not_there_is_not_found(nobody: Api, what: str, slug: str) -> None:
    send = nobody.post if what == "quote" else nobody.get
    body = {"check_in": "2027-03-01", "check_out": "2027-03-02"}
    asked = body if what == "quote" else {"month": "2027-03"} if what == "calendar" else {}
    assert send(f"/venues/{slug}/{what}", asked).status_code == 404


@pytest.mark.parametrize("what", [*READS, "quote"])
def test_a_venue_out_of_use_is_not_found(nobody: Api, what: str) -> None:
    venue = make_venue("hotel")
    Venue.objects.update(is_active=False)
    nights = {"check_in": "2027-03-01", "check_out": "2027-03-02"}
    asked = {"calendar": {"month": "2027-03"}} | dict.fromkeys(
        ("availability", "explain", "quote"), nights
    )
    send = nobody.post if what == "quote" else nobody.get
    problem(send(f"/venues/{venue.slug}/{what}", asked.get(what, {})), 404, "not_found")


@pytest.mark.parametrize(
    "body",
    [None, b"", b"[]", b"null", b"1", b'"x"', b"{", b"\xff", b'{"check_in": 1}',
     b'{"check_in": {}}', b'{"guest_count": true}', b'{"guest_count": "2"}',
     b'{"guest_count": 1e400}', b'{"category": "\\u0000"}', b'{"category": ["standard"]}',
     b"[" * 2000],
)  # fmt: skip
def test_no_body_of_a_quote_fails(nobody: Api, venue: Venue, body: bytes | None) -> None:
    answer = nobody.send("POST", f"/venues/{venue.slug}/quote", body)
    if body is None and venue.kind == "parking":
        # Nothing asked is the usual time from now.
        assert answer.status_code == 200
        return
    assert answer.status_code in (400, 415, 422), answer.content
    problem(answer, answer.status_code, answer.json()["code"])
