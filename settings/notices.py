"""What is told to people and to partners' systems, where it may go, and how long it is kept."""

from datetime import timedelta
from ipaddress import ip_network

from django.core.exceptions import ImproperlyConfigured

from settings.environment import flag, integer, json_value, names, text
from settings.live import HOST, PORT


def _networks(name: str) -> list[str]:
    found = names(name)
    try:
        for each in found:
            ip_network(each)
    except ValueError:
        message = f"{name} is not valid: expected networks such as 127.0.0.0/8,::1/128."
        raise ImproperlyConfigured(message) from None
    return found


def _ports(name: str, default: list[str]) -> list[int]:
    try:
        found = [int(each) for each in names(name, default)]
    except ValueError:
        found = []
    if not found or not all(0 < each < 65_536 for each in found):
        message = f"{name} is not valid: expected ports such as 443,8443."
        raise ImproperlyConfigured(message)
    return found


NOTICES = flag("NOTICES", default=True)
"""Whether deliveries are sent. With 0 they are written down and wait."""

PUBLIC_URL = text("PUBLIC_URL", f"http://{HOST}:{PORT}").rstrip("/")
"""Where people reach the product, such as https://book.example.com: links in letters begin so."""


WEBHOOK_PORTS = _ports("WEBHOOK_PORTS", ["443"])
"""The ports of partners' systems that webhooks may be sent to."""

WEBHOOK_TIMEOUT = integer("WEBHOOK_TIMEOUT", 10, least=1, most=14)
"""Seconds that a receiver may be silent. The whole answer may take five seconds more, which must
fit into a batch of deliveries."""

WEBHOOK_ALLOW = _networks("WEBHOOK_ALLOW")
"""Networks whose receivers may be reached by plain http, on any port, and may be inward: for tests
and for trying out. A deployment with HTTPS refuses to start with it."""

MAIL_EVENTS_SECRET = text("MAIL_EVENTS_SECRET")
"""`name:password` by which a mail provider reports bounces and complaints, at
/letters/events/PROVIDER/tracking/. Empty: that page does not exist."""
ANYMAIL = {"WEBHOOK_SECRET": MAIL_EVENTS_SECRET, **json_value("ANYMAIL", {})}
"""What a provider asks for beyond that, such as {"MAILGUN_WEBHOOK_SIGNING_KEY": "…"}, by the names
of django-anymail."""
BOUNCES_URL = text("BOUNCES_URL")
"""The mailbox of letters that came back, such as imaps://name:password@host/INBOX. Read every ten
minutes; empty for none."""

EXPORT_KEPT = timedelta(days=integer("EXPORT_KEPT_DAYS", 7, least=1, most=90))
"""How long a file that somebody asked for can be had."""
DELIVERIES_KEPT = timedelta(days=integer("DELIVERIES_KEPT_DAYS", 30, least=1, most=3650))
"""How long deliveries that are done are kept; afterwards only their numbers."""
FEED_KEPT = timedelta(days=integer("FEED_KEPT_DAYS", 90, least=1, most=3650))
"""How long partners can read an event in their feed. Who comes later is told so."""
NOTICE_USEFUL = timedelta(hours=integer("NOTICE_USEFUL_HOURS", 6, least=1, most=72))
"""How long after an event letters and texts about it are sent. Later ones are dropped."""
