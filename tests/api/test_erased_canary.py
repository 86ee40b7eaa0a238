"""A name, an address and numbers planted everywhere: who is erased is in no table and no file."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import mail
from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.test import Client as Browser
from pytest_django import Settings

from guests import callers
from guests.callers import Caller
from guests.models import Client as ClientOfBefore
from guests.models import Favourite, PracticeClient, Review, User
from notices.models import Attempt, Delivery
from notices.senders import message_files
from payments import posting, recording
from payments.documents import invoices
from payments.methods import Method
from payments.models import Checkout, CheckoutState, Document, Entry, Payment, Refund, State
from payments.recording import Taken
from reservations import actions
from reservations.errors import OpenStay
from reservations.models import DataLink, Event, Reservation, StoredAnswer
from reservations.privacy import erasure, subjects
from reservations.requests import Contact, Times
from tests.api.calling import partner, person, sitting
from tests.api.test_canaries import dump
from tests.factories import DESK, NOON, hold, make_venue
from tests.guests.factories import AdministratorFactory, PartnerFactory, UserFactory
from tests.payments import cards
from tests.payments.cards import held
from tests.reservations.facts import DAY
from venues.models import Venue

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "canary.zqxj@example.com"
PHONE = "+31612345670"
NAME = "Canaryzqxj"
PLATE = "ZQ-XJ-77"
PLANTED = ("zqxj", PHONE[3:], PLATE.lower())

ADA = Contact(first_name=NAME, last_name=NAME, phone=PHONE, email=EMAIL)


@pytest.fixture(autouse=True)
def letters(settings: Settings, tmp_path: Path) -> Path:
    """Letters are files, as they are embedded."""
    folder = tmp_path / "mail"
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(folder)
    return folder


@pytest.fixture
def venue() -> Venue:
    return make_venue("restaurant", units=9, confirms_at_once=True, horizon=None)


def plant(venue: Venue) -> User:
    """An account with all that hangs on one, and bookings with and without it."""
    user = UserFactory.create(
        email=EMAIL, first_name=NAME, last_name=NAME, phone=PHONE, chat_url=f"https://{NAME}"
    )
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    SocialAccount.objects.create(user=user, provider="google", uid=NAME, extra_data={"n": NAME})
    known = {"first_name": NAME, "last_name": NAME, "email": EMAIL, "phone": PHONE}
    PracticeClient.objects.create(user=user, venue=venue, **known)
    ClientOfBefore.objects.create(user=user, phone=PHONE)
    Favourite.objects.create(user=user, venue=venue)
    Review.objects.create(user=user, venue=venue, stars=5, text=f"{NAME} was here")
    boss = AdministratorFactory.create()
    LogEntry.objects.log_actions(boss.pk, [user], CHANGE, f"to {NAME}", single_object=True)
    for who in (user, None):
        plant_session(who)
    hold(venue, by=callers.for_user(user), contact=ADA, vehicle_plate=PLATE, remarks=NAME)
    plant_without_account(venue)
    # A connection names its file: two that live one after the other may be given one name.
    hers, his = get_connection(), get_connection()
    to = [f"{NAME} <{EMAIL.upper()}>"]
    EmailMessage("Hello", f"Dear {NAME}, …", to=to, connection=hers).send()
    EmailMessage("Yours", "Dear Bob", to=["bob@example.com"], connection=his).send()

    plant_money(Reservation.objects.filter(guest=user).earliest("pk"))
    plant_short_messages(user)
    plant_deliveries(Reservation.objects.filter(guest=user).first(), user)
    # Asked for and never opened.
    DataLink.objects.create(email=EMAIL, digest="d", asked_at=NOON)
    return user


def plant_deliveries(row: Reservation | None, user: User) -> None:
    """Letters, sent and waiting, a text, and a webhook with the whole reservation."""
    fat = f'{{"data":{{"id":"1","reservation":{{"first_name":"{NAME}","email":"{EMAIL}"}}}}}}'
    drafts: tuple[dict[str, Any], ...] = (
        {"channel": "mail", "to": EMAIL, "reservation": row, "done_at": NOON},
        {"channel": "mail", "to": EMAIL, "lane": EMAIL, "user": user},
        {"channel": "sms", "to": PHONE, "user": user, "data": {"name": NAME}},
        {"channel": "webhook", "to": "1", "reservation": row, "body": fat},
    )
    for number, fields in enumerate(drafts):
        key = f"{number}:{fields['to']}"
        made = Delivery.objects.create(
            kind="letter", dedupe=key, created_at=NOON, next_try_at=NOON, message_id=key, **fields
        )
        said = f"550 no such user: {fields['to']}"
        Attempt.objects.create(delivery=made, at=NOON, took_ms=1, outcome="retry", detail=said)


def plant_money(row: Reservation) -> None:
    """A payment and a refund, with what somebody typed."""
    taken = Taken(method=Method.VOUCHER, amount_minor=9, reference=NAME)
    # Not by the caller who erases: what that one did is blanked with the person.
    clerk = callers.system("clerk")
    recording.record(row.pk, taken, by=clerk)
    recording.give_back(row.pk, amount_minor=4, reason=f"for {NAME}", by=clerk)
    checkout = Checkout.objects.create(
        provider="fake",
        purpose="guarantee",
        amount_minor=0,
        currency=row.currency,
        state=CheckoutState.CAPTURED,
        return_url=f"https://example.com/?guest={NAME}",
        consent_address="2001:db8::ada",
        created_at=NOON,
    )
    card = {"method": Method.CARD, "state": State.AUTHORISED, "amount_minor": 0, "at": NOON}
    Payment.objects.create(reservation=row, checkout=checkout, currency=row.currency, **card)


def plant_short_messages(user: User) -> None:
    row = Reservation.objects.filter(guest=user).first()
    of_stay = Delivery(pk=1, channel="sms", reservation=row, to=PHONE)
    message_files.write(of_stay, to=PHONE, text="See you at noon.")
    of_person = Delivery(pk=2, channel="chat", user=user)
    message_files.write(of_person, to="a space", text=f"{NAME}, come and park.")


def plant_without_account(venue: Venue) -> None:
    """Booked by the desk and by a partner, whose answer is kept for a repeat."""
    row = hold(venue, NOON + DAY, by=DESK, contact=ADA, occasion=f"{NAME}'s birthday"[:20])
    Event.objects.filter(reservation=row).update(data={"override_reason": f"for {NAME}"})
    body = sitting(venue, first_name=NAME, last_name=NAME, phone=PHONE, email=EMAIL.title())
    acme = partner(PartnerFactory.create(venues=[venue]))
    assert acme.post("/reservations", body, Idempotency_Key="k").status_code == 201
    assert StoredAnswer.objects.filter(body__contains=NAME, guest=None).exists()


def plant_session(user: User | None) -> None:
    browser = Browser()
    if user is not None:
        browser.force_login(user, backend="config.page_log_in.HeldBack")
    session = browser.session
    session["asked_for"] = EMAIL
    session.save()


PLANTED_IN = {
    "account.EmailAddress",
    "admin.LogEntry",
    "guests.Client",
    "guests.PracticeClient",
    "guests.Review",
    "guests.User",
    "notices.Attempt",
    "notices.Delivery",
    "payments.Checkout",
    "payments.Payment",
    "payments.Refund",
    "reservations.DataLink",
    "reservations.Event",
    "reservations.Reservation",
    "reservations.StoredAnswer",
    "socialaccount.SocialAccount",
}
"""The tables that `plant` writes a name, an address or a number into. Plant into each new one."""

_NOBODY = "holds nothing of a person"
_KEYS = "holds ids, instants and digests; goes with the account"
_VENUES = "holds what a venue or a partner says of itself"

EXCUSED = {
    "account.EmailConfirmation": "not used: addresses are proven by links to data and by providers",
    "auth.Group": _NOBODY,
    "auth.Group_permissions": _NOBODY,
    "auth.Permission": _NOBODY,
    "contenttypes.ContentType": _NOBODY,
    "guests.Favourite": _KEYS,
    "notices.ErasureNotice": "holds the id of a stay and an instant, and goes with the guest",
    "payments.Entry": "the ledger stays, and holds amounts, accounts and who acted by id",
    "payments.Document": "the law asks for the name until its term ends; a test below sees to it",
    "payments.Series": _VENUES,
    "payments.Posted": "holds ids",
    "payments.TillCount": _VENUES,
    "payments.FakeCharge": "stands in for a provider: venues, dates and amounts, and no name",
    "payments.FakeRefund": _NOBODY,
    "payments.ProviderEvent": "holds ids at the provider, and goes after 90 days",
    "guests.Partner": _VENUES,
    "guests.PartnerKey": _VENUES,
    "guests.Partner_venues": _VENUES,
    "guests.RefreshToken": _KEYS,
    "guests.Tally": "holds digests",
    "guests.VenueRole": _KEYS,
    "notices.DeliveryCount": _NOBODY,
    "notices.Export": "holds ids; its file is deleted (tests/notices/test_exports.py)",
    "hooks.Endpoint": _VENUES,
    "hooks.Endpoint_venues": _VENUES,
    "hooks.EndpointSecret": _VENUES,
    "hooks.FeedEntry": "holds thin bodies: facts of reservations, and nothing of a person",
    "hooks.FeedGap": _VENUES,
    "hooks.Subscriber": _VENUES,
    "notices.OptOut": "holds keyed digests: who wants no letters is left alone for good",
    "notices.Suppression": "holds keyed digests, and an answer without the address",
    "notices.Template": "holds the words of a venue for all of its guests",
    "notices.ToldOnce": _KEYS,
    "reservations.AccessRecord": "holds ids, and goes after 90 days",
    "reservations.Allocation": _NOBODY,
    "sessions.Session": "encoded: `plant_session` plants one, and browsers are counted",
    "socialaccount.SocialApp": _VENUES,
    "socialaccount.SocialToken": "not stored (SOCIALACCOUNT_STORE_TOKENS)",
    "venues.Category": _VENUES,
    "venues.Combination": _VENUES,
    "venues.Combination_resources": _VENUES,
    "venues.Extra": _VENUES,
    "venues.Opening": _VENUES,
    "venues.PaymentTerm": _VENUES,
    "venues.Policy": _VENUES,
    "venues.Provider": _VENUES,
    "venues.Rate": _VENUES,
    "venues.Reminder": _VENUES,
    "venues.Resource": _VENUES,
    "venues.TaxRule": _VENUES,
    "venues.Venue": _VENUES,
}
"""The tables into which `plant` writes nothing, each with the reason."""


def found(where: str) -> list[str]:
    return [word for word in PLANTED if word in where.lower()]


def everything(letters: Path) -> str:
    """Every table, every letter and, embedded, every byte of the database's files."""
    texts = [dump(), *(file.read_text(encoding="utf-8") for file in letters.glob("*"))]
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        files = [Path(name), Path(f"{name}-wal")]
        texts += [file.read_bytes().decode("latin-1") for file in files if file.exists()]
    return "\n".join(texts)


