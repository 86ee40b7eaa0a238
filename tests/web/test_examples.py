"""The example of a site of somebody else's: what its page holds ready, and for whom."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

ADDRESS = "/examples/smart-parking/"


def page(client: Client) -> str:
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_mounts_the_view_by_attributes_alone(client: Client) -> None:
    assert reverse("web:smart_parking") == ADDRESS
    mount = re.search(r'<div id="parking-slots-view"([^>]*)>', page(client))
    assert mount
    assert dict(re.findall(r'data-([a-z-]+)="([^"]*)"', mount.group(1))) == {
        "venue": "smart-parking",
        "api": "/api/v1",
        "date-input": "#date-picker",
        "token-key": "smart-parking.access",
    }


def test_the_demonstrations_log_ins_are_told_by_a_demonstration_only(
    client: Client, settings: Settings
) -> None:
    settings.DEMO = True
    assert "driver1@parking.com" in page(client) and "password123" in page(client)
    settings.DEMO = False
    assert "driver1@parking.com" not in page(client) and "password123" not in page(client)


def test_nothing_is_inline_and_everything_it_loads_is_there(client: Client) -> None:
    html = page(client)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=", html)
    loaded = re.findall(r'(?:src|href)="/static/([^"]+)"', html)
    assert len(loaded) >= 5
    assert [path for path in loaded if finders.find(path) is None] == []


@pytest.mark.django_db
def test_pages_of_ours_lead_there(client: Client) -> None:
    assert ADDRESS in client.get("/").content.decode()
