"""What can be reserved, kept in the admin: forms that say what is wrong, and money as money."""

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from django import forms
from django.contrib.admin.utils import flatten_fieldsets
from django.test import Client
from django.urls import reverse

from desk import duration_field
from desk.lists.venues import PolicyInline
from reservations import actions
from tests.admin.browsing import faults, said, text_of
from tests.factories import DESK, hold
from venues.models import Category, Combination, Opening, Policy, Rate, Resource, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def change(row: Any) -> str:
    return reverse(f"admin:venues_{row._meta.model_name}_change", args=[row.pk])


def as_shown(page: str) -> dict[str, str]:
    """What the page's form would send with nothing touched."""
    form: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        name, value = re.search(r'name="([\w-]+)"', tag), re.search(r'value="([^"]*)"', tag)
        is_box = 'type="checkbox"' in tag
        unsent = 'type="submit"' in tag or (is_box and "checked" not in tag) or "disabled" in tag
        if name and not unsent and "__prefix__" not in name[1]:
            form[name[1]] = value[1] if value else "on" if is_box else ""
    for name, options in re.findall(
        r'<select name="([\w-]+)"[^>]*>(.*?)</select>', page, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        form[name] = chosen[1] if chosen else ""
    areas = re.findall(r'<textarea name="([\w-]+)"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL)
    form |= dict(areas)
    return {name: value for name, value in form.items() if "__prefix__" not in name}


def save(browser: Client, row: Any, **fields: Any) -> str:
    form = as_shown(text_of(browser.get(change(row))))
    sent = {name.replace("__", "-"): value for name, value in fields.items()}
    return text_of(browser.post(change(row), form | sent, follow=True))


def test_saving_a_venue_as_it_is_changes_nothing(desk: Client, venue: Venue) -> None:
    before = facts_of(venue)
    assert "was changed successfully" in said(save(desk, venue))[0]
    assert facts_of(venue) == before


def facts_of(venue: Venue) -> dict[str, Any]:
    """All that is known of a venue and its policy, but how often it was written."""
    known: dict[str, Any] = dict(Venue.objects.values().get(pk=venue.pk))
    rules = dict(Policy.objects.values().get(venue=venue))
    return {name: value for name, value in (known | rules).items() if name != "revision"}


def test_every_rule_of_a_policy_is_on_the_page() -> None:
    shown = {str(name) for name in flatten_fieldsets(PolicyInline.fieldsets)}
    assert shown == {field.name for field in Policy._meta.fields} - {"id", "venue"}


def test_a_policy_is_written_in_words(desk: Client, venue: Venue) -> None:
    assert 'value="15 minutes"' in text_of(desk.get(change(venue)))
    save(desk, venue, policy__0__notice="1 day 2h", policy__0__step="half an hour")
    assert Policy.objects.get(venue=venue).notice == timedelta(0)
    save(desk, venue, policy__0__notice="1 day 2h", policy__0__step="")
    policy = Policy.objects.get(venue=venue)
    assert (policy.notice, policy.step) == (timedelta(hours=26), None)
    page = save(desk, venue, policy__0__hold_time="no time")
    assert "Give a length above zero." in faults(page)


def test_lengths_are_read_as_people_write_them() -> None:
    assert duration_field.read("90 minutes") == timedelta(minutes=90)
    assert duration_field.read("2 weeks, 1 day") == timedelta(days=15)
    assert duration_field.read("0") == duration_field.read("no time") == timedelta(0)
    for nonsense in ("", "5", "1 fortnight", "minutes", "99999 weeks"):
        with pytest.raises(forms.ValidationError):
            duration_field.read(nonsense)


def test_a_time_zone_stays_while_reservations_are_to_come(desk: Client, venue: Venue) -> None:
    row = hold(venue)
    page = save(desk, venue, time_zone="Asia/Tokyo")
    assert "The time zone cannot change while there are reservations to come" in faults(page)[0]
    assert Venue.objects.get(pk=venue.pk).time_zone == "Europe/Amsterdam"
    actions.cancel(reservation_id=row.pk, by=DESK)
    save(desk, venue, time_zone="Asia/Tokyo")
    assert Venue.objects.get(pk=venue.pk).time_zone == "Asia/Tokyo"


def test_a_currency_stays_while_there_are_rates_in_it(desk: Client, venue: Venue) -> None:
    assert "The currency cannot change" in faults(save(desk, venue, currency="JPY"))[0]
    venue.rates.all().delete()
    save(desk, venue, currency="JPY")
    assert Venue.objects.get(pk=venue.pk).currency == "JPY"


def test_an_administrator_makes_a_venue_with_its_usual_policy(boss: Client, desk: Client) -> None:
    form = {
        "name": "Seaside", "slug": "seaside", "kind": "hotel", "mode": "night", "is_active": "on",
        "time_zone": "Europe/Lisbon", "phone_region": "PT", "currency": "EUR",
    }  # fmt: skip
    add = reverse("admin:venues_venue_add")
    assert desk.post(add, form).status_code == 403
    page = text_of(boss.post(add, form, follow=True))
    assert "usual for a hotel" in said(page)[0]
    assert Venue.objects.get(slug="seaside").policy.notice == timedelta(days=1)


def test_a_venue_with_history_is_not_deleted(boss: Client, desk: Client, venue: Venue) -> None:
    hold(venue)
    delete = reverse("admin:venues_venue_delete", args=[venue.pk])
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    boss.post(delete, {"post": "yes"})
    assert Venue.objects.filter(pk=venue.pk).exists()


def test_weekly_openings_and_categories_are_kept_on_the_venues_page(
    desk: Client, venue: Venue
) -> None:
    more = {
        "openings__TOTAL_FORMS": 1, "openings__0__weekday": 0, "openings__0__opens": "17:00",
        "openings__0__closes": "01:00", "openings__0__venue": venue.pk,
        "categories__TOTAL_FORMS": 2, "categories__1__name": "Terrace",
        "categories__1__code": "terrace", "categories__1__position": 1,
        "categories__1__venue": venue.pk,
    }  # fmt: skip
    save(desk, venue, **more)
    assert str(Opening.objects.get(venue=venue)) == "Monday 17:00-01:00"
    assert venue.categories.count() == 2
    page = save(desk, venue, openings__0__opens="")
    assert "Give both times, or neither." in faults(page)
    again = {
        "categories__TOTAL_FORMS": 3, "categories__2__name": "Terrace",
        "categories__2__code": "terrace", "categories__2__position": 1,
        "categories__2__venue": venue.pk,
    }  # fmt: skip
    assert faults(save(desk, venue, **again))
    save(desk, venue, categories__0__code="other")
    assert venue.categories.filter(code="standard").exists()


def test_a_date_may_be_closed_and_a_weekday_may_not(desk: Client, venue: Venue) -> None:
    add = reverse("admin:venues_opening_add")
    desk.post(add, {"venue": venue.pk, "date": "2027-12-25"})
    assert str(Opening.objects.get()) == "2027-12-25 closed"
    for form, told in (
        ({"weekday": 1}, "only a single date can be closed"),
        ({"opens": "09:00", "closes": "12:00"}, "one of them"),
        ({"weekday": 1, "date": "2027-12-25"}, "one of them"),
        ({"weekday": 1, "opens": "09:00"}, "Give both times"),
    ):
        page = text_of(desk.post(add, {"venue": venue.pk, **form}))
        assert told in " ".join(faults(page))
    assert Opening.objects.count() == 1


def test_hours_of_a_unit_are_of_its_own_venue(boss: Client, venue: Venue, elsewhere: Venue) -> None:
    form = {"weekday": 1, "opens": "09:00", "closes": "12:00"}
    unit = elsewhere.resources.all()[0]
    page = text_of(
        boss.post(
            reverse("admin:venues_opening_add"), {"venue": venue.pk, "resource": unit.pk, **form}
        )
    )
    assert "1 belongs to Elsewhere." in faults(page)
    sent = {f"openings__0__{name}": value for name, value in form.items()}
    save(boss, unit, openings__TOTAL_FORMS=1, openings__0__resource=unit.pk, **sent)
    made = Opening.objects.get()
    assert (made.venue, made.resource) == (elsewhere, unit)


def test_rates_are_amounts_and_never_minor_units(desk: Client, venue: Venue) -> None:
    rate = venue.rates.get()
    assert 'value="10.00"' in text_of(desk.get(change(rate)))
    save(desk, rate, amount="12.5")
    assert Rate.objects.get().amount_minor == 1_250
    assert "EUR 12.50" in text_of(desk.get(reverse("admin:venues_rate_changelist")))
    for amount, told in (
        ("12.505", "EUR has 2 decimals."),
        ("-1", "greater than or equal to 0"),
        ("99999999999", "more than any rate may be"),
    ):
        assert told in " ".join(faults(save(desk, rate, amount=amount)))
    page = save(desk, rate, first_date="2027-02-01", last_date="2027-01-01")
    assert "The last date is before the first." in faults(page)
    assert Rate.objects.get().amount_minor == 1_250


def test_a_currency_without_cents_has_none(boss: Client, venue: Venue) -> None:
    Venue.objects.filter(pk=venue.pk).update(currency="JPY")
    category = venue.categories.get()
    more = {
        "rates__TOTAL_FORMS": 2, "rates__1__category": category.pk, "rates__1__amount": "12000",
        "rates__1__unit": "flat", "rates__1__first_date": "2027-06-01",
    }  # fmt: skip
    save(boss, category, **more)
    assert Rate.objects.get(first_date__isnull=False).amount_minor == 12_000
    assert Rate.objects.get(first_date__isnull=False).venue == venue
    page = save(boss, category, rates__1__amount="12.5")
    assert "JPY has 0 decimals." in faults(page)


def test_a_unit_has_rates_of_its_own_judged_among_themselves(
    boss: Client, venue: Venue, elsewhere: Venue
) -> None:
    category, unit = venue.categories.get(), venue.resources.all()[0]
    stranger = elsewhere.resources.all()[0]
    page = text_of(boss.get(change(category)))
    options = page[page.index('name="rates-__prefix__-resource"') :]
    options = options[: options.index("</select>")]
    assert f'value="{unit.pk}"' in options and f'value="{stranger.pk}"' not in options
    more = {
        "rates__TOTAL_FORMS": 2, "rates__1__category": category.pk, "rates__1__amount": "20",
        "rates__1__unit": "flat", "rates__1__resource": unit.pk,
    }  # fmt: skip
    save(boss, category, **more)
    own = Rate.objects.get(resource=unit)
    assert own.amount_minor == 2_000
    add = reverse("admin:venues_rate_add")
    form = {"category": category.pk, "resource": unit.pk, "amount": "30", "unit": "flat"}
    assert "same days and hours" in text_of(boss.post(add, form))
    assert "is not of the category" in text_of(boss.post(add, {**form, "resource": stranger.pk}))
    boss.post(add, {**form, "first_date": "2027-06-01"})
    assert Rate.objects.filter(resource=unit).count() == 2


def test_a_unit_is_added_to_a_category_and_named_once(desk: Client, venue: Venue) -> None:
    add = reverse("admin:venues_resource_add")
    form = {
        "category": venue.categories.get().pk, "name": "9", "floor": 0, "capacity": 2, "rank": 0,
        "attributes": "{}",
    }  # fmt: skip
    desk.post(add, form)
    assert Resource.objects.get(name="9").venue == venue
    page = text_of(desk.post(add, form))
    assert "Bistro has 9 already." in faults(page)
    page = text_of(desk.post(add, form | {"name": "8", "attributes": "[1]"}))
    assert "Give names and values" in faults(page)[0]


def test_choices_are_ones_own(desk: Client, boss: Client, venue: Venue, elsewhere: Venue) -> None:
    add = reverse("admin:venues_resource_add")
    assert "Elsewhere" not in text_of(desk.get(add)) and "Elsewhere" in text_of(boss.get(add))
    form = {"category": elsewhere.categories.get().pk, "name": "9", "floor": 0, "capacity": 2,
            "rank": 0, "attributes": "{}"}  # fmt: skip
    assert faults(text_of(desk.post(add, form)))
    # Not even an administrator moves a unit to another venue.
    unit = venue.resources.all()[0]
    assert faults(save(boss, unit, category=elsewhere.categories.get().pk))
    assert Resource.objects.get(pk=unit.pk).venue == venue


def test_a_unit_with_a_past_is_retired_and_not_deleted(desk: Client, venue: Venue) -> None:
    first, second = venue.resources.all()
    row = hold(venue, resource=first.pk)
    delete = reverse("admin:venues_resource_delete", args=[first.pk])
    for answer in (desk.get(delete, follow=True), desk.post(delete, {"post": "yes"}, follow=True)):
        assert "Retire it instead" in said(text_of(answer))[0]
    retire = reverse("admin:venues_resource_retire", args=[first.pk])
    assert desk.get(retire).status_code == 405
    assert row.code in text_of(desk.post(retire, follow=True))
    first.refresh_from_db()
    assert first.retired_at is None
    actions.cancel(reservation_id=row.pk, by=DESK)
    for _ in range(2):
        assert "is retired" in said(text_of(desk.post(retire, follow=True)))[0]
    assert Resource.objects.filter(pk=first.pk, retired_at__isnull=False).exists()
    restore = reverse("admin:venues_resource_restore", args=[first.pk])
    assert retire not in text_of(desk.get(change(first)))
    desk.post(restore)
    assert Resource.objects.filter(pk=first.pk, retired_at=None).exists()
    desk.post(reverse("admin:venues_resource_delete", args=[second.pk]), {"post": "yes"})
    assert not Resource.objects.filter(pk=second.pk).exists()


def test_units_of_others_are_not_retired(desk: Client, venue: Venue, elsewhere: Venue) -> None:
    unit = elsewhere.resources.all()[0]
    for name in ("retire", "restore"):
        page = reverse(f"admin:venues_resource_{name}", args=[unit.pk])
        assert desk.post(page).status_code == 404


def test_a_combination_is_of_units_of_its_venue(
    boss: Client, venue: Venue, elsewhere: Venue
) -> None:
    add = reverse("admin:venues_combination_add")
    form: dict[str, Any] = {"category": venue.categories.get().pk, "name": "1+2", "capacity": 8}
    strange = [unit.pk for unit in elsewhere.resources.all()]
    page = text_of(boss.post(add, form | {"resources": strange}))
    assert "Not units of Bistro: 1, 2." in faults(page)
    boss.post(add, form | {"resources": [unit.pk for unit in venue.resources.all()]})
    assert Combination.objects.get().venue == venue


def test_a_category_with_units_is_not_deleted(desk: Client, venue: Venue) -> None:
    category = venue.categories.get()
    desk.post(reverse("admin:venues_category_delete", args=[category.pk]), {"post": "yes"})
    assert Category.objects.filter(pk=category.pk).exists()


def test_kind_and_mode_of_a_venue_cannot_change(boss: Client, desk: Client, venue: Venue) -> None:
    for browser in (boss, desk):
        save(browser, venue, kind="hotel", mode="night")
        assert (Venue.objects.get(pk=venue.pk).kind, venue.mode) == ("restaurant", "time")


def test_only_an_administrator_stops_sales_and_only_while_nothing_is_to_come(
    boss: Client, desk: Client, venue: Venue
) -> None:
    row = hold(venue)
    off = {"is_active": ""}
    save(desk, venue, **off)
    assert Venue.objects.get(pk=venue.pk).is_active
    assert f"Reservations {row.code} have not ended." in faults(save(boss, venue, **off))
    actions.cancel(reservation_id=row.pk, by=DESK)
    save(desk, venue, **off)
    assert Venue.objects.get(pk=venue.pk).is_active
    save(boss, venue, **off)
    assert not Venue.objects.get(pk=venue.pk).is_active


def test_more_than_a_thousand_rows_are_deleted_in_one_act(boss: Client, venue: Venue) -> None:
    unit = venue.resources.all()[0]
    Opening.objects.bulk_create(
        Opening(
            venue=venue,
            resource=unit,
            date=date(2027, 3, 1) + timedelta(days=number // 24),
            opens=time(number % 24),
            closes=time(number % 24, 30),
        )
        for number in range(1_200)
    )
    listed = reverse("admin:venues_opening_changelist")
    chosen = list(Opening.objects.values_list("pk", flat=True))
    act = {"action": "delete_selected", "_selected_action": chosen, "select_across": "1"}
    asked = boss.post(listed, act)
    assert asked.status_code == 200 and "Are you sure" in text_of(asked)
    # The page of the unit has too many rows for a form, and says where they are.
    shown = text_of(boss.get(change(unit)))
    assert "has 1200 openings" in shown
    assert "was changed successfully" in said(save(boss, unit, floor="2"))[-1]
    assert Opening.objects.count() == 1_200
    boss.post(listed, act | {"post": "yes"})
    assert not Opening.objects.exists()


def test_hours_that_overlap_are_refused(boss: Client, venue: Venue) -> None:
    unit = venue.resources.all()[0]
    Opening.objects.create(venue=venue, weekday=0, opens=time(9), closes=time(12))
    added = reverse("admin:venues_opening_add")
    form = {"venue": venue.pk, "resource": "", "weekday": "0", "opens": "11:00", "closes": "13:00"}
    assert "These hours overlap others: Monday 09:00-12:00" in text_of(boss.post(added, form))
    for weekday, opens, closes in (("0", "12:00", "13:00"), ("6", "22:00", "09:00")):
        more = {"weekday": weekday, "opens": opens, "closes": closes}
        boss.post(added, form | more)
    over_midnight = form | {"weekday": "6", "opens": "22:30", "closes": "09:30"}
    assert "These hours overlap others" in text_of(boss.post(added, over_midnight))
    # A unit's own hours stand for themselves.
    boss.post(added, form | {"resource": unit.pk})
    assert Opening.objects.count() == 4
    row = Opening.objects.get(weekday=0, opens=time(9))
    page = text_of(boss.post(change(row), {"weekday": "0", "opens": "9:00", "closes": "12:30"}))
    assert "These hours overlap others" in page


def test_a_policy_that_loses_every_turnover_is_refused(boss: Client, elsewhere: Venue) -> None:
    row = hold(elsewhere, hours=24)
    page = save(
        boss, elsewhere, policy__0__check_in_time="10:00", policy__0__check_out_time="11:00"
    )
    assert "could not be sold two nights in a row" in page
    page = save(boss, elsewhere, policy__0__last_arrival="14:00")
    assert "after the check-in time" in page
    page = save(boss, elsewhere, policy__0__check_in_time="11:00")
    assert row.code in page and not said(page)
    kept = boss.post(change(elsewhere), {**as_shown(page), "affected-all": "keep"}, follow=True)
    told = said(text_of(kept))
    assert any("1 stays to come were sold by the times before" in one for one in told)
    assert elsewhere.policy.check_out_time == time(11)


def test_the_last_hour_of_arrival_is_an_hour_that_may_lie_past_midnight(
    boss: Client, elsewhere: Venue
) -> None:
    shown = text_of(boss.get(change(elsewhere)))
    assert 'value="24:00"' in shown
    save(boss, elsewhere, policy__0__last_arrival="26:30")
    elsewhere.policy.refresh_from_db()
    assert elsewhere.policy.last_arrival == timedelta(hours=26, minutes=30)
    assert "Write it as" in save(boss, elsewhere, policy__0__last_arrival="late")
