"""Every page of the admin as every kind of person: who sees it, stated in one table.

Those elsewhere ask for somebody else's rows: no page shows them, and no form offers them.
"""

import re
from collections.abc import Iterator
from datetime import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.contrib import admin
from django.forms import ModelChoiceField
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse
from pytest_django import DjangoDbBlocker

from desk.reservations.amounts import AMOUNTS
from desk.reservations.corrections import CORRECTIONS
from guests import keys
from guests.models import Partner, User, VenueRole
from notices.models import Delivery
from payments import recording
from payments.documents import invoices
from payments.documents.issuance import Recipient
from payments.methods import Method
from payments.models import Document, Refund
from payments.recording import Taken
from reservations.inventory import closures
from reservations.models import Allocation, Event, Reservation
from tests.admin.browsing import browser_of, text_of
from tests.factories import DESK, add_hours, hold, make_charges, make_venue
from tests.guests.factories import (
    PASSWORD,
    AdministratorFactory,
    PartnerFactory,
    StaffFactory,
    UserFactory,
)
from tests.hooks.making import make_endpoint
from tests.kept_rows import kept
from venues.hours import Window
from venues.models import Combination, Opening, Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

Answers = dict[str, int]

CALLERS = ("guest", "clerk", "manager", "clerk_elsewhere", "manager_elsewhere", "administrator")
CANARY = "Zebedee"
"""In the name of everything that is somebody else's to those elsewhere."""

GROUP = UUID(int=7)

OPEN_TO_ALL = {"login", "logout", "jsi18n"}
FOR_STAFF = {"index", "password_change", "password_change_done", "view_on_site", "autocomplete"}
"""Django's own pages, without rows of ours."""


def row(clerk: int, manager: int, elsewhere: int | None = None, **others: int) -> Answers:
    """Statuses by caller; guests are sent to log in. Elsewhere they are those of one's own role."""
    found = {"guest": 302, "clerk": clerk, "manager": manager, "administrator": manager}
    found |= {"clerk_elsewhere": elsewhere or clerk, "manager_elsewhere": elsewhere or manager}
    return found | others


STAFF = row(200, 200)
STAFF_OF_IT = row(200, 200, 404)
NOBODY = row(403, 403)
NOBODY_OF_IT = row(403, 403, 404)
MANAGERS = row(403, 200)
MANAGERS_OF_IT = row(403, 200, clerk_elsewhere=403, manager_elsewhere=404)
MANAGERS_NOT = row(403, 403, clerk_elsewhere=403, manager_elsewhere=404)
ADMINISTRATORS = row(403, 403, administrator=200)
BOSS_OF_IT = MANAGERS_NOT | {"administrator": 200}
NOT_THERE = row(302, 302)
"""Django sends whoever asks for a row that is not there to the index."""

LOOK = {"changelist": STAFF, "add": NOBODY, "history": STAFF_OF_IT, "change": STAFF_OF_IT,
        "delete": row(403, 403, 404)}  # fmt: skip
EDIT = dict.fromkeys(("changelist", "add"), MANAGERS) | dict.fromkeys(
    ("history", "change", "delete"), MANAGERS_OF_IT
)
BOSS = dict.fromkeys(("changelist", "add", "history", "change", "delete"), ADMINISTRATORS)

MODELS: dict[str, dict[str, Answers]] = {
    "reservations_reservation": LOOK | {"add": STAFF},
    "reservations_allocation": LOOK,
    "reservations_event": LOOK,
    "venues_venue": EDIT | {"add": ADMINISTRATORS, "delete": BOSS_OF_IT},
    "venues_category": EDIT,
    "venues_resource": EDIT,
    "venues_combination": EDIT,
    "venues_opening": EDIT,
    "venues_rate": EDIT,
    "venues_paymentterm": EDIT,
    "venues_taxrule": EDIT,
    "venues_extra": EDIT,
    "guests_user": BOSS | {"delete": NOBODY},
    "guests_partner": EDIT | {"add": ADMINISTRATORS, "delete": MANAGERS_NOT},
    "guests_partnerkey": EDIT | {"add": NOBODY, "delete": MANAGERS_NOT},
    "hooks_endpoint": BOSS | {"add": NOBODY, "delete": NOBODY},
    # People's ways in, of the library.
    "account_emailaddress": BOSS | {"history": NOT_THERE},
    "socialaccount_socialapp": BOSS | {"history": NOT_THERE},
    "socialaccount_socialtoken": BOSS | {"history": NOT_THERE},
    "socialaccount_socialaccount": BOSS | {"history": NOT_THERE},
}

