"""Pages while the database is away: they say so kindly, and when to come again."""

import pytest
from django.test import Client

from tests.api.test_errors import database_away  # noqa: F401 - a fixture
from tests.guests.factories import UserFactory
from tests.web.browsing import text

ADDRESSES = ["/", "/venues/x/", "/reservations/ABCDEFGHJK/", "/me/data/", "/admin/"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_known", [False, True])
def test_without_the_database_a_page_is_503_and_says_when_to_come_again(
    request: pytest.FixtureRequest, is_known: bool
) -> None:
    client = Client(raise_request_exception=False)
    if is_known:
        client.force_login(UserFactory.create())
    request.getfixturevalue("database_away")
    for address in ADDRESSES if is_known else ADDRESSES[:2]:
        answer = client.get(address)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), address
        assert "We cannot answer just now" in text(answer)
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_fault_of_ours_stays_one() -> None:
    """Here no database may be asked, which is no fault of the database's."""
    answer = Client(raise_request_exception=False).get("/")
    assert answer.status_code == 500
    assert "Retry-After" not in answer.headers
