"""The page on which people log in."""

import pytest
from django.test import Client

from tests.web.browsing import text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Forgot your password?"), ("nl", "Wachtwoord vergeten?")]
)
def test_a_new_password_is_offered_once(language: str, words: str) -> None:
    page = text(Client(headers={"accept-language": language}).get("/accounts/login/"))
    assert page.count('href="/accounts/password/reset/"') == 1
    assert page.count(words) == 1
