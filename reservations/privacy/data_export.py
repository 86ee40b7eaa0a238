"""Exports everything held about a person: accounts, reservations, their history, and what rooms
such as that of letters hold."""

from collections.abc import Mapping
from typing import Any

from guests import accounts
from guests.models import User
from reservations.models import Event
from reservations.privacy import rooms, subjects
from reservations.privacy.subjects import DataSubject

_LEFT_OUT = ("venue_id", "guest_id", "held_from")
_EVENT = ("name", "at", "recorded_at", "by_kind", "data")


def of_account(user: User) -> dict[str, Any]:
    """Returns everything held about a person who is signed in. `profile` is the User itself."""
    return {**accounts.export(user), **_of_person(subjects.of_user(user))}


def of_subject(person: DataSubject) -> dict[str, Any]:
    """Returns everything held about a person who has proven an address or a number.

    `accounts` is a list of what `accounts.export` returns, with `profile` as plain values.
    """
    users = [
        {**accounts.export(user), "profile": accounts.profile(user)} for user in person.accounts()
    ]
    return {"accounts": users, **_of_person(person)}


def reservations_of(person: DataSubject) -> list[dict[str, Any]]:
    """Returns every reservation of a person with its columns, oldest first.

    `history` lists its events in order, with `name`, `at`, `recorded_at`, `by_kind` and `data`.
    """
    rows = person.reservations().order_by("pk")
    told: list[dict[str, Any]] = [
        {
            "venue": slug,
            **{name: value for name, value in row.items() if name not in _LEFT_OUT},
            "history": [],
        }
        for row, slug in zip(rows.values(), rows.values_list("venue__slug", flat=True), strict=True)
    ]
    by_id = {row["id"]: row for row in told}
    for event in Event.objects.filter(reservation__in=rows.values("pk")).order_by("pk"):
        if event.reservation_id in by_id:
            by_id[event.reservation_id]["history"].append(_told(event))
    return told


def _of_person(person: DataSubject) -> dict[str, Any]:
    held = reservations_of(person)
    rows = rooms.rows_of(person, [row["id"] for row in held])
    return {"reservations": held, "further": rooms.export(rows)}


def _told(event: Event) -> Mapping[str, Any]:
    return {name: getattr(event, name) for name in _EVENT}
