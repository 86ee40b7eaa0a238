"""What every answer tells a browser, whichever part of the product it comes from."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from reservations.availability import offers
from tests.factories import make_venue

pytestmark = pytest.mark.django_db

ANSWERS = {
    "/": 200,
    "/nothing": 404,
    "/admin/": 302,
    "/admin/login/": 302,
    "/admin/login/?next=/admin/today/": 200,
    "/accounts/login/": 200,
    "/accounts/signup/": 200,
    "/accounts/password/reset/": 200,
    "/reservations/find/": 200,
    "/reservations/ABCDEFGHJK/": 302,
    "/venues/nowhere/": 404,
    "/me/": 302,
    "/me/data/": 302,
    "/examples/smart-parking/": 200,
    "/healthz": 200,
    "/readyz": 200,
    "/static/web/holdfast.css": 200,
    "/favicon.ico": 301,
    "/static/nothing.css": 404,
    "/api/v1/docs": 200,
    "/api/v1/openapi.json": 200,
    "/api/v1/venues": 200,
    "/api/v1/venues/nowhere": 404,
    "/api/v1/nothing": 404,
    "/api/v1/me": 401,
    "/api/v1/auth/login": 405,
    "/api/v1/venues?limit=0": 422,
}


def get(path: str, **headers: Any) -> Any:
    return Client(raise_request_exception=False).get(path, **headers)


def secured(answer: Any) -> None:
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    # Data have nothing to load; where they stand for a page of an error, its policy stays.
    is_data = "json" in answer["Content-Type"]
    assert "default-src 'self'" in policy or (is_data and "default-src 'none'" in policy)
    assert "unsafe" not in policy
    # A static file is read as it is sent, and stays open otherwise.
    answer.close()
    assert "Server" not in answer and "X-Powered-By" not in answer


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_the_headers_that_keep_browsers_safe(path: str) -> None:
    answer = get(path)
    assert answer.status_code == ANSWERS[path]
    secured(answer)


def test_the_icon_that_browsers_ask_for_is_there() -> None:
    page = get("/").content.decode()
    place = get("/favicon.ico")["Location"]
    assert f'<link rel="icon" type="image/svg+xml" href="{place}">' in page
    icon = get(place)
    assert (icon.status_code, icon["Content-Type"]) == (200, "image/svg+xml")
    icon.close()


def test_a_fault_of_ours_has_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    venue = make_venue("hotel")
    monkeypatch.setattr(offers, "of_range", None)
    answer = get(
        f"/api/v1/venues/{venue.slug}/availability?check_in=2027-03-01&check_out=2027-03-02"
    )
    assert answer.status_code == 500
    secured(answer)


def test_a_foreign_host_is_refused_with_them() -> None:
    for path in ("/", "/api/v1/venues", "/healthz"):
        answer = get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 400
        secured(answer)
        assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"]
)
def test_a_forged_host_changes_nothing(name: str) -> None:
    plain = get("/api/v1/nothing")
    forged = get("/api/v1/nothing", headers={name: "evil.example"})
    for answer in (plain, forged):
        del answer.headers["Request-Id"]
    assert forged.json() | {"instance": ""} == plain.json() | {"instance": ""}
    assert forged.headers == plain.headers


def test_https_is_believed_only_from_a_proxy_that_is_set(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    forged = {"X-Forwarded-Proto": "https"}
    assert get("/api/v1/venues", headers=forged).status_code == 301
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert get("/api/v1/venues", headers=forged).status_code == 200
    assert get("/healthz").status_code == 200


def test_over_https_browsers_are_told_to_stay_there(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    assert "max-age=60" in get("/", secure=True)["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in get("/").headers


def test_without_a_setting_no_other_origin_may_read_an_answer() -> None:
    answer = get("/api/v1/venues", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]
