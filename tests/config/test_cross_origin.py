"""Which pages elsewhere may call the API: those that are named, with tokens, never with cookies."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django.fixtures import Settings

from reservations.availability import offers
from tests.factories import make_venue

SHOP = "https://shop.example"
OTHER = "http://localhost:5173"
SETTINGS = Path(__file__).parents[2] / "settings"
MIDDLEWARE = "corsheaders.middleware.CorsMiddleware"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
}
HOSTILE = [
    "null",
    "*",
    "https://evil.example",
    "http://shop.example",
    "https://shop.example.evil.example",
    "https://evil-shop.example",
    "https://evil.example/shop.example",
    "https://evil.example#https://shop.example",
    "https://shop.example@evil.example",
    "https://shop.example:8443",
    "https://www.shop.example",
    "https://shop.example\\.evil.example",
    "https://shop.examplE.evil.example",
    "https://shop.example%60.evil.example",
    "https://shop.example, https://evil.example",
    "file://",
    "http://[",
    "http://localhost:51730",
    "",
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def _named(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SHOP, OTHER]
    settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]


named = pytest.mark.usefixtures("_named")


def ask(path: str, origin: str, *, method: str = "get", **headers: str) -> Any:
    client = Client(raise_request_exception=False)
    return getattr(client, method)(path, headers={"Origin": origin} | headers)


def told(answer: Any) -> dict[str, str]:
    """What a browser is told of other origins."""
    found = {name.lower(): value for name, value in answer.headers.items()}
    return {name: value for name, value in found.items() if name.startswith("access-control-")}


def names(value: str) -> set[str]:
    return {one.strip().lower() for one in value.split(",")}


@named
@pytest.mark.parametrize("origin", [SHOP, OTHER])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/venues", 200),
        ("/api/v1/venues/nowhere", 404),
        ("/api/v1/me", 401),
        ("/api/v1/venues?limit=0", 422),
        ("/api/v1/auth/login", 405),
        ("/api/v1/nothing", 404),
    ],
)
def test_a_named_origin_reads_answers_and_refusals(path: str, status: int, origin: str) -> None:
    answer = ask(path, origin)
    assert answer.status_code == status
    assert told(answer)["access-control-allow-origin"] == origin
    assert names(told(answer)["access-control-expose-headers"]) == {
        "etag",
        "idempotent-replayed",
        "request-id",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
    }
    assert "access-control-allow-credentials" not in told(answer)
    assert "origin" in names(answer["Vary"])


@named
def test_a_fault_of_ours_is_read_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    venue = make_venue("hotel")
    monkeypatch.setattr(offers, "of_range", None)
    query = "availability?check_in=2027-03-01&check_out=2027-03-02"
    answer = ask(f"/api/v1/venues/{venue.slug}/{query}", SHOP)
    assert answer.status_code == 500
    assert told(answer)["access-control-allow-origin"] == SHOP


@named
def test_before_it_writes_a_browser_is_told_what_it_may_send() -> None:
    answer = ask("/api/v1/reservations", SHOP, method="options", **PREFLIGHT)
    assert (answer.status_code, answer.content) == (200, b"")
    assert told(answer)["access-control-allow-origin"] == SHOP
    assert names(told(answer)["access-control-allow-headers"]) == {
        "accept",
        "authorization",
        "content-type",
        "idempotency-key",
        "if-match",
        "x-api-key",
    }
    assert {"post", "patch", "put", "delete"} <= names(told(answer)["access-control-allow-methods"])
    assert "access-control-allow-credentials" not in told(answer)
    assert "access-control-allow-private-network" not in told(answer)


@named
@pytest.mark.parametrize("origin", HOSTILE)
def test_any_other_origin_is_told_nothing(origin: str) -> None:
    assert told(ask("/api/v1/venues", origin)) == {}
    assert told(ask("/api/v1/reservations", origin, method="options", **PREFLIGHT)) == {}


@named
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/admin/login/", "/healthz", "/readyz"])
def test_pages_are_for_nobody_elsewhere(path: str) -> None:
    assert told(ask(path, SHOP)) == {}
    assert told(ask(path, SHOP, method="options", **PREFLIGHT)) == {}


@named
def test_a_cache_between_does_not_hand_one_origin_s_answer_to_another() -> None:
    for origin in (SHOP, "https://evil.example", ""):
        assert "origin" in names(ask("/api/v1/venues", origin)["Vary"])


def test_where_none_is_named_none_is_told_anything() -> None:
    for origin in (SHOP, *HOSTILE):
        assert told(ask("/api/v1/venues", origin)) == {}
    assert ask("/api/v1/reservations", SHOP, method="options", **PREFLIGHT).status_code == 405


def read(monkeypatch: pytest.MonkeyPatch, value: str) -> Any:
    """The setting as a process reads it that starts with this in its environment."""
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", value)
    return runpy.run_path(str(SETTINGS / "cross_origin.py"))


def test_the_middleware_is_there_where_an_origin_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    assert MIDDLEWARE not in settings.MIDDLEWARE
    assert read(monkeypatch, "")["CORS_ALLOWED_ORIGINS"] == []
    monkeypatch.setattr("settings.cross_origin.CORS_ALLOWED_ORIGINS", [SHOP])
    assert runpy.run_path(str(SETTINGS / "apps.py"))["MIDDLEWARE"][0] == MIDDLEWARE


@pytest.mark.parametrize(
    "value", [SHOP, OTHER, f"{SHOP}, {OTHER}", "http://127.0.0.1:8000", "http://[::1]:80"]
)
def test_origins_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert read(monkeypatch, value)["CORS_ALLOWED_ORIGINS"] == value.replace(" ", "").split(",")


@pytest.mark.parametrize(
    "value",
    ["*", "null", "shop.example", f"{SHOP}/", f"{SHOP}/path", "https://*.shop.example",
     "https://.shop.example", "ftp://shop.example", "https://Shop.example", f"{SHOP} {OTHER}",
     "https://user@shop.example", "https://", f"{SHOP},*"],
)  # fmt: skip
def test_what_is_no_origin_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="CORS_ALLOWED_ORIGINS is not valid"):
        read(monkeypatch, value)
