"""A group is paid by one payment: placed late as a whole, given back by parts, told each their own.

The parts of its members always add up to what the provider captured, less what it gave back.
"""

import random
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from api.live import messages
from guests.callers import Caller
from payments import checkouts, doctor, folio, posting, recording
from payments.documents import lookup
from payments.models import Checkout, CheckoutState, Document, RefundState
from payments.providers.fake import Fake
from payments.refunds import card_refunds
from reservations import actions, clock
from reservations import sweeps as engine
from reservations.errors import PaymentRequired
from reservations.models import Event, Reservation
from reservations.status import Status
from tests.api.calling import Api, person
from tests.effort import examples
from tests.factories import DESK, booking, hold
from tests.guests.factories import UserFactory
from tests.payments.cards import PRICE, fresh, guest_of, press, settle, table
from tests.reservations.facts import guest
from venues.models import Resource, Venue

pytestmark = pytest.mark.django_db(transaction=True)


def restaurant(units: int = 3, **policy: Any) -> Venue:
    venue = table(**policy)
    category = venue.categories.get()
    for number in range(2, units + 1):
        Resource.objects.create(venue=venue, category=category, name=f"T{number}", capacity=4)
    return venue


def group(venue: Venue, count: int = 2) -> list[Reservation]:
    """Holds of one group, each of which asks for its price first."""
    rows = actions.hold_group(bookings=[booking(venue)] * count, by=DESK)
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(due_now_minor=PRICE)
    return [fresh(row) for row in rows]


def begin_for(rows: list[Reservation], *, by: Caller = DESK) -> Checkout:
    assert rows[0].group_id
    return checkouts.open_group(rows[0].group_id, by=by).checkout


def lapse(rows: list[Reservation], frozen: FrozenDateTimeFactory) -> None:
    ends = [fresh(row).hold_expires_at for row in rows]
    frozen.move_to(max(end for end in ends if end))


def statuses(rows: list[Reservation]) -> set[Status]:
    return {fresh(row).status_at(clock.now()) for row in rows}


def agree(checkout: Checkout) -> None:
    """Parts, ledger and provider agree on what was captured and given back."""
    charge = Fake().read(checkout.ref)
    left = charge.captured_minor - charge.refunded_minor
    parts = checkout.payments.select_related("reservation")
    assert sum(part.reservation.paid_minor for part in parts) == left
    assert list(doctor.differences()) == []
    if left:
        assert all(part.reservation.confirmed_at for part in parts)


@pytest.mark.parametrize("is_swept", [False, True], ids=["unswept", "swept"])
def test_a_group_whose_time_is_free_is_placed_late(
    frozen: FrozenDateTimeFactory, *, is_swept: bool
) -> None:
    rows = group(restaurant())
    checkout = begin_for(rows)
    press(checkout, "late")
    lapse(rows, frozen)
    if is_swept:
        engine.expire_holds()
    frozen.tick(timedelta(minutes=2))
    assert settle(checkout) == "captured"
    assert statuses(rows) == {Status.UPCOMING}
    assert {fresh(row).price_minor for row in rows} == {PRICE}
    agree(checkout)


def test_a_group_is_placed_late_on_other_units_of_its_category(
    frozen: FrozenDateTimeFactory,
) -> None:
    venue = restaurant(units=3)
    rows = group(venue)
    checkout = begin_for(rows)
    press(checkout, "late")
    lapse(rows, frozen)
    other = hold(venue, by=guest())
    frozen.tick(timedelta(minutes=2))
    assert settle(checkout) == "captured"
    assert statuses(rows) == {Status.UPCOMING}
    agree(checkout)
    units = Resource.objects.filter(allocations__is_live=True).values_list("pk", flat=True)
    assert len(set(units)) == 3
    assert fresh(other).status_at(clock.now()) is Status.HELD


