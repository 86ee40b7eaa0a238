"""An address that refused for good gets nothing more until it is lifted."""

import pytest
from pytest_django import DjangoAssertNumQueries

from notices import suppressions
from notices.models import Suppression

pytestmark = pytest.mark.django_db


def test_an_address_is_suppressed_in_every_spelling_until_it_is_lifted() -> None:
    suppressions.suppress("mail", "Guest@Example.com", reason="550 no such user")
    suppressions.suppress("mail", "guest@example.com", reason="later")
    assert Suppression.objects.count() == 1
    assert suppressions.reason_of("mail", "GUEST@EXAMPLE.COM") == "550 no such user"
    assert suppressions.reason_of("mail", "other@example.com") == ""
    assert suppressions.reason_of("sms", "guest@example.com") == ""
    suppressions.lift("mail", "guest@EXAMPLE.com")
    assert suppressions.reason_of("mail", "guest@example.com") == ""


def test_neither_address_nor_line_breaks_are_kept() -> None:
    said = "550 <guest@example.com>\n  rejected " + "x" * 300
    suppressions.suppress("mail", "guest@example.com", reason=said)
    reason = Suppression.objects.get().reason
    assert "guest@example.com" not in reason
    assert reason.startswith("550 <…> rejected")
    assert len(reason) == 200


@pytest.mark.parametrize(
    ("channel", "address", "said", "kept"),
    [
        ("mail", "ada@example.com", "550 <Ada@EXAMPLE.com>: no user ADA, nor xada", "nor xada"),
        ("mail", "ada@example.com", "550 moved to a.byron@example.org", "550 moved to …"),
        ("sms", "+31201234567", "cannot reach 31201234567", "cannot reach …"),
    ],
)
def test_a_reason_names_nobody_in_any_spelling(
    channel: str, address: str, said: str, kept: str
) -> None:
    suppressions.suppress(channel, address, reason=said)
    reason = Suppression.objects.get().reason
    assert reason.endswith(kept)
    for name in ("ada@", " ada", "byron", "1234567"):
        assert name not in reason.casefold()


def test_reasons_are_read_for_a_whole_list_at_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    suppressions.suppress("mail", "a@example.com", reason="gone")
    with django_assert_num_queries(1):
        found = suppressions.reasons("mail", ["a@example.com", "b@example.com", ""])
    assert found == {"a@example.com": "gone"}
