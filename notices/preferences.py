"""What a person wants to be told, when, and by what: read and changed in one place."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from guests import accounts
from guests.errors import ContactInvalid, Faults
from guests.models import User
from notices import opt_outs
from notices.models.delivery import Channel
from notices.scheduled import local_instants
from notices.scheduled import time_zones as zones
from reservations import clock
from venues import time_zones

EVENING_CHANNELS = (Channel.MAIL, Channel.CHAT, Channel.SMS)
FIELDS = accounts.NOTICES

_ALLOWS = {Channel.MAIL: "receive_email_updates", Channel.SMS: "receive_text_notification"}
"""The preference without which a channel is not used."""
_EVENING = frozenset({"evening_at", "evening_channel", "chat_url"})
_CHAT_PATH = "/v1/spaces/"
_LONGEST_URL = 400


def stated(user: User) -> dict[str, Any]:
    """Returns the value of each field, and None or False for what was unsubscribed from."""
    told = {field: getattr(user, field) for field in FIELDS}
    ended = {kind for kind in opt_outs.KINDS if _has_ended(kind, user)}
    told["reminders"] = user.reminders and opt_outs.REMINDER not in ended
    told["monthly_report"] = user.monthly_report and opt_outs.REPORT not in ended
    if opt_outs.EVENING in ended and user.evening_channel == Channel.MAIL:
        told["evening_at"] = None
    return told


def change_profile(user: User, changes: Mapping[str, Any], *, region: str = "") -> User:
    """Changes contact data, and the zone that evening words and reports go by: all or nothing.

    Raises ContactInvalid, which names every wrong field.
    """
    told = {name: value for name, value in changes.items() if name in FIELDS}
    if not told:
        return accounts.change_profile(user, changes, region=region)
    faults = Faults()
    with transaction.atomic():
        with faults.gathered():
            accounts.change_profile(user, changes, region=region)
        with faults.gathered():
            change(user, told)
        faults.raise_if_any()
    return user


def change(user: User, changes: Mapping[str, Any]) -> User:
    """Changes these fields and saves them. None gives a field its default, which is to have none.

    Whoever chooses a channel for the evening word allows that channel. Raises ContactInvalid, which
    names every wrong field.
    """
    faults = Faults()
    was_off = user.evening_at is None
    for field in FIELDS:
        if field in changes:
            with faults.gathered():
                setattr(user, field, _read(field, changes[field]))
    if _EVENING & changes.keys():
        with faults.gathered():
            _judge_evening(user)
    faults.raise_if_any()
    _schedule(user, changes, was_off=was_off)
    user.save(update_fields=[*FIELDS, *_ALLOWS.values(), "evening_next_at", "evening_since"])
    _resume(user, changes)
    return user


def is_allowed(user: User, channel: str) -> bool:
    """Says whether the person may be written to by this channel."""
    preference = _ALLOWS.get(Channel(channel))
    return preference is None or bool(getattr(user, preference))


def _has_ended(kind: str, user: User) -> bool:
    return opt_outs.is_ended(opt_outs.letters_to(kind, user.email, user))


def _schedule(user: User, changes: Mapping[str, Any], *, was_off: bool) -> None:
    if user.evening_at is None:
        user.evening_next_at = user.evening_since = None
        return
    now = clock.now()
    if was_off or user.evening_since is None:
        # Lots that are there already are not news.
        user.evening_since = now
    if {"evening_at", "time_zone"} & changes.keys():
        following = local_instants.following(user.evening_at, zones.of(user), now)
        user.evening_next_at = following.at
    if {"evening_at", "evening_channel"} & changes.keys():
        preference = _ALLOWS.get(Channel(user.evening_channel))
        if preference is not None:
            setattr(user, preference, True)


def _resume(user: User, changes: Mapping[str, Any]) -> None:
    """Who switches letters on has not unsubscribed from them any more."""
    switched_on = {
        opt_outs.REMINDER: changes.get("reminders"),
        opt_outs.REPORT: changes.get("monthly_report"),
        opt_outs.EVENING: changes.get("evening_at"),
    }
    for kind, value in switched_on.items():
        if value:
            opt_outs.resume(opt_outs.letters_to(kind, user.email, user))


def _judge_evening(user: User) -> None:
    if user.evening_at is None:
        return
    if user.evening_channel == Channel.CHAT and not user.chat_url:
        raise ContactInvalid("chat_url", gettext("Give the address of your Google Chat webhook."))
    if user.evening_channel == Channel.SMS and not user.phone:
        raise ContactInvalid(
            "evening_channel", gettext("Add your phone number to your data first.")
        )


def _read(field: str, value: Any) -> Any:
    match field:
        case "evening_at":
            return value if value is None else _clock(value)
        case "evening_channel":
            return _channel(value or Channel.MAIL)
        case "chat_url":
            return _chat_url(value or "")
        case "time_zone":
            return _time_zone(value or "")
        case "language":
            return _language(value or "")
        case _:
            return True if value is None else bool(value)


def _clock(value: time) -> time:
    return value.replace(second=0, microsecond=0, tzinfo=None)


def _channel(value: str) -> str:
    if value not in EVENING_CHANNELS:
        raise ContactInvalid("evening_channel", gettext("Choose mail, chat or sms."))
    return value


def _chat_url(value: str) -> str:
    """The address of a webhook of Google Chat, which holds the key to one space."""
    url = value.strip()
    if not url:
        return ""
    told = gettext("This is not a webhook of Google Chat: https://chat.googleapis.com/v1/spaces/…")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ContactInvalid("chat_url", told) from None
    is_good = (
        len(url) <= _LONGEST_URL
        and url.isprintable()
        and not any(sign in url for sign in (" ", "\\", "@", "#"))
        and parts.scheme == "https"
        and parts.hostname in settings.CHAT_HOSTS
        and port in (None, 443)
        and parts.path.startswith(_CHAT_PATH)
        and "/." not in parts.path
        and len(parts.path) > len(_CHAT_PATH)
    )
    if not is_good:
        raise ContactInvalid("chat_url", told)
    return url


def _time_zone(value: str) -> str:
    if value and not time_zones.is_known(value):
        told = gettext("This is not an IANA time zone such as Europe/Amsterdam.")
        raise ContactInvalid("time_zone", told)
    return value


def _language(value: str) -> str:
    if value and value not in dict(settings.LANGUAGES):
        known = ", ".join(code for code, _ in settings.LANGUAGES)
        raise ContactInvalid("language", gettext("Choose one of: %(known)s.") % {"known": known})
    return value