PAGES: dict[str, Answers] = {
    "today": STAFF,
    "timeline": STAFF,
    "walk_in": STAFF,
    "new_group": STAFF,
    "group": STAFF_OF_IT,
    "cancel_group": STAFF_OF_IT,
    "group_invoice": STAFF_OF_IT,
    "document": STAFF_OF_IT,
    "credit_invoice": row(403, 200, 404),
    "charts": STAFF,
    "calls": STAFF,
    # Everybody here has two venues, and chooses one first.
    "exports": STAFF,
    "takings": MANAGERS,
    "journal": MANAGERS,
    "choose_venue": STAFF,
    "lots": STAFF,
    "lot": STAFF_OF_IT,
    "spot": STAFF_OF_IT,
    "sent": STAFF,
    "sent_of_reservation": STAFF_OF_IT,
    "send_again": row(302, 302, 404),
    "refunds": STAFF,
    "pay_refund_out": STAFF_OF_IT,
    # Pressed by a form alone.
    "try_refund_again": row(405, 405, 405),
    "send_payment_link": row(405, 405, 405),
    # Letters are in memory while tests run, and not in files.
    **dict.fromkeys(
        ("mail_folder", "mail_letter", "mail_letter_html", "mail_letter_file"),
        row(403, 403, administrator=404),
    ),
    "open_lot": ADMINISTRATORS,
    "erase_person": ADMINISTRATORS,
    "access_log": ADMINISTRATORS,
    "access_log_file": ADMINISTRATORS,
    "change_lot": row(403, 200, 404),
    "letters": row(403, 200, 404),
    "letter": row(403, 200, 404),
    "close_lot": ADMINISTRATORS,
    **{
        f"reservations_reservation_{verb}": STAFF_OF_IT
        for verb in ("move", "modify", "cancel", "note", "swap")
    },
    "reservations_reservation_check_out_early": row(302, 302, 404),
    "reservations_reservation_adjust_price": row(403, 200, 404),
    "reservations_reservation_waive_fee": row(403, 302, 404),
    "reservations_reservation_pay": STAFF_OF_IT,
    "reservations_reservation_invoice": STAFF_OF_IT,
    "reservations_reservation_give_back": row(403, 200, 404),
    "reservations_reservation_charge": row(403, 200, 404),
    # It is to come, so there is nothing to put right.
    **{f"reservations_reservation_{verb}": row(302, 302, 404) for verb in CORRECTIONS},
    # These answer a POST alone.
    **{
        f"reservations_reservation_{verb}": row(302, 302, 404)
        for verb in ("confirm", "check_in", "check_out")
    },
    "venues_resource_retire": row(403, 302, clerk_elsewhere=403, manager_elsewhere=404),
    "venues_resource_restore": row(403, 302, clerk_elsewhere=403, manager_elsewhere=404),
    "reservations_allocation_close": STAFF,
    "reservations_allocation_reopen": STAFF_OF_IT,
    **{
        f"hooks_endpoint_{page}": ADMINISTRATORS
        for page in ("make", "edit", "rotate", "deliveries", "remove")
    },
    "guests_partner_issue_key": MANAGERS_OF_IT,
    "guests_partnerkey_rotate": MANAGERS_OF_IT,
    "guests_partnerkey_revoke": MANAGERS_OF_IT,
    "auth_user_password_change": ADMINISTRATORS,
}
TABLE = PAGES | {
    f"{model}_{name}": answers for model, pages in MODELS.items() for name, answers in pages.items()
}
POSTED = {
    name
    for name in PAGES
    if PAGES[name]["manager"] == 302 and not name.endswith((*CORRECTIONS, *AMOUNTS))
}


def names(patterns: list[URLPattern | URLResolver]) -> set[str]:
    found: set[str] = set()
    for one in patterns:
        if isinstance(one, URLResolver):
            found |= names(one.url_patterns)
        elif one.name:
            found.add(one.name)
    return found


def test_every_page_of_the_admin_stands_in_the_table() -> None:
    assert names(admin.site.get_urls()) - OPEN_TO_ALL - FOR_STAFF - {"app_list"} == set(TABLE)


