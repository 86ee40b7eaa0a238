"""Every page of the admin answers for whom it is meant, and for nobody else."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from guests.callers import system
from reservations import clock
from reservations.inventory import closures
from reservations.models import Allocation, Event, Reservation, StoredAnswer
from tests.admin.browsing import browser_of, text_of
from tests.factories import hold, make_charges
from tests.guests.factories import StaffFactory, UserFactory
from venues.hours import Window
from venues.models import (
    Category,
    Combination,
    Extra,
    Opening,
    PaymentTerm,
    Rate,
    Resource,
    TaxRule,
    Venue,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

OURS = [
    Venue, Category, Resource, Combination, Opening, Rate, PaymentTerm, TaxRule, Extra,
    Reservation, Allocation, Event,
]  # fmt: skip
HOUSE = [model for model in OURS if model._meta.app_label == "venues"]


def rows_of(venue: Venue) -> dict[type[Any], Any]:
    """One row of each kind, of one venue."""
    category = venue.categories.all()[0]
    combination = Combination.objects.create(
        venue=venue, category=category, name="both", capacity=8
    )
    combination.resources.set(venue.resources.all())
    taken = hold(venue, hours=48, override_reason="two nights anywhere")
    return {
        Venue: venue,
        Category: category,
        Resource: venue.resources.all()[0],
        Combination: combination,
        Opening: Opening.objects.create(venue=venue, date=clock.now().date()),
        Rate: venue.rates.all()[0],
        **{type(one): one for one in make_charges(venue)},
        Reservation: taken,
        Allocation: taken.allocations.get(),
        Event: taken.events.all()[0],
    }


def page_of(row: Any, page: str = "change") -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=[row.pk])


def list_of(model: type[Any]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_every_model_of_ours_has_its_pages_and_stored_answers_have_none() -> None:
    assert set(OURS) <= set(admin.site._registry)
    assert StoredAnswer not in admin.site._registry


def test_every_page_answers_an_administrator_and_the_desk(
    boss: Client, desk: Client, venue: Venue
) -> None:
    for model, row in rows_of(venue).items():
        for browser in (boss, desk):
            assert browser.get(list_of(model)).status_code == 200, model
            assert browser.get(page_of(row)).status_code == 200, model
            assert browser.get(page_of(row, "history")).status_code == 200, model
    assert boss.get(reverse("admin:index")).status_code == 200
    for model in [*HOUSE, Reservation]:
        add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        assert boss.get(add).status_code == 200, model


def test_what_belongs_to_other_venues_is_not_there_for_the_desk(
    desk: Client, venue: Venue, elsewhere: Venue
) -> None:
    rows_of(venue)
    for model, row in rows_of(elsewhere).items():
        listed = text_of(desk.get(list_of(model)))
        assert "Elsewhere" not in listed and "Faraway" not in listed, model
        for page in ("change", "delete", "history"):
            assert desk.get(page_of(row, page)).status_code in (403, 404), (model, page)
            assert desk.post(page_of(row, page)).status_code in (403, 404, 405), (model, page)
        assert type(row).objects.filter(pk=row.pk).exists()


def test_the_engines_rows_are_not_added_edited_or_deleted(boss: Client, venue: Venue) -> None:
    rows = rows_of(venue)
    for model in (Reservation, Allocation, Event):
        row = rows[model]
        before = type(row).objects.values().get(pk=row.pk)
        assert boss.post(page_of(row), {"version": 9}).status_code in (403, 405)
        assert boss.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
        sweep = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        boss.post(list_of(model), sweep)
        assert type(row).objects.values().get(pk=row.pk) == before
    for model in (Allocation, Event):
        add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        assert boss.get(add).status_code == 403


def test_guests_and_strangers_are_sent_to_log_in(venue: Venue) -> None:
    row = rows_of(venue)[Reservation]
    closure_id = closures.close(
        venue_id=venue.pk,
        resource_ids=[venue.resources.all()[1].pk],
        window=Window(row.ends_at, row.ends_at + (row.ends_at - row.starts_at)),
        reason="paint",
        by=system("test"),
    )
    pages = [
        *(page_of(row, name) for name in ("change", "modify", "cancel", "confirm", "check_in")),
        page_of(row, "check_out"),
        reverse("admin:reservations_reservation_add"),
        reverse("admin:reservations_allocation_close"),
        reverse("admin:reservations_allocation_reopen", args=[closure_id]),
        reverse("admin:venues_resource_retire", args=[venue.resources.all()[0].pk]),
    ]
    for browser in (Client(), browser_of(UserFactory.create())):
        for page in pages:
            for answer in (browser.get(page), browser.post(page)):
                assert answer.status_code == 302 and "/admin/login/" in answer["Location"], page
    assert Reservation.objects.get().confirmed_at is None


def test_staff_of_nothing_see_nothing(venue: Venue) -> None:
    rows_of(venue)
    browser = browser_of(StaffFactory.create())
    for model in OURS:
        assert "Bistro" not in text_of(browser.get(list_of(model)))
    page = text_of(browser.get(reverse("admin:reservations_reservation_add")))
    assert "You run no venue" in page


def test_a_form_without_its_token_is_refused(clerk: Any, venue: Venue) -> None:
    row = hold(venue)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clerk, backend="config.page_log_in.HeldBack")
    for page in ("confirm", "check_in", "check_out", "cancel", "modify"):
        assert strict.post(page_of(row, page)).status_code == 403
    assert strict.post(reverse("admin:reservations_reservation_add")).status_code == 403
    assert strict.post(reverse("admin:reservations_allocation_close")).status_code == 403
    assert Reservation.objects.get().version == row.version


@pytest.mark.parametrize("number", [0, 2**63, 10**30])
def test_an_id_that_nothing_can_have_is_not_found(boss: Client, venue: Venue, number: int) -> None:
    for name in ("change", "modify", "cancel"):
        page = reverse(f"admin:reservations_reservation_{name}", args=[number])
        assert boss.get(page).status_code == 404
    confirm = reverse("admin:reservations_reservation_confirm", args=[number])
    assert boss.post(confirm).status_code == 404
    assert boss.get(reverse("admin:venues_venue_change", args=[number])).status_code == 404
    assert (
        boss.get(reverse("admin:reservations_reservation_add") + f"?venue={number}").status_code
        == 404
    )
