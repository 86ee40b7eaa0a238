"""Which reports of a mail provider say that an address takes no letters for good.

django-anymail gives hard and soft bounces one name, `bounced`. So each provider's own words decide,
as its documentation has them. What is temporary, a policy, a block list or not known counts not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType

from notices.mail import refusals


def is_for_good(event: AnymailTrackingEvent, provider: str) -> bool:
    """Says whether a report is of a hard bounce, or of a person who complained.

    `provider` is its name as django-anymail writes it.
    """
    report = event.esp_event
    if event.event_type == EventType.COMPLAINED:
        return _NO_COMPLAINT.isdisjoint(
            _text(report, *path) for path in _KINDS_OF_COMPLAINT.get(provider, ())
        )
    is_hard = _HARD.get(provider)
    return is_hard is not None and is_hard(report)


def _postmark(report: Any) -> bool:
    kinds = {"HardBounce", "BadEmailAddress"}
    # A change of subscriptions says why it was made.
    return not kinds.isdisjoint({_text(report, "Type"), _text(report, "SuppressionReason")})


def _brevo(report: Any) -> bool:
    return _text(report, "event") in {"hard_bounce", "invalid_email"}


def _mandrill(report: Any) -> bool:
    return _text(report, "event") == "hard_bounce"


def _mailersend(report: Any) -> bool:
    return _text(report, "data", "type") == "hard_bounced"


def _amazon_ses(report: Any) -> bool:
    return _text(report, "bounce", "bounceType") == "Permanent"


def _mailgun(report: Any) -> bool:
    """A failure is permanent also when it was given up after days, or is a policy: see `reason`."""
    is_hard = _text(report, "event-data", "delivery-status", "bounce-type") in {"", "hard"}
    return (
        is_hard
        and _text(report, "event-data", "event") == "failed"
        and _text(report, "event-data", "severity") == "permanent"
        and _text(report, "event-data", "reason") in {"bounce", "suppress-bounce"}
    )


def _sendgrid(report: Any) -> bool:
    """A bounce of type `blocked` passes. What is dropped has bounced before, or is no address."""
    kind = _text(report, "type") or _text(report, "reason")
    if _text(report, "event") == "dropped":
        return kind.lower() in {"bounced address", "invalid", "spam reporting address"}
    is_of_the_mailbox = _text(report, "bounce_classification").lower() in {
        "", "invalid address", "mailbox unavailable", "unclassified",
    }  # fmt: skip
    is_bounce = _text(report, "event") == "bounce" and _text(report, "type") == "bounce"
    return is_bounce and is_of_the_mailbox


def _sparkpost(report: Any) -> bool:
    """Bounce classes 10 and 30 are hard: an invalid recipient, and no such one."""
    bodies = _inside(report, "msys")
    found = bodies.values() if isinstance(bodies, Mapping) else ()
    return any(_text(body, "bounce_class") in {"10", "30"} for body in found)


def _mailjet(report: Any) -> bool:
    errors = {"", "user unknown", "mailbox inactive", "invalid domain", "no mail host"}
    return (
        _text(report, "event") == "bounce"
        and _inside(report, "hard_bounce") in (True, 1, "1", "true")
        and _text(report, "error") in errors
    )


def _mailtrap(report: Any) -> bool:
    """A bounce is hard, and soft ones have an event of their own. The answer may name a policy."""
    if _text(report, "event") != "bounce":
        return False
    code, said = _text(report, "response_code"), _text(report, "response")
    named = f"{_text(report, 'bounce_category')} {said}"
    return refusals.is_of_the_address(int(code) if code.isdecimal() else 550, named)


def _resend(report: Any) -> bool:
    kind = _text(report, "data", "bounce", "type")
    is_said = "hard bounce message" in _text(report, "data", "bounce", "message")
    return kind == "Permanent" or (not kind and is_said)


def _postal(report: Any) -> bool:
    """A message that failed for good has the server's answer, to whatever command."""
    is_failed = _text(report, "payload", "status") == "HardFail"
    return is_failed and refusals.is_of_the_mailbox(
        refusals.UNSPECIFIED, _text(report, "payload", "output")
    )


def _unisender_go(report: Any) -> bool:
    causes = {"err_user_unknown", "err_user_inactive", "err_domain_inactive"}
    return (
        _text(report, "status") == "hard_bounced"
        and _text(report, "delivery_info", "delivery_status") in causes
    )


_HARD: Mapping[str, Callable[[Any], bool]] = {
    "Amazon SES": _amazon_ses,
    "Brevo": _brevo,
    "MailerSend": _mailersend,
    "Mailgun": _mailgun,
    "Mailjet": _mailjet,
    "Mailtrap": _mailtrap,
    "Mandrill": _mandrill,
    "Postal": _postal,
    "Postmark": _postmark,
    "Resend": _resend,
    "SendGrid": _sendgrid,
    # Its old name.
    "SendinBlue": _brevo,
    "SparkPost": _sparkpost,
    "Unisender Go": _unisender_go,
}

_KINDS_OF_COMPLAINT: Mapping[str, Sequence[Sequence[str]]] = {
    "Amazon SES": [("complaint", "complaintFeedbackType")],
    "Postmark": [("Type",)],
    "SparkPost": [("msys", "message_event", "fbtype")],
}

_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "virus", "SpamNotification"})
"""Kinds of feedback (RFC 5965) that are no person's, and a spam filter's that Postmark reports."""


def _inside(report: Any, *path: str) -> Any:
    for name in path:
        report = report.get(name) if isinstance(report, Mapping) else None
    return report


def _text(report: Any, *path: str) -> str:
    found = _inside(report, *path)
    return "" if found is None else str(found)