class World:
    """A restaurant and a lot with all that an admin shows of them, and everybody who asks."""

    def __init__(self) -> None:
        self.venue, self.lot = make_venue("restaurant", units=3), make_venue("parking", units=2)
        Venue.objects.filter(pk__in=[self.venue.pk, self.lot.pk]).update(name=CANARY)
        self.served = [self.venue, self.lot]
        self.unit = self.venue.resources.order_by("pk")[1]
        self.charges = make_charges(self.venue)
        self.combination = Combination.objects.create(
            venue=self.venue, category=self.unit.category, name=CANARY, capacity=8
        )
        add_hours(self.venue, time(0), time(0))
        self.opening = Opening.objects.earliest("pk")
        self.reservation = hold(self.venue)
        Reservation.objects.update(last_name=CANARY, group_id=GROUP)
        self.refund = self._refund()
        self.invoice = self._invoice()
        self.partner: Partner = PartnerFactory.create(name=CANARY, venues=self.served)
        self.key, _ = keys.issue(self.partner, by=None)
        self.delivery = Delivery.objects.create(
            kind="confirmed",
            channel="mail",
            lane="mail",
            to="ada@example.com",
            dedupe=CANARY,
            reservation=self.reservation,
            venue=self.venue,
            created_at=self.reservation.created_at,
            next_try_at=self.reservation.created_at,
            done_at=self.reservation.created_at,
            outcome="sent",
        )
        self.endpoint = make_endpoint(self.partner.slug, description=CANARY)
        self.person: User = UserFactory.create(last_name=CANARY)
        window = Window(self.reservation.starts_at, self.reservation.ends_at)
        last = self.venue.resources.latest("pk")
        self.closure = closures.close(
            venue_id=self.venue.pk, resource_ids=[last.pk], window=window, reason=CANARY, by=DESK
        )
        elsewhere = [make_venue("restaurant"), make_venue("parking")]
        self.people: dict[str, User] = {
            "guest": UserFactory.create(),
            "clerk": StaffFactory.create(clerk_at=self.served),
            "manager": StaffFactory.create(staff_venues=self.served),
            "clerk_elsewhere": StaffFactory.create(clerk_at=elsewhere),
            "manager_elsewhere": StaffFactory.create(staff_venues=elsewhere),
            "administrator": AdministratorFactory.create(),
        }
        self.sessions = {
            caller: browser_of(user).cookies[settings.SESSION_COOKIE_NAME].value
            for caller, user in self.people.items()
        }

    def _invoice(self) -> Document:
        """Of a stay in the lot."""
        row = hold(self.lot)
        Reservation.objects.filter(pk=row.pk).update(confirmed_at=row.created_at, price_minor=1_000)
        return invoices.issue(row.pk, by=DESK, recipient=Recipient(name=CANARY)).document

    def _refund(self) -> Refund:
        """Of money that the desk took, to be paid out."""
        row = self.reservation
        taken = Taken(method=Method.CASH, amount_minor=100)
        payment = recording.record(row.pk, taken, by=DESK)
        return Refund.objects.create(
            reservation=row,
            payment=payment,
            state="open",
            amount_minor=100,
            at=row.created_at,
            by=DESK.name,
            by_kind=DESK.kind,
        )

    def address(self, name: str) -> str:
        """Of a page about the rows of this world."""
        given: dict[str, Any] = {
            "group": {"group_id": GROUP},
            "cancel_group": {"group_id": GROUP},
            "lot": {"slug": self.lot.slug},
            "change_lot": {"slug": self.lot.slug},
            "close_lot": {"slug": self.lot.slug},
            "sent_of_reservation": {"reservation_id": self.reservation.pk},
            "send_again": {"delivery_id": self.delivery.pk},
            "pay_refund_out": {"refund_id": self.refund.pk},
            "group_invoice": {"group_id": GROUP},
            "document": {"number": self.invoice.number},
            "credit_invoice": {"number": self.invoice.number},
            "send_payment_link": {"reservation_id": self.reservation.pk},
            "try_refund_again": {"refund_id": self.refund.pk},
            **{f"mail_letter{page}": {"name": "a.eml"} for page in ("", "_html", "_file")},
            "letters": {"slug": self.venue.slug},
            "letter": {"slug": self.venue.slug, "kind": "confirmed", "language": "nl"},
            "spot": {"slug": self.lot.slug, "spot_id": self.lot.resources.earliest("pk").pk},
            "reservations_allocation_reopen": {"closure_id": self.closure},
            "hooks_endpoint_make": {"partner_id": self.partner.pk},
            **{
                f"hooks_endpoint_{page}": {"endpoint_id": self.endpoint.pk}
                for page in ("edit", "rotate", "deliveries", "remove")
            },
            "guests_partner_issue_key": {"partner_id": self.partner.pk},
            "guests_partnerkey_rotate": {"key_id": self.key.pk},
            "guests_partnerkey_revoke": {"key_id": self.key.pk},
            "venues_resource_retire": {"unit_id": self.unit.pk},
            "venues_resource_restore": {"unit_id": self.unit.pk},
            "auth_user_password_change": {"id": self.person.pk},
        }
        if name in given:
            return reverse(f"admin:{name}", kwargs=given[name])
        model, _, page = name.rpartition("_")
        if name.startswith("reservations_reservation_") and name not in (
            "reservations_reservation_changelist",
            "reservations_reservation_add",
        ):
            return reverse(f"admin:{name}", args=[self.reservation.pk])
        if page in ("history", "change", "delete") and model in MODELS:
            return reverse(f"admin:{name}", args=[self.row_of(model)])
        return reverse(f"admin:{name}")

    def row_of(self, model: str) -> Any:
        rows: dict[str, Any] = {
            "reservations_allocation": Allocation.objects.filter(venue=self.venue).first(),
            "reservations_event": Event.objects.filter(venue=self.venue).first(),
            "venues_venue": self.venue,
            "venues_category": self.unit.category,
            "venues_resource": self.unit,
            "venues_combination": self.combination,
            "venues_opening": self.opening,
            "venues_rate": Rate.objects.filter(venue=self.venue).first(),
            "venues_paymentterm": self.charges[0],
            "venues_taxrule": self.charges[1],
            "venues_extra": self.charges[2],
            "guests_user": self.person,
            "guests_partner": self.partner,
            "guests_partnerkey": self.key,
            "hooks_endpoint": self.endpoint,
        }
        # The library's rows are nobody's here: there are none to find.
        return rows[model].pk if model in rows else 0