@pytest.mark.parametrize("at_once", [False, True], ids=["a card", "taken at once"])
def test_of_a_group_of_which_one_has_no_place_nothing_is_kept(
    frozen: FrozenDateTimeFactory, settings: Any, *, at_once: bool
) -> None:
    settings.PAYMENTS = {"fake": {"class": "payments.providers.fake.Fake", "at_once": at_once}}
    venue = restaurant(units=2)
    rows = group(venue)
    checkout = begin_for(rows)
    press(checkout, "late", at_once=at_once)
    lapse(rows, frozen)
    other = hold(venue, by=guest())
    frozen.tick(timedelta(minutes=2))
    assert settle(checkout) == ("refunded" if at_once else "voided")
    assert statuses(rows) == {Status.EXPIRED}
    assert not any(fresh(row).paid_minor for row in rows)
    assert fresh(other).status_at(clock.now()) is Status.HELD
    agree(checkout)


def test_a_group_with_a_cancelled_member_is_not_placed_late(frozen: FrozenDateTimeFactory) -> None:
    rows = group(restaurant())
    checkout = begin_for(rows)
    press(checkout, "late")
    actions.cancel(reservation_id=rows[0].pk, by=DESK)
    lapse(rows[1:], frozen)
    frozen.tick(timedelta(minutes=2))
    assert settle(checkout) == "voided"
    assert statuses(rows) == {Status.CANCELLED, Status.EXPIRED}
    agree(checkout)


