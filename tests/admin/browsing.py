"""How tests get about the admin: browsers, addresses, and what a page said."""

import html
import re
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from guests.models import User
from reservations.models import Reservation


def browser_of(user: User) -> Client:
    """A browser in which this person is logged in."""
    client = Client()
    client.force_login(user, backend="config.page_log_in.HeldBack")
    return client


def address(verb: str, row: Reservation) -> str:
    """The desk's page, or button, of that verb for a reservation."""
    return reverse(f"admin:reservations_reservation_{verb}", args=[row.pk])


def press(browser: Client, verb: str, row: Reservation) -> str:
    """Press a button and read the page one is led to."""
    return text_of(browser.post(address(verb, row), follow=True))


def text_of(response: Any) -> str:
    """A page's text, tags and all, with the entities read."""
    assert isinstance(response, HttpResponse)
    return html.unescape(response.content.decode())


def said(page: str) -> list[str]:
    """The messages a page shows."""
    found = re.findall(r'<li class="(?:success|error|info|warning)">(.*?)</li>', page, re.DOTALL)
    return [re.sub(r"<.*?>", "", one).strip() for one in found]


def faults(page: str) -> list[str]:
    """What a form says is wrong."""
    found = re.findall(r'<ul class="errorlist[^"]*"[^>]*>(.*?)</ul>', page, re.DOTALL)
    return [re.sub(r"<.*?>", "", one).strip() for one in found]


def fault_beside(page: str, field: str) -> str:
    """What a form says is wrong with one field."""
    found = re.search(rf'<ul class="errorlist" id="id_{field}_error">(.*?)</ul>', page, re.DOTALL)
    return re.sub(r"<.*?>", "", found[1]).strip() if found else ""


def buttons(page: str) -> list[str]:
    """The labels of a reservation's buttons."""
    return [label.strip() for label in re.findall(r'class="button[^"]*"[^>]*>(.*?)</', page)]
