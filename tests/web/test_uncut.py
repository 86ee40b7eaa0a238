"""No field of ours cuts what is pasted: the limit is said, and the server refuses more."""

import re

import pytest
from django import forms
from django.apps import apps
from django.test import Client

from tests.factories import NOON, make_venue
from tests.fuzz import ground
from tests.web.browsing import booking_form, form_of, send, text

SECRET = ("password", "password1", "password2", "oldpassword", "usable_password", "secret")


LIBRARY = ("admin/account/", "admin/socialaccount/")
"""Lists of a library. They name no person."""


def below(kind: type) -> list[type]:
    children: list[type] = kind.__subclasses__()
    return [found for child in children for found in (child, *below(child))]


def test_no_form_of_ours_has_a_maxlength() -> None:
    assert apps.ready
    cutting = [
        f"{form.__module__}.{form.__name__}.{name}"
        for form in below(forms.BaseForm)
        if form.__module__.partition(".")[0] in ("web", "desk")
        and not issubclass(form, forms.BaseModelForm)
        for name, field in getattr(form, "base_fields", {}).items()
        if "maxlength" in field.widget.attrs
        and name not in SECRET
        and not isinstance(field.widget, forms.HiddenInput | forms.PasswordInput)
    ]
    assert cutting == ["web.selection.PickForm.category"]


@pytest.mark.django_db
def test_a_name_that_is_too_long_is_told_at_its_field_and_stays(
    client: Client, freezer: object
) -> None:
    venue = make_venue("restaurant")
    page = text(client.get(f"/venues/{venue.slug}/book/?starts_at={NOON:%Y-%m-%dT%H:%M:%SZ}"))
    assert "At most 15 characters." in page and "maxlength" not in page
    answer = send(client, venue, booking_form(client, venue), last_name="Featherstonehaugh-X")
    assert answer.status_code == 422
    assert "This has at most 15 characters." in text(answer)
    assert form_of(answer, "once")["last_name"] == "Featherstonehaugh-X"
    assert "write a dash" in text(send(client, venue, form_of(answer, "once"), last_name=""))


@pytest.mark.django_db
def test_no_page_has_a_field_that_cuts() -> None:
    made = ground.make()
    browsers = [made.browser(visitor) for visitor in ("anybody", "guest", "administrator")]
    cutting = set()
    seen = 0
    for route, address in ground.addresses(made).items():
        if "logout" in route or route.startswith(LIBRARY):
            continue
        for browser in browsers:
            shown = browser.get(address).content.decode(errors="replace")
            fields = re.findall(r"<(?:input|textarea)\b[^>]*>", shown)
            seen += len(fields)
            cutting |= {
                f"{route} {field}"
                for field in fields
                if " maxlength" in field and not re.search(r'type="(password|hidden)"', field)
            }
    assert not cutting, "\n".join(sorted(cutting))
    assert seen > 500