def test_who_erases_their_account_is_nowhere(venue: Venue, letters: Path) -> None:
    user = plant(venue)
    assert found(everything(letters)) == list(PLANTED)
    assert person(user).send("DELETE", "/me").status_code == 204
    assert found(everything(letters)) == []
    assert Reservation.objects.filter(first_name="Erased").count() == 3
    assert not Reservation.objects.filter(cancelled_at=None).exists()
    assert [file.read_text().count("bob@") for file in letters.iterdir()] == [1]


@pytest.mark.parametrize("kind", ["restaurant", "hotel"])
def test_money_names_nobody_by_the_id_of_an_account(
    kind: str, settings: Settings, letters: Path
) -> None:
    settings.PAYMENTS = {"fake": {"class": "payments.providers.fake.Fake"}}
    user = UserFactory.create(email=EMAIL)
    by = callers.for_user(user)
    first = NOON.date() + timedelta(days=9)
    nights: dict[str, Any] = {}
    if kind == "hotel":
        nights["times"] = Times(check_in=first, check_out=first + DAY)
    venue = make_venue(kind, confirms_at_once=False, cancel_fee_percent=0, horizon=None)
    row = held(venue, by=by, **nights)
    opened = cards.begin(row, by=by)
    cards.press(opened)
    assert cards.settle(opened) == "captured"
    invoices.issue(row.pk, by=by)
    actions.cancel(reservation_id=row.pk, by=by)
    posting.post_waiting()
    assert Refund.objects.exists() and Entry.objects.exists() and Document.objects.exists()
    assert person(user).send("DELETE", "/me").status_code == 204
    assert not re.findall(rf".*\buser:{user.pk}\b.*", dump())


