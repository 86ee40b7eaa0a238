"""Mail, text messages and Google Chat: providers are described here, so that none needs code.

Letters go to a folder without MAIL_URL, else by SMTP.
"""

from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from settings.environment import DATA_DIR, integer, json_value, names, text
from settings.private_files import IS_EMBEDDED

_url = text("MAIL_URL")
_mail = environ.Env.email_url_config(_url) if _url else {}

EMAIL_BACKEND = _mail.get("EMAIL_BACKEND", "notices.mail.files.EmailBackend")
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_HOST = _mail.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = text("MAIL_FROM", "Holdfast <no-reply@holdfast.example>")
MAIL_DOMAIN = text("MAIL_DOMAIN", parseaddr(DEFAULT_FROM_EMAIL)[1].rpartition("@")[2])
"""The domain in the ids of messages. By default that of MAIL_FROM."""

_KEYS = {"url", "auth", "form", "json", "headers", "ok", "expect", "id"}
_AUTHS = {"basic": 3, "bearer": 2, "header": 3}


def _is_good(provider: Any) -> bool:
    if not isinstance(provider, dict) or set(provider) - _KEYS:
        return False
    url, auth = provider.get("url"), provider.get("auth", ["bearer", "none"])
    is_address = isinstance(url, str) and urlsplit(url).scheme in ("http", "https")
    has_body = isinstance(provider.get("form", provider.get("json")), dict)
    is_auth = (
        isinstance(auth, list)
        and all(isinstance(one, str) for one in auth)
        and len(auth) == _AUTHS.get(auth[0] if auth else "", -1)
    )
    tables = (provider.get(name, {}) for name in ("expect", "headers"))
    statuses = provider.get("ok", [200])
    return (
        is_address
        and has_body
        and ("form" in provider) != ("json" in provider)
        and is_auth
        and all(isinstance(one, dict) for one in tables)
        and isinstance(statuses, list)
        and all(isinstance(one, int) for one in statuses)
        and isinstance(provider.get("id", ""), str)
    )


def _provider(name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json_value(name, None)
    if found is not None and not _is_good(found):
        # Keep the value out of the message: it holds a secret.
        message = f"{name} is not valid: expected a provider as in docs/reminders.md."
        raise ImproperlyConfigured(message)
    return found


SMS = _provider("SMS")
"""How a text message is sent, as JSON: `url`, `auth`, `form` or `json`, `headers`, `ok`, `expect`
and `id` (docs/reminders.md). Without it, messages are files when embedded, and fail when
deployed."""

CHAT_HOSTS = names("CHAT_HOSTS", ["chat.googleapis.com"])
"""The hosts to whose webhooks Google Chat messages go."""

SMS_TO_FILES = IS_EMBEDDED and SMS is None
CHAT_TO_FILES = IS_EMBEDDED and not text("CHAT_HOSTS")
"""Whether messages are written to files beside the letters. Embedded, chat messages leave only
where CHAT_HOSTS is set."""

EVENING_AFTER_DAYS = integer("EVENING_AFTER_DAYS", 7, least=1, most=365)
"""Days without parking after which a person gets the evening word that they asked for."""
