"""A guest's browser as far as pages need one: follows links, fills in forms as they are served."""

from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from reservations.models import Reservation
from tests.factories import NOON
from venues.models import Venue

ADA = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+31201234567"}


class Forms(HTMLParser):
    """The fields, with their values, and the named buttons of each form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self.buttons: list[tuple[str, str]] = []
        self._area = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append({"action": told.get("action", "")})
        elif tag in ("input", "textarea") and "name" in told:
            is_off = told.get("type") in ("checkbox", "radio") and "checked" not in told
            if not is_off:
                usual = "on" if told.get("type") == "checkbox" else ""
                self.found[-1][told["name"]] = told.get("value", usual)
            self._area = told["name"] if tag == "textarea" else ""
        elif tag == "button" and "name" in told:
            self.buttons.append((told["name"], told.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[-1][self._area] = data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


def text(answer: Any) -> str:
    page: str = answer.content.decode()
    return page


def form_of(answer: Any, field: str) -> dict[str, str]:
    """The form of a page that has a field of that name, as it would be sent."""
    return next(form for form in Forms(text(answer)).found if field in form)


def buttons(answer: Any, name: str) -> list[str]:
    """What the buttons of that name say."""
    return [value for found, value in Forms(text(answer)).buttons if found == name]


def picked(start: datetime = NOON, hours: float = 2, **more: Any) -> str:
    """The query of a link to a time."""
    times = {"starts_at": start, "ends_at": start + timedelta(hours=hours)}
    told = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in times.items()}
    return urlencode({**told, "category": "standard", "guests": 1, **more})


def booking_form(client: Client, venue: Venue, query: str = "") -> dict[str, str]:
    """The booking form for a time, filled in by Ada."""
    page = client.get(f"/venues/{venue.slug}/book/?{query or picked()}")
    assert page.status_code == 200
    return form_of(page, "once") | ADA


def send(client: Client, venue: Venue, form: dict[str, str], **changes: str) -> Any:
    return client.post(f"/venues/{venue.slug}/book/", form | changes)


def book(client: Client, venue: Venue, query: str = "", **changes: str) -> Reservation:
    """A reservation that was made on the pages by this browser."""
    answer = send(client, venue, booking_form(client, venue, query), **changes)
    assert answer.status_code == 302, text(answer)
    return Reservation.objects.get(code=answer["Location"].split("/")[2])