def test_each_table_is_planted_or_excused(venue: Venue) -> None:
    """A new table fails here until `plant` writes to it, or it is excused with a reason."""
    plant(venue)
    tables = {
        model._meta.db_table: model._meta.label
        for model in apps.get_models(include_auto_created=True)
    }
    planted = {
        tables[line.split(" ")[0]]
        for line in dump().splitlines()
        if line.split(" ")[0] in tables and found(line)
    }
    assert planted == PLANTED_IN
    assert not PLANTED_IN & set(EXCUSED)
    assert set(tables.values()) ^ (PLANTED_IN | set(EXCUSED)) == set()


def test_who_never_had_an_account_is_nowhere(venue: Venue, letters: Path) -> None:
    plant_without_account(venue)
    plant_session(None)
    erasure.erase(subjects.of_email(EMAIL.upper()), by=DESK)
    assert found(everything(letters)) == []


def test_a_preview_counts_what_erasing_then_does(venue: Venue) -> None:
    plant(venue)
    found_by_both = subjects.search(email=EMAIL, phone=PHONE)
    expected = erasure.preview(found_by_both)
    assert found(dump()) == list(PLANTED)
    counts = dict(erasure.erase(found_by_both, by=DESK))
    # What is to come is cancelled by an event of its own.
    assert counts.pop("events") - expected.pop("events") in (0, 3)
    assert counts == expected
    assert counts["reservations"] == 3 and counts["browsers"] == 2 and counts["accounts"] == 1
    assert counts["letters in files"] == 3


