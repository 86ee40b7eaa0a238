"""Text messages take three segments at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.senders import segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("🚗" * 35, 1),
        ("🚗" * 36, 2),
    ],
)
def test_the_segments_of_a_text(text: str, count: int) -> None:
    assert segments.count(text) == count


@given(st.text(alphabet=st.sampled_from("ab€[ж🚗 \n"), max_size=600))
def test_what_is_cut_fits_and_begins_as_it_did(text: str) -> None:
    found = segments.cut(text)
    assert segments.count(found) <= segments.MOST
    if found != text:
        assert segments.count(text) > segments.MOST
        kept = found.removesuffix("..." if segments.is_plain(text) else "…")
        assert text.startswith(kept)
        # No more was cut than had to be, but for spaces at the end.
        longer = text[: len(kept) + 6]
        assert segments.count(longer + "....") > segments.MOST or not longer[len(kept) :].strip()