class TestPages:
    @pytest.fixture(scope="class")
    @classmethod
    def world(cls, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
        with kept(django_db_blocker, World) as world:
            yield world

    @pytest.mark.no_cover
    @pytest.mark.parametrize("name", sorted(TABLE))
    def test_who_sees_a_page(self, world: World, name: str) -> None:
        found = {}
        for caller in CALLERS:
            browser = Client()
            browser.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[caller]
            address = world.address(name)
            answer: Any = browser.post(address) if name in POSTED else browser.get(address)
            found[caller] = answer.status_code
            if "elsewhere" in caller:
                assert CANARY not in text_of(answer), caller
                assert world.reservation.code not in text_of(answer), caller
        of_library = name.startswith(("account_", "socialaccount_"))
        if of_library and name.endswith(("change", "delete")):
            assert found.pop("administrator") == 302
        expected = {caller: status for caller, status in TABLE[name].items() if caller in found}
        assert found == expected


def test_who_works_in_two_roles_manages_the_one_venue_alone(venue: Venue, elsewhere: Venue) -> None:
    browser = browser_of(StaffFactory.create(staff_venues=[venue], clerk_at=[elsewhere]))
    rates = text_of(browser.get(reverse("admin:venues_rate_changelist")))
    assert "Bistro" in rates and "Elsewhere" not in rates
    theirs = reverse("admin:venues_venue_change", args=[elsewhere.pk])
    assert browser.get(theirs).status_code == 404
    assert browser.get(f"/admin/today/?venue={elsewhere.pk}").status_code == 200


def test_a_key_is_a_managers_only_where_it_reaches_no_other_venue(
    venue: Venue, elsewhere: Venue
) -> None:
    browser = browser_of(StaffFactory.create(staff_venues=[venue]))
    own = PartnerFactory.create(venues=[venue])
    shared = PartnerFactory.create(venues=[venue, elsewhere])
    every = PartnerFactory.create(venues=[venue], has_all_venues=True)
    none = PartnerFactory.create()
    status = {
        partner: browser.post(f"/admin/guests/partner/{partner.pk}/issue-key/", ONCE).status_code
        for partner in (own, shared, every, none)
    }
    assert status == {own: 200, shared: 404, every: 404, none: 404}
    assert own.keys.count() == 1
    # What a partner may do and where is the administrators' to say.
    change = reverse("admin:guests_partner_change", args=[own.pk])
    assert browser.post(change, {"name": "Mine", "has_all_venues": "on"}).status_code == 403


ONCE = {"expires_at_0": "", "expires_at_1": "", "password": PASSWORD}


def choices(request: Any) -> dict[str, Any]:
    """The rows that each form of the admin offers to who asks, by form and field."""
    found = {}
    for model, page in admin.site._registry.items():
        if model is Reservation:
            # The pages for it are the desk's own.
            continue
        if not (page.has_add_permission(request) or page.has_change_permission(request)):
            continue
        forms = {"": page.get_form(request)}
        for inline in page.get_inline_instances(request):
            forms[type(inline).__name__] = inline.get_formset(request).form
        for name, form in forms.items():
            for field, asked in form.base_fields.items():
                if isinstance(asked, ModelChoiceField):
                    found[f"{model.__name__}{name}.{field}"] = asked.queryset
    return found


OFFERED = {
    "Category.venue", "Resource.category", "Combination.category", "Combination.resources",
    "Opening.venue", "Opening.resource", "Rate.category", "Rate.resource",
    "PaymentTerm.venue", "PaymentTerm.category", "TaxRule.venue", "Extra.venue",
}  # fmt: skip
"""Every foreign key in a form of the admin that staff see; each offers rows of one's own venues."""


def test_no_form_offers_somebody_elses_row() -> None:
    world = World()
    request = RequestFactory().get("/admin/")
    request.user = world.people["manager_elsewhere"]
    offered = choices(request)
    assert set(offered) == OFFERED
    others = {venue.pk for venue in world.served}
    for name, rows in offered.items():
        assert rows.count(), name
        for offered_row in rows:
            venue = offered_row.pk if isinstance(offered_row, Venue) else offered_row.venue_id
            assert venue not in others, name


def sent_elsewhere(world: World) -> dict[str, tuple[str, dict[str, Any]]]:
    """Forms of the desk by the page and field that take an id, each with somebody else's."""
    own = Venue.objects.get(roles__user=world.people["manager_elsewhere"], kind="restaurant")
    mine = hold(own)
    times = {"starts_at_0": "2027-03-02", "starts_at_1": "12:00"}
    ends = {"ends_at_0": "2027-03-02", "ends_at_1": "13:00"}
    unit, category = str(world.unit.pk), str(world.unit.category_id)
    who = {
        "guest_count": "2",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+31201234567",
    }
    site = f"?venue={own.pk}"
    add = reverse("admin:reservations_reservation_add") + site
    return {
        "hold resource": (add, times | ends | who | {"resource": unit, "once": str(uuid4())}),
        "hold category": (add, times | ends | who | {"category": category, "once": str(uuid4())}),
        "walk-in category": (
            reverse("admin:walk_in") + site,
            {"guest_count": "2", "category": category},
        ),
        "close units": (
            reverse("admin:reservations_allocation_close") + site,
            times | ends | {"units": [unit], "reason": "x"},
        ),
        "move resource": (
            reverse("admin:reservations_reservation_move", args=[mine.pk]),
            {"version": "1", "resource": unit},
        ),
        "modify resource": (
            reverse("admin:reservations_reservation_modify", args=[mine.pk]),
            times | ends | who | {"version": "1", "resource": unit},
        ),
        "choose venue": (reverse("admin:choose_venue"), {"venue": str(world.venue.pk)}),
    }


def test_no_form_of_the_desk_takes_somebody_elses_row() -> None:
    world = World()
    browser: Client = browser_of(world.people["manager_elsewhere"])
    for name, (address, form) in sent_elsewhere(world).items():
        before = Allocation.objects.count()
        answer: Any = browser.post(address, form)
        assert answer.status_code in (200, 404), name
        if answer.status_code == 200:
            assert re.search("not one of the available choices", text_of(answer)), name
        assert Allocation.objects.count() == before, name
    for page in (
        "today",
        "timeline",
        "walk_in",
        "charts",
        "reservations_reservation_add",
        "reservations_allocation_close",
    ):
        address = reverse(f"admin:{page}") + f"?venue={world.venue.pk}"
        assert browser.get(address).status_code == 404, page


def test_a_role_without_being_staff_opens_nothing(venue: Venue) -> None:
    guest = UserFactory.create()
    VenueRole.objects.create(user=guest, venue=venue, role="manager")
    assert browser_of(guest).get(reverse("admin:today")).status_code == 302
