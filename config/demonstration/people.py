"""The demonstration data: people, a partner, reviews and reservations at five venues."""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from config.demonstration import stays
from config.demonstration import venues as demonstration
from guests import accounts, keys
from guests.callers import system
from guests.models import Favourite, Partner, Review, User, VenueRole
from guests.scopes import SCOPES
from reservations import actions
from reservations.errors import Refusal
from reservations.requests import Booking, Contact, Times
from venues.models import Venue

DEMONSTRATION = system("demonstration")

_PEOPLE: tuple[tuple[str, str, str, str], ...] = (
    ("admin@holdfast.example", "administrator", "Alex", "Admin"),
    ("desk@holdfast.example", "manager", "Dana", "Desk"),
    ("driver1@parking.com", "guest", "Dora", "Driver"),
    ("driver2@parking.com", "guest", "David", "Driver"),
    ("guest@holdfast.example", "guest", "Grace", "Guest"),
    ("clerk@holdfast.example", "clerk", "Cleo", "Clerk"),
)
_REVIEWS = {
    ("Grace", "harbour-hotel"): "Woke up to ships going by. Breakfast is worth getting up for.",
    ("Dora", "harbour-hotel"): "Lovely room, though the lift takes its time.",
    ("Grace", "bistro-zuid"): "Came for lunch and stayed until four. Nobody minded.",
    ("David", "bistro-zuid"): "Small menu, everything on it good. Ask for the terrace.",
    ("Dora", "city-lot"): "Always a spot where the page said there was one.",
    ("David", "smart-parking"): "Two minutes to the train.",
    ("Grace", "practice-west"): "Seen on time, every time.",
}
_KNOWN_SECRETS = {"driver1@parking.com": "password123", "driver2@parking.com": "password123"}
_PARTNER = "demo-partner"


def load() -> dict[str, str]:
    """Loads the data unless it is there. Returns the secret of each log-in, in the order to show
    them.

    Secrets are letters and digits, generated at the first start and kept in DATA_DIR. {} if the
    data is there but its file is gone.
    """
    path = Path(settings.DATA_DIR) / "demonstration.json"
    if User.objects.filter(email=_PEOPLE[0][0]).exists():
        _ask_for_deposits(path)
        return _with_newer_people(_kept(path), path)
    log_ins = {email: _KNOWN_SECRETS.get(email) or _new_secret() for email, *_ in _PEOPLE}
    with transaction.atomic():
        venues = [
            demonstration.smart_parking(),
            demonstration.city_lot(),
            demonstration.harbour_hotel(),
            demonstration.bistro(),
            demonstration.practice(),
        ]
        _make_people(_PEOPLE, log_ins, venues)
        log_ins[_PARTNER] = _make_partner(venues)
        # Before the commit: data without known log-ins is of no use.
        _keep(path, log_ins)
    with _quick_commits():
        _make_reservations()
    # Afterwards: the stays of the demonstration were sold before the hotel asked for anything.
    _ask_for_deposits(path)
    return log_ins


def _ask_for_deposits(log_ins: Path) -> None:
    """Lets the hotel's suite ask for a deposit, once: also in data of an earlier version.

    A file beside the log-ins says that it was done, so that terms which a manager takes away do not
    come back.
    """
    done = log_ins.with_name("demonstration.terms")
    if done.exists():
        return
    demonstration.ask_for_deposits()
    done.parent.mkdir(parents=True, exist_ok=True)
    done.write_text("The suite asks for a deposit.\n", encoding="utf-8")


@contextmanager
def _quick_commits() -> Iterator[None]:
    """Have SQLite not wait for the disk at each of two hundred commits.

    After a loss of power a file in WAL mode lacks the last of them and is sound.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        (usual,) = cursor.fetchone()
        cursor.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA synchronous = {int(usual)}")


def _with_newer_people(kept: dict[str, str], path: Path) -> dict[str, str]:
    """Adds the people that an earlier version of this module did not load, with new secrets."""
    missing = [person for person in _PEOPLE if person[0] not in kept]
    missing = [person for person in missing if not User.objects.filter(email=person[0]).exists()]
    if not kept or not missing:
        return kept
    log_ins = kept | {email: _new_secret() for email, *_ in missing}
    shown = [*(email for email, *_ in _PEOPLE), _PARTNER]
    log_ins = {name: log_ins[name] for name in shown if name in log_ins}
    desk = Venue.objects.filter(staff__email="desk@holdfast.example").order_by("pk")
    with transaction.atomic():
        _make_people(missing, log_ins, list(desk))
        _keep(path, log_ins)
    return log_ins


def _make_people(
    people: Sequence[tuple[str, str, str, str]], log_ins: dict[str, str], venues: list[Venue]
) -> None:
    for email, role, first_name, last_name in people:
        number = [known for known, *_ in _PEOPLE].index(email)
        is_staff = role in VenueRole.Level.values
        user = accounts.create_user(
            email=email,
            password=log_ins[email],
            role=User.Role.STAFF if is_staff else role,
            first_name=first_name,
            last_name=last_name,
            phone=f"+3120123456{number}",
        )
        if is_staff:
            user.staff_venues.set(venues, through_defaults={"role": role})
        if role == "guest":
            for venue, stars in zip(venues, (4, 5, 4, 5, 4), strict=True):
                text = _REVIEWS.get((first_name, venue.slug), "")
                Review.objects.create(user=user, venue=venue, stars=stars - number % 2, text=text)
            Favourite.objects.create(user=user, venue=venues[number % len(venues)])


def _make_partner(venues: list[Venue]) -> str:
    partner = Partner.objects.create(slug=_PARTNER, name="Demo partner", scopes=list(SCOPES))
    partner.venues.set(venues)
    _, secret = keys.issue(partner, by=User.objects.get(email=_PEOPLE[0][0]))
    return secret


def _make_reservations() -> None:
    """Makes some reservations for the next days. Skips what is full."""
    guest = User.objects.get(email="guest@holdfast.example")
    driver = User.objects.get(email="driver1@parking.com")
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for days, nights, category in ((3, 2, "standard"), (5, 3, "deluxe"), (9, 1, "family")):
        arrival = (today + timedelta(days=days)).date()
        times = Times(check_in=arrival, check_out=arrival + timedelta(days=nights))
        _try(guest, "harbour-hotel", times, category=category, guest_count=2)
    for days, hour in ((1, 8), (1, 12), (2, 16)):
        starts_at = today + timedelta(days=days, hours=hour)
        times = Times(starts_at=starts_at, ends_at=starts_at + timedelta(hours=4))
        _try(driver, "smart-parking", times, category="regular", guest_count=1)
    stays.make(DEMONSTRATION)


def _try(owner: User, venue: str, times: Times, **wish: Any) -> None:
    contact = Contact(first_name="Grace", last_name="Guest", phone="+31201234564")
    try:
        row = actions.hold(
            booking=Booking(venue=venue, times=times, contact=contact, guest_id=owner.pk, **wish),
            # By nobody's own hand, so that nobody is written to.
            by=DEMONSTRATION,
        )
        if not row.confirmed_at:
            actions.confirm(reservation_id=row.pk, by=DEMONSTRATION)
    except Refusal:
        # The demonstration works without it too.
        return


def _new_secret() -> str:
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(letters) for _ in range(16))


def _keep(path: Path, log_ins: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(log_ins, file, indent=2)


def _kept(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept
