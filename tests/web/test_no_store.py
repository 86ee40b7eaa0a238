"""Every page that was made for somebody is kept in no store, the browser's own among them."""

import pytest

from tests.fuzz import ground

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("visitor", ["guest", "staff", "administrator"])
def test_every_page_of_somebody_is_kept_in_no_store(visitor: str) -> None:
    made = ground.make()
    anybody = made.browser("anybody")
    user = getattr(made, visitor)
    name = f"{user.first_name} {user.last_name}".encode()
    seen = set()
    for route, address in ground.addresses(made).items():
        # A browser of its own: some of these pages log out.
        answer = made.browser(visitor).get(address)
        if answer.status_code != 200:
            continue
        if name in answer.content or anybody.get(address).status_code != 200:
            seen.add(route)
            assert "no-store" in answer.get("Cache-Control", ""), route
    assert seen >= {"me/", "me/data/export/"}
    assert ("admin/today/" in seen) is (visitor != "guest")