@pytest.mark.parametrize("seed", range(examples(12)))
def test_refunds_of_members_add_up_to_what_was_captured(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randrange(2, 5)
    rows = group(restaurant(units=count), count)
    for row in rows:
        price = chance.randrange(1, 9_999)
        Reservation.objects.filter(pk=row.pk).update(price_minor=price, due_now_minor=price)
    checkout = begin_for(rows)
    assert checkout.amount_minor == sum(fresh(row).price_minor for row in rows)
    press(checkout)
    assert settle(checkout) == "captured"
    receipt = Document.objects.get()
    assert sum(line["amount_minor"] for line in receipt.lines) == checkout.amount_minor
    assert receipt.group_id == rows[0].group_id
    agree(checkout)
    for row in chance.sample(rows, chance.randrange(1, count + 1)):
        if chance.random() < 0.5:
            part = chance.randrange(1, fresh(row).paid_minor + 1)
            recording.give_back(row.pk, amount_minor=part, reason="x", by=DESK)
        if chance.random() < 0.7:
            actions.cancel(reservation_id=row.pk, by=DESK)
    if chance.random() < 0.3:
        actions.cancel_group(group_id=receipt.group_id or uuid4(), by=DESK)
    for row in rows:
        posting.post_now(row.pk)
    card_refunds.settle_waiting()
    card_refunds.send_waiting()
    for row in map(fresh, rows):
        told = folio.of(row, clock.now())
        back = sum(one.amount_minor for one in row.refunds.filter(state=RefundState.REFUNDED))
        assert row.paid_minor == told.paid_minor == row.price_minor - back
        if row.cancelled_at:
            assert row.paid_minor == row.fee_due_minor or not row.refunds.exists()
    charge = Fake().read(checkout.ref)
    captured = sum(part.amount_minor for part in checkout.payments.all())
    assert captured == charge.captured_minor
    assert charge.refunded_minor <= charge.captured_minor
    assert list(doctor.differences()) == []


@pytest.fixture
def members() -> tuple[Api, Api, list[Reservation]]:
    """Who booked a group and pays, a member of it, and both reservations; the member's is second.

    Each is seen by its own guest; who booked has proven that both are theirs.
    """
    rows = group(restaurant())
    booked, member = UserFactory.create(), UserFactory.create()
    Reservation.objects.filter(pk=rows[0].pk).update(guest=booked)
    Reservation.objects.filter(pk=rows[1].pk).update(guest=member, due_now_minor=300)
    return person(booked), person(member), [fresh(row) for row in rows]


def payer_of(rows: list[Reservation]) -> Caller:
    return Caller(kind="guest", name="guest", proven=frozenset(row.pk for row in rows))


@pytest.mark.parametrize("outcome", ["", "pay"], ids=["open", "under way"])
def test_a_member_is_told_of_their_own_share_alone(
    members: tuple[Api, Api, list[Reservation]], monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    _, api, rows = members
    checkout = begin_for(rows, by=payer_of(rows))
    first, second = checkout.payments.order_by("pk")
    refused = api.post(f"/reservations/{rows[1].pk}/confirm").json()
    assert refused["code"] == "payment_required"
    assert refused["pay_url"].endswith(f"/reservations/{rows[1].code}/")
    if outcome:
        Checkout.objects.filter(pk=checkout.pk).update(state=CheckoutState.AUTHORISED)
    for path in (f"/reservations/{rows[1].pk}/payments", f"/groups/{rows[1].group_id}/payments"):
        body = api.post(path, {"method": "card"}).json()
        assert body["amount"]["amount"] == "3.00"
        said = str(body) + str(api.get(f"/reservations/{rows[1].pk}/payments").json())
        assert folio.payment_id(first) not in said and "13.00" not in said
        if outcome:
            assert body["id"] == folio.payment_id(second)
            assert body["pay_url"].endswith(f"/reservations/{rows[1].code}/")
            assert checkout.ref not in said and checkout.key not in said
    assert api.get(f"/reservations/{rows[0].pk}/payments").status_code == 404


def test_who_pays_sees_the_group(members: tuple[Api, Api, list[Reservation]]) -> None:
    _, _, rows = members
    opened = checkouts.open_group(rows[0].group_id or uuid4(), by=payer_of(rows))
    assert (opened.amount_minor, opened.page) == (PRICE + 300, opened.checkout.url)
    with pytest.raises(PaymentRequired):
        actions.confirm_group(group_id=rows[0].group_id or uuid4(), by=payer_of(rows))
    assert checkouts.pay_url(rows[1].pk, by=payer_of(rows)) == opened.checkout.url
    assert checkouts.pay_url(rows[1].pk, by=guest_of(rows[1])).endswith(f"/{rows[1].code}/")


def test_a_member_who_pays_alone_has_a_receipt_of_their_own(
    members: tuple[Api, Api, list[Reservation]],
) -> None:
    _, _, rows = members
    by = guest_of(rows[1])
    opened = checkouts.open_group(rows[1].group_id or uuid4(), by=by)
    press(opened.checkout)
    assert settle(opened.checkout) == "captured"
    (receipt,) = lookup.visible(by, Document.objects.all())
    assert (receipt.reservation_id, receipt.group_id) == (rows[1].pk, None)
    assert not lookup.visible(guest_of(rows[0]), Document.objects.all())


def test_the_page_of_a_member_leads_to_no_payment_of_the_group(
    client: Client, members: tuple[Api, Api, list[Reservation]]
) -> None:
    _, _, rows = members
    checkout = begin_for(rows, by=payer_of(rows))
    for row in rows:
        client.post("/reservations/find/", {"code": row.code, "phone": row.phone})
        page = client.get(f"/reservations/{row.code}/?paid=1").content.decode()
        assert checkout.url not in page
        assert "13.00" not in page
        client.cookies.clear()
    for row in rows:
        client.post("/reservations/find/", {"code": row.code, "phone": row.phone})
    assert checkout.url in client.get(f"/reservations/{rows[1].code}/?paid=1").content.decode()


def test_boards_hear_nothing_of_money() -> None:
    rows = group(restaurant())
    checkout = begin_for(rows)
    press(checkout)
    settle(checkout)
    paid = Event.objects.filter(name__startswith="payment.")
    assert paid.count() == 2
    assert not any(messages.words([one.pk for one in paid], [rows[0].venue_id]).values())
    assert not any(map(messages.is_of_time, paid))
