"""Reads SIGN_IN_PROVIDERS: the providers through which people may sign in."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PROVIDERS = ("openid_connect", "google", "github")
_FIELDS = {"provider", "id", "name", "client_id", "secret", "server_url"}
_PLACES = {"google": "https://accounts.google.com", "github": "https://github.com"}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def read(entries: object) -> dict[str, Any]:
    """Returns django-allauth's SOCIALACCOUNT_PROVIDERS. Raises ImproperlyConfigured.

    The value is a list such as [{"provider": "openid_connect", "id": "okta", "name": "Okta",
    "client_id": "...", "secret": "...", "server_url": "https://..."}, {"provider": "google", ...}].
    """
    if not isinstance(entries, list):
        raise _refused("expected a JSON list")
    configured: dict[str, Any] = {name: {"APPS": []} for name in PROVIDERS}
    configured["google"]["SCOPE"] = ["openid", "profile", "email"]
    configured["github"]["SCOPE"] = ["read:user", "user:email"]
    ids: set[str] = set()
    for place, entry in enumerate(entries, start=1):
        app = _app(entry, f"entry {place}")
        if app["provider_id"] in ids:
            raise _refused(f'entry {place}: the id "{app["provider_id"]}" is used twice')
        ids.add(app["provider_id"])
        configured[entry["provider"]]["APPS"].append(app)
    return configured


def origins(entries: object) -> list[str]:
    """Returns the origins of the providers, sorted, for the content security policy. [] without
    any.
    """
    given = entries if isinstance(entries, list) else []
    urls = [_PLACES.get(entry["provider"]) or entry["server_url"] for entry in given]
    parts = [urlsplit(url) for url in urls]
    return sorted({f"{one.scheme}://{one.netloc}" for one in parts})


def _app(entry: object, place: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or entry.get("provider") not in PROVIDERS:
        raise _refused(f'{place} needs a "provider" out of {", ".join(PROVIDERS)}')
    is_oidc = entry["provider"] == "openid_connect"
    needed = ("client_id", "secret", *(("id", "name", "server_url") if is_oidc else ()))
    for field in needed:
        if not isinstance(entry.get(field), str) or not entry[field].strip():
            raise _refused(f'{place} needs a text "{field}"')
    if unknown := set(entry) - _FIELDS:
        raise _refused(f"{place} has a field that is not known: {min(unknown, key=str)}")
    extra: dict[str, Any] = {"oauth_pkce_enabled": True}
    if is_oidc:
        extra["server_url"] = _url(entry["server_url"], place)
    return {
        "provider_id": _id(entry.get("id", entry["provider"]), place),
        "name": str(entry.get("name") or entry["provider"].title()),
        "client_id": entry["client_id"],
        "secret": entry["secret"],
        "settings": extra,
    }


def _id(raw: object, place: str) -> str:
    if not isinstance(raw, str) or not raw.replace("-", "").replace("_", "").isalnum():
        raise _refused(f'{place}: "id" is made of letters, digits, - and _')
    return raw


def _url(raw: str, place: str) -> str:
    parts = urlsplit(raw)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (is_safe and parts.hostname):
        raise _refused(f'{place}: "server_url" begins with https://')
    return raw.rstrip("/")


def _refused(reason: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"SIGN_IN_PROVIDERS is not valid: {reason}.")
