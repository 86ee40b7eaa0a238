"""What letters say, and the invitations in them, whoever acts and by whichever way."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override
from freezegun.api import FrozenDateTimeFactory
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TransactionTestCase
from pytest_django import Settings

from config import outbox
from guests.callers import Caller, for_user
from guests.models import Partner, User
from notices import batches, claims, sent, standing, suppressions
from notices.channels import Result
from notices.letters import (
    composition,
    kinds,
    placeholders,
    reservation_facts,
    shipped,
    short_text,
    templates,
)
from notices.mail import messages
from notices.mail.composers import Letter
from notices.models import Delivery
from notices.models.delivery import Channel
from reservations import actions, sweeps
from reservations.models import Reservation
from reservations.requests import Change, Contact, Times
from reservations.status import Status
from tests.factories import DESK, NOON, make_venue
from tests.guests.factories import UserFactory
from tests.notices import letters
from tests.notices.letters import ADA, entry_of, told
from tests.web.browsing import book
from venues.models import Resource, Venue

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _time(clock: FrozenDateTimeFactory) -> None:
    """Time stands still in each of these."""


def later(row: Reservation, hours: int) -> Times:
    return Times(starts_at=NOON + hours * HOUR, ends_at=NOON + (hours + 2) * HOUR)


# The three ways to act: as the guest, as the desk, and as a partner.


def as_guest() -> Caller:
    user = User.objects.create_user("ada@example.com", first_name="Ada", last_name="Lovelace")
    return Caller(kind="guest", name=f"user:{user.pk}", user_id=user.pk)


def as_desk() -> Caller:
    return DESK


def as_partner() -> Caller:
    Partner.objects.create(slug="agency", name="Agency")
    return Caller(kind="partner", name="partner:agency", partner="agency", venue_ids=None)


@pytest.mark.parametrize("who", [as_guest, as_desk, as_partner])
def test_the_calendar_entry_is_made_moves_and_goes(who: Callable[[], Caller]) -> None:
    venue, by = make_venue("parking"), who()
    row = letters.hold(venue, by=by)
    found = told()
    actions.modify(reservation_id=row.pk, change=Change(times=later(row, 3)), by=by)
    found += told()
    actions.cancel(reservation_id=row.pk, by=by)
    found += told()
    entries = [entry for letter in found if (entry := entry_of(letter))]
    assert [method for method, _ in entries] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [event for _, event in entries]
    assert {event["UID"] for event in events} == {f"{row.code}@holdfast"}
    versions = [event["SEQUENCE"] for event in events]
    assert versions == sorted(set(versions))
    assert versions[-1] == Reservation.objects.get(pk=row.pk).version
    assert [event["STATUS"] for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert events[1]["DTSTART"].dt == NOON + 3 * HOUR
    ours = f"mailto:{messages.sender_address()}"
    assert {str(event["ORGANIZER"]) for event in events} == {ours}
    assert {letter["From"].addresses[0].addr_spec for letter in found} == {ours[7:]}
    for event in events:
        guest = event["ATTENDEE"]
        assert str(guest) == "mailto:ada@example.com"
        assert (guest.params["PARTSTAT"], guest.params["RSVP"]) == ("ACCEPTED", "FALSE")
        assert event["DTSTART"].to_ical().endswith(b"Z")


def test_a_booking_on_the_pages_is_confirmed_by_letter(clock: FrozenDateTimeFactory) -> None:
    venue = make_venue("restaurant", horizon=None)
    client = Client(headers={"accept-language": "nl"})
    row = book(client, venue, email="ada@example.com")
    assert told() == []
    client.post(f"/reservations/{row.code}/confirm/")
    (letter,) = told()
    assert letter["Subject"].startswith("Bevestigd: Test venue, maandag 1 maart 2027")
    assert f"/reservations/{row.code}/" in letters.text_of(letter)
    clock.tick(timedelta(minutes=2))
    client.post(f"/reservations/{row.code}/cancel/")
    assert [entry[0] for entry in map(entry_of, told()) if entry] == ["CANCEL"]


# What a letter says.


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_text_of_each_letter(
    language: str, clock: FrozenDateTimeFactory, settings: Settings
) -> None:
    """Compares with tests/notices/said, which WRITE_SAID=1 writes anew."""
    settings.SMS_TO_FILES, settings.SMS = True, None
    found = [*_of_a_hotel(language, clock), *_of_a_restaurant(language, clock)]
    texts = Delivery.objects.filter(channel="sms").order_by("pk")
    assert set(texts.values_list("outcome", flat=True)) == {"sent"}
    said = "\n\n=====\n\n".join(found) + "\n"
    path = Path(__file__).parent / "said" / f"{language}.txt"
    if os.environ.get("WRITE_SAID"):
        path.write_text(said)
    assert said == path.read_text()


def _of_a_hotel(language: str, clock: FrozenDateTimeFactory) -> Iterator[str]:
    venue = make_venue(
        "hotel",
        units=2,
        unit_choice="venue",
        cancel_deadline=timedelta(days=2),
        cancel_fee_percent=50,
    )
    Venue.objects.filter(pk=venue.pk).update(
        name="Harbour Hotel",
        address="Quay 1",
        city="Amsterdam",
        time_zone="Europe/Amsterdam",
        language=language,
        email="desk@hotel.example",
        receives_notices=True,
    )
    row = letters.hold(venue, times=_nights(), contact=replace(ADA, receive_text_notification=True))
    actions.confirm(reservation_id=row.pk, by=DESK)
    yield from _said(row)
    longer = Times(check_in=NOON.date(), check_out=NOON.date() + timedelta(days=3))
    actions.modify(reservation_id=row.pk, change=Change(times=longer), by=DESK)
    yield from _said(row)
    other = Resource.objects.filter(venue=venue).exclude(allocations__reservation=row).get()
    fixed = Change(resource=other.pk, override_reason="a quiet one")
    actions.modify(reservation_id=row.pk, change=fixed, by=DESK)
    yield from _said(row)
    clock.tick(timedelta(days=8))
    actions.cancel(reservation_id=row.pk, by=DESK)
    yield from _said(row)
    actions.reinstate(reservation_id=row.pk, reason="by mistake", by=DESK)
    yield from _said(row)


def _of_a_restaurant(language: str, clock: FrozenDateTimeFactory) -> Iterator[str]:
    venue = make_venue("restaurant", horizon=None)
    Venue.objects.filter(pk=venue.pk).update(
        name="Bistro", language=language, tells_holds=True, tells_expiries=True
    )
    row = letters.hold(venue)
    yield from _said(row)
    clock.tick(HOUR)
    sweeps.expire_holds()
    yield from _said(row)


def _said(row: Reservation) -> Iterator[str]:
    for letter in told():
        text = letters.text_of(letter).replace(row.code, "CODE").replace("\u00a0", " ")
        text = re.sub(r"/reservation/[0-9]+/", "/reservation/ID/", text.replace("\r\n", "\n"))
        yield f"To: {letter['To']}\nSubject: {letter['Subject']}\n\n{text.strip()}"


def test_a_guest_elsewhere_reads_their_own_clock_beside() -> None:
    user = User.objects.create_user("ada@example.com")
    User.objects.filter(pk=user.pk).update(time_zone="America/New_York")
    by = Caller(kind="guest", name=f"user:{user.pk}", user_id=user.pk)
    letters.hold(make_venue("parking"), by=by)
    (letter,) = told()
    assert "07:00 – 09:00 (New York time)" in letters.text_of(letter)


HOSTILE = Contact(
    first_name='"<b>A',
    last_name="{{code}}",
    phone="+31201234567",
    email="ada@example.com",
)


def test_a_hostile_name_stays_a_name() -> None:
    venue = make_venue("parking")
    Venue.objects.filter(pk=venue.pk).update(
        name='Lot "7"\r\nBcc: all@example.com <script>alert(1)</script>',
        email="desk@example.com",
        receives_notices=True,
    )
    row = letters.hold(venue, contact=HOSTILE, remarks="a\nATTENDEE:mailto:x@example.com")
    Reservation.objects.filter(pk=row.pk).update(last_name='"\r\nX:{{code}}')
    for letter in told():
        assert letter["Bcc"] is None
        assert len(letter["To"].addresses) == 1
        html = letters.parts(letter)["text/html"].get_content()
        assert "<script" not in html
        assert "<b>" not in html
        entry = entry_of(letter)
        if entry:
            assert str(entry[1]["ATTENDEE"]) == "mailto:ada@example.com"
            assert "X" not in entry[1]
            assert not set('"\n') & set(entry[1]["ATTENDEE"].params["CN"])


def test_a_value_is_not_filled_again() -> None:
    assert placeholders.fill("{{ guest }}", {"guest": "{{ code }}", "code": "X"}) == "{{ code }}"


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_shipped_letter_uses_known_placeholders(kind: str, language: str) -> None:
    words = templates.shipped_words(kind, language)
    templates.judge(words.subject, words.text)
    assert set(shipped.SHIPPED) == set(shipped.TO_VENUE) == set(kinds.KINDS)
    if language == "nl":
        assert words.text != templates.shipped_words(kind, "en").text


@pytest.mark.parametrize("kind", kinds.KINDS)
@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_text_message_is_one_short_sentence_and_a_link(kind: str, language: str) -> None:
    row = letters.hold(make_venue("parking"), contact=HOSTILE)
    values = reservation_facts.values(reservation_facts.of(_read(row), NOON - timedelta(days=3)))
    with override(language):
        said = short_text.sentence(kind) % values
    assert "Test venue" in said
    assert len(said) < 160


def test_every_placeholder_has_a_value() -> None:
    row = letters.hold(make_venue("hotel", confirms_at_once=True), times=_nights())
    facts = reservation_facts.of(_read(row), NOON - timedelta(days=3))
    assert set(reservation_facts.values(facts)) == set(placeholders.PLACEHOLDERS)


def _nights() -> Times:
    return Times(check_in=NOON.date(), check_out=NOON.date() + timedelta(days=2))


def _read(row: Reservation) -> Reservation:
    rows = Reservation.objects.select_related("venue__policy", "category", "guest")
    return rows.get(pk=row.pk)


# What is told no more.


def test_a_confirmation_that_waits_is_dropped_once_it_is_cancelled() -> None:
    row = letters.hold(make_venue("parking"))
    actions.cancel(reservation_id=row.pk, by=DESK)
    found = told()
    assert letters.subjects(found)[0].startswith("Cancelled")
    assert len(found) == 1
    assert set(Delivery.objects.values_list("outcome", flat=True)) == {"superseded", "sent"}


def test_a_version_that_was_overtaken_is_superseded() -> None:
    row = letters.hold(make_venue("parking"))
    outbox.dispatch()
    actions.modify(reservation_id=row.pk, change=Change(times=later(row, 3)), by=DESK)
    outbox.dispatch()
    old, new = Delivery.objects.order_by("pk")
    assert isinstance(composition.compose(new), Letter)
    Delivery.objects.filter(pk=new.pk).update(outcome="sent")
    refused = composition.compose(old)
    assert isinstance(refused, Result)
    assert refused.outcome == "superseded"
    assert Reservation.objects.get(pk=row.pk).notified_version == new.version


def test_without_the_version_an_old_letter_would_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(standing, "judge", lambda _: None)
    row = letters.hold(make_venue("parking"))
    outbox.dispatch()
    actions.modify(reservation_id=row.pk, change=Change(times=later(row, 3)), by=DESK)
    outbox.dispatch()
    old, new = Delivery.objects.order_by("pk")
    assert isinstance(composition.compose(new), Letter)
    assert isinstance(composition.compose(old), Letter)


class InAnyOrder(TransactionTestCase):
    """A guest is never told twice of one event, nor of an older version after a newer one."""

    @given(
        acts=st.lists(st.sampled_from(["later", "cancel", "reinstate"]), max_size=5),
        order=st.randoms(use_true_random=False),
        together=st.booleans(),
    )
    @settings(max_examples=25, deadline=None)
    def test_a_guest_is_never_told_twice_or_backwards(
        self, acts: list[str], order: Any, together: bool
    ) -> None:
        Delivery.objects.all().delete()
        row = letters.hold(make_venue("parking"))
        for number, act in enumerate(acts):
            _act(row, act, number)
            if not together:
                outbox.dispatch()
        outbox.dispatch()
        waiting = list(Delivery.objects.waiting().filter(reservation=row))
        order.shuffle(waiting)
        heard: list[tuple[int, int]] = []
        for each in [*waiting, *order.sample(waiting, len(waiting))]:
            fresh = Delivery.objects.get(pk=each.pk)
            if fresh.done_at:
                continue
            composed = composition.compose(fresh)
            outcome = "sent" if isinstance(composed, Letter) else composed.outcome
            if outcome == "sent":
                heard.append((fresh.version or 0, fresh.event_id or 0))
            if outcome != "retry":
                Delivery.objects.filter(pk=each.pk).update(outcome=outcome, done_at=NOON)
        assert heard == sorted(heard)
        assert len({event for _, event in heard}) == len(heard)
        assert heard, "the last one is always told"


def _act(row: Reservation, act: str, number: int) -> None:
    status = Reservation.objects.get(pk=row.pk).status_at(NOON - timedelta(days=9))
    if act == "later" and status is Status.UPCOMING:
        change = Change(times=later(row, number + 1))
        actions.modify(reservation_id=row.pk, change=change, by=DESK)
    elif act == "cancel" and status is Status.UPCOMING:
        actions.cancel(reservation_id=row.pk, by=DESK)
    elif act == "reinstate" and status is Status.CANCELLED:
        actions.reinstate(reservation_id=row.pk, reason="again", by=DESK)


def test_nothing_is_sent_with_notices_switched_off(settings: Settings) -> None:
    settings.NOTICES = False
    letters.hold(make_venue("parking"))
    outbox.dispatch()
    assert batches.send_batch() == 0
    assert Delivery.objects.waiting().count() == 1


# Two batches at the same moment.


def _two_waiting() -> tuple[Delivery, Delivery]:
    """An earlier and a later delivery of one version, each claimed by a batch of its own."""
    row = letters.hold(make_venue("parking"))
    actions.modify(reservation_id=row.pk, change=Change(times=later(row, 3)), by=DESK)
    outbox.dispatch()
    found = []
    for by in ("one", "two"):
        (claimed,) = claims.claim(by=by, only=["mail"], most=1)
        found.append(claimed)
    assert found[0].version == found[1].version
    return found[0], found[1]


def test_the_later_letter_waits_for_the_one_that_is_being_sent() -> None:
    _earlier, after = _two_waiting()
    result = composition.compose(after)
    assert isinstance(result, Result)
    assert result.outcome == "retry"


def test_the_earlier_letter_gives_way_to_a_later_one_in_flight() -> None:
    earlier, _after = _two_waiting()
    result = composition.compose(earlier)
    assert isinstance(result, Result)
    assert result.outcome == "superseded"


def test_a_claim_that_ended_with_its_batch_holds_nobody_back(clock: FrozenDateTimeFactory) -> None:
    _earlier, after = _two_waiting()
    clock.tick(claims.LEASE)
    assert isinstance(composition.compose(after), Letter)


def test_what_others_were_told_does_not_supersede_the_guests_letter() -> None:
    """A confirmation that the mail server put off must not be lost to the venue's own copy."""
    venue = make_venue("parking")
    Venue.objects.filter(pk=venue.pk).update(email="desk@example.com", receives_notices=True)
    row = letters.hold(venue)
    outbox.dispatch()
    actions.modify(reservation_id=row.pk, change=Change(times=later(row, 3)), by=DESK)
    outbox.dispatch()
    newest = Delivery.objects.filter(to="desk@example.com").latest("pk")
    assert isinstance(composition.compose(newest), Letter)
    guests = Delivery.objects.filter(to="ada@example.com").latest("pk")
    assert isinstance(composition.compose(guests), Letter)


def test_sent_again_it_is_told_whatever_was_told_since() -> None:
    row = letters.hold(make_venue("parking"))
    told()
    actions.modify(reservation_id=row.pk, change=Change(times=later(row, 3)), by=DESK)
    told()
    first = Delivery.objects.earliest("pk")
    assert sent.send_again(first)
    (again,) = told()
    entry = entry_of(again)
    assert entry is not None
    assert entry[1]["SEQUENCE"] == Reservation.objects.get(pk=row.pk).version


def test_a_guest_whose_address_is_their_accounts_can_be_sent_it_again() -> None:
    user = UserFactory.create(email="grace@example.com")
    bare = replace(ADA, email="")
    row = letters.hold(make_venue("parking"), by=for_user(user), contact=bare)
    assert [letter["To"] for letter in told()] == ["grace@example.com"]
    suppressions.suppress(Channel.MAIL, user.email, reason="550 unknown")
    assert sent.why_no_letter_arrives(_read(row)) == "550 unknown"
    assert sent.send_again(Delivery.objects.get())
    assert [letter["To"] for letter in told()] == ["grace@example.com"]