def test_a_stay_that_is_open_keeps_all_of_it(venue: Venue) -> None:
    user = plant(venue)
    rows = Reservation.objects.filter(guest=None)
    rows.update(checked_in_at=NOON - DAY, starts_at=NOON - DAY, ends_at=NOON)
    before = dump()
    with pytest.raises(OpenStay):
        erasure.erase(subjects.of_email(EMAIL), by=DESK)
    assert dump() == before
    assert User.objects.filter(pk=user.pk).exists()


def test_an_address_that_was_never_proven_finds_nothing_to_come(venue: Venue) -> None:
    """Anybody can sign up with the address of somebody else."""
    theirs = hold(venue, contact=ADA)
    over = hold(venue, NOON + DAY, contact=ADA)
    Reservation.objects.filter(pk=over.pk).update(cancelled_at=NOON)
    stranger = UserFactory.create(email=EMAIL, phone=PHONE)
    told: Any = person(stranger).get("/me/export").json()
    assert told["reservations"] == []
    assert person(stranger).send("DELETE", "/me").status_code == 204
    theirs.refresh_from_db()
    over.refresh_from_db()
    assert (theirs.first_name, theirs.cancelled_at) == (NAME, None)
    assert over.first_name == "Erased"


def test_a_phone_number_alone_finds_nothing_that_has_an_address(venue: Venue) -> None:
    """Anybody can book with the number of somebody else, and then knows a code."""
    theirs = hold(venue, contact=ADA)
    bare = hold(venue, NOON + DAY, contact=Contact(first_name=NAME, last_name=NAME, phone=PHONE))
    mine = hold(venue, NOON + 2 * DAY, contact=ADA)
    rows = subjects.of_reservation(mine).reservations()
    assert set(rows.values_list("pk", flat=True)) == {bare.pk, mine.pk}
    assert theirs.pk not in rows.values_list("pk", flat=True)


def test_the_export_holds_all_of_it(venue: Venue) -> None:
    user = plant(venue)
    told = person(user).get("/me/export").json()
    assert told["addresses"] == [{"email": EMAIL, "verified": True, "primary": True}]
    (client,) = told["clients"]
    assert (client["email"], client["phone"]) == (EMAIL, PHONE)
    assert len(told["sessions"]) == 1
    assert len(told["reservations"]) == 3
    history = [event["name"] for event in told["reservations"][0]["history"]]
    assert history[:2] == ["reservation.created", "reservation.confirmed"]
    assert told["reservations"][1]["history"][0]["data"] == {"override_reason": f"for {NAME}"}


def test_whose_rows_are_others_stay(venue: Venue) -> None:
    other = hold(venue, contact=Contact(first_name="Bob", last_name="Byron", phone=PHONE))
    plant(venue)
    erasure.erase(subjects.of_email(EMAIL), by=Caller(kind="system", name="test"))
    other.refresh_from_db()
    assert (other.first_name, other.cancelled_at) == ("Bob", None)
    assert mail.outbox == []
