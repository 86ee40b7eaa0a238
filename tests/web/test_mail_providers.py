"""Of all that mail providers report, only a hard bounce and a complaint suppress an address."""

from importlib import import_module
from typing import Any

import orjson
import pytest
from anymail.signals import AnymailTrackingEvent

from notices.models import Suppression
from web.letters import mail_events

ADDRESS = "guest@example.com"

pytestmark = pytest.mark.django_db


def _view(module: str, name: str) -> Any:
    """A view of the library without its settings, which are of signatures."""
    view = getattr(import_module(f"anymail.webhooks.{module}"), name)
    return view.__new__(view)


class _Request:
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it

    def __init__(self, body: bytes = b"") -> None:
        self.body = body


def amazon_ses(**event: Any) -> list[AnymailTrackingEvent]:
    view = _view("amazon_ses", "AmazonSESTrackingWebhookView")
    found: list[AnymailTrackingEvent] = view.esp_to_anymail_events(event, {})
    return found


def ses_bounce(kind: str, detail: str) -> list[AnymailTrackingEvent]:
    bounce = {
        "bounceType": kind,
        "bounceSubType": detail,
        "bouncedRecipients": [{"emailAddress": ADDRESS}],
    }
    return amazon_ses(notificationType="Bounce", bounce=bounce)


def ses_complaint(kind: str | None) -> list[AnymailTrackingEvent]:
    complaint = {"complainedRecipients": [{"emailAddress": ADDRESS}]}
    more = {"complaintFeedbackType": kind} if kind else {}
    return amazon_ses(notificationType="Complaint", complaint=complaint | more)


def brevo(event: str) -> list[AnymailTrackingEvent]:
    view = _view("brevo", "BrevoTrackingWebhookView")
    return [view.esp_to_anymail_event({"event": event, "email": ADDRESS})]


def mailersend(kind: str) -> list[AnymailTrackingEvent]:
    view = _view("mailersend", "MailerSendTrackingWebhookView")
    data = {"type": kind, "email": {"recipient": {"email": ADDRESS}}}
    return [view.esp_to_anymail_event({"data": data})]


def mailgun(event: str, **fields: Any) -> list[AnymailTrackingEvent]:
    view = _view("mailgun", "MailgunTrackingWebhookView")
    data = {"event": event, "recipient": ADDRESS, "timestamp": 1, **fields}
    return [view.esp_to_anymail_event({"event-data": data})]


def mailjet(event: str, **fields: Any) -> list[AnymailTrackingEvent]:
    view = _view("mailjet", "MailjetTrackingWebhookView")
    return [view.esp_to_anymail_event({"event": event, "email": ADDRESS, **fields})]


def mailtrap(event: str, **fields: Any) -> list[AnymailTrackingEvent]:
    view = _view("mailtrap", "MailtrapTrackingWebhookView")
    known = {"event": event, "email": ADDRESS, "timestamp": 1, "message_id": "m", "event_id": "e"}
    return [view.esp_to_anymail_event(known | fields)]


def mandrill(event: str) -> list[AnymailTrackingEvent]:
    view = _view("mandrill", "MandrillCombinedWebhookView")
    return [view.mandrill_tracking_to_anymail_event({"event": event, "msg": {"email": ADDRESS}})]


def postal(**payload: Any) -> list[AnymailTrackingEvent]:
    view = _view("postal", "PostalTrackingWebhookView")
    letter = {"id": 1, "to": ADDRESS, "direction": "outgoing"}
    body = orjson.dumps({"payload": {"message": letter, **payload}})
    found: list[AnymailTrackingEvent] = view.parse_events(_Request(body))
    return found


def postmark(kind: str | None, record: str = "Bounce", **fields: Any) -> list[AnymailTrackingEvent]:
    view = _view("postmark", "PostmarkTrackingWebhookView")
    known = {"RecordType": record, "Email": ADDRESS, "BouncedAt": "2026-11-30T12:00:00Z"}
    return [view.esp_to_anymail_event(known | ({"Type": kind} if kind else {}) | fields)]


def resend(kind: str, **bounce: str) -> list[AnymailTrackingEvent]:
    view = _view("resend", "ResendTrackingWebhookView")
    data = {"to": [ADDRESS], "bounce": {"message": "", **bounce}}
    event = {"type": kind, "created_at": "2026-11-30T12:00:00Z", "data": data}
    return [view.esp_to_anymail_event(event, _Request())]


def sendgrid(event: str, **fields: str) -> list[AnymailTrackingEvent]:
    view = _view("sendgrid", "SendGridTrackingWebhookView")
    known = {"event": event, "email": ADDRESS, "timestamp": 1}
    return [view.esp_to_anymail_event(known | fields)]


def sparkpost(kind: str, **fields: str) -> list[AnymailTrackingEvent]:
    view = _view("sparkpost", "SparkPostTrackingWebhookView")
    event = {"type": kind, "raw_rcpt_to": ADDRESS, "timestamp": "1", **fields}
    return [view.esp_to_anymail_event("message_event", event, {"msys": {"message_event": event}})]


def unisender_go(status: str, delivery: str = "") -> list[AnymailTrackingEvent]:
    view = _view("unisender_go", "UnisenderGoTrackingWebhookView")
    event = {"status": status, "email": ADDRESS, "event_time": "2026-11-30 12:00:00"}
    return [view.esp_to_anymail_event(event | {"delivery_info": {"delivery_status": delivery}})]


def _failed(severity: str, reason: str, **status: str) -> list[AnymailTrackingEvent]:
    told = {"delivery-status": status} if status else {}
    return mailgun("failed", severity=severity, reason=reason, **told)


MAILBOX_FULL = {"type": "Transient", "subType": "MailboxFull"}
HARD = "The recipient's email provider sent a hard bounce message"
GENERAL = "The recipient's email provider sent a general bounce message"

FOR_GOOD = {
    "Amazon SES": [
        ses_bounce("Permanent", "General"),
        ses_bounce("Permanent", "NoEmail"),
        ses_bounce("Permanent", "Suppressed"),
        ses_complaint("abuse"),
        ses_complaint(None),
    ],
    "Brevo": [brevo("hard_bounce"), brevo("invalid_email"), brevo("spam"), brevo("complaint")],
    "SendinBlue": [brevo("hard_bounce")],
    "MailerSend": [mailersend("hard_bounced"), mailersend("spam_complaint")],
    "Mailgun": [
        _failed("permanent", "bounce"),
        _failed("permanent", "suppress-bounce"),
        _failed("permanent", "bounce", **{"bounce-type": "hard"}),
        mailgun("complained"),
    ],
    "Mailjet": [
        mailjet("bounce", hard_bounce=True, error="user unknown"),
        mailjet("bounce", hard_bounce=True),
        mailjet("spam"),
    ],
    "Mailtrap": [
        mailtrap("bounce", response_code=550, response="5.1.1 no such user"),
        mailtrap("bounce", bounce_category="badmailbox"),
        mailtrap("spam"),
    ],
    "Mandrill": [mandrill("hard_bounce"), mandrill("spam")],
    "Postal": [postal(status="HardFail", output="550 5.1.1 no such user")],
    "Postmark": [
        postmark("HardBounce"),
        postmark("BadEmailAddress"),
        postmark("SpamComplaint", "SpamComplaint"),
        postmark(None, "SubscriptionChange", SuppressSending=True, SuppressionReason="HardBounce"),
    ],
    "Resend": [
        resend("email.bounced", type="Permanent", subType="General"),
        resend("email.bounced", message=HARD),
        resend("email.complained"),
    ],
    "SendGrid": [
        sendgrid("bounce", type="bounce"),
        sendgrid("bounce", type="bounce", bounce_classification="Invalid Address"),
        sendgrid("dropped", reason="Bounced Address"),
        sendgrid("dropped", reason="Invalid"),
        sendgrid("spamreport"),
    ],
    "SparkPost": [
        sparkpost("bounce", bounce_class="10"),
        sparkpost("out_of_band", bounce_class="30"),
        sparkpost("spam_complaint", fbtype="abuse"),
    ],
    "Unisender Go": [
        unisender_go("hard_bounced", "err_user_unknown"),
        unisender_go("spam"),
    ],
}

NOT_FOR_GOOD = {
    "Amazon SES": [
        *(ses_bounce("Transient", kind) for kind in ("General", "MailboxFull", "ContentRejected")),
        ses_bounce("Undetermined", "Undetermined"),
        ses_complaint("not-spam"),
        ses_complaint("auth-failure"),
        amazon_ses(
            notificationType="Reject", reject={"reason": "Bad content"},
            mail={"destination": [ADDRESS]},
        ),
    ],
    "Brevo": [
        brevo(kind)
        for kind in ("soft_bounce", "blocked", "deferred", "error", "unsubscribe", "delivered", "?")
    ],
    "SendinBlue": [brevo("soft_bounce")],
    "MailerSend": [mailersend(kind) for kind in ("soft_bounced", "delivered", "unsubscribed")],
    "Mailgun": [
        _failed("temporary", "generic"),
        _failed("temporary", "bounce"),
        _failed("permanent", "old"),
        _failed("permanent", "espblock"),
        _failed("permanent", "generic"),
        _failed("permanent", "suppress-unsubscribe"),
        _failed("permanent", "bounce", **{"bounce-type": "soft"}),
        mailgun("rejected", reject={"reason": "Sandbox"}),
    ],
    "Mailjet": [
        mailjet("bounce", hard_bounce=False, error="user unknown"),
        mailjet("bounce", hard_bounce=False, error="quota exceeded"),
        mailjet("bounce", hard_bounce=True, error="relay/access denied"),
        mailjet("bounce", hard_bounce=False, error="greylisted"),
        mailjet("bounce"),
        mailjet("blocked", error="preblocked"),
        mailjet("blocked", error="policy issue"),
    ],
    "Mailtrap": [
        mailtrap("soft bounce", response_code=450),
        mailtrap("bounce", bounce_category="spam-related"),
        mailtrap("bounce", response_code=550, response="5.7.1 relay denied"),
        mailtrap("bounce", response_code=554, response="no"),
        mailtrap("suspension"),
        mailtrap("reject"),
    ],
    "Mandrill": [mandrill(kind) for kind in ("soft_bounce", "deferral", "reject", "unsub", "?")],
    "Postal": [
        postal(status="SoftFail", output="450 later"),
        postal(status="HardFail", output="550 no"),
        postal(status="HardFail", output="554 5.7.1 spam"),
        postal(status="Held"),
        postal(bounce={"id": 2}),
    ],
    "Postmark": [
        *(
            postmark(kind)
            for kind in (
                "SoftBounce", "Transient", "DnsError", "Blocked", "SpamNotification", "DMARCPolicy",
                "ManuallyDeactivated", "VirusNotification", "Unknown", "AutoResponder",
                "SMTPApiError", "Unconfirmed",
            )
        ),
        postmark(None),
        postmark(None, "SubscriptionChange", SuppressionReason="ManualSuppression"),
    ],
    "Resend": [
        resend("email.bounced", **MAILBOX_FULL),
        resend("email.bounced", type="Undetermined"),
        resend("email.bounced", message=GENERAL),
        resend("email.delivery_delayed"),
    ],
    "SendGrid": [
        sendgrid("bounce", type="blocked"),
        sendgrid("bounce", type="bounce", bounce_classification="Reputation"),
        sendgrid("bounce", type="bounce", bounce_classification="Technical"),
        sendgrid("bounce", type="expired"),
        sendgrid("bounce"),
        sendgrid("deferred"),
        sendgrid("blocked"),
        sendgrid("dropped", reason="Unsubscribed Address"),
        sendgrid("dropped", reason="Invalid SMTPAPI header"),
    ],
    "SparkPost": [
        *(
            sparkpost("bounce", bounce_class=kind)
            for kind in (
                "1", "20", "21", "22", "23", "24", "25", "40", "50", "51", "52", "53", "54", "60",
                "70", "80", "90", "100", "999",
            )
        ),
        sparkpost("bounce"),
        sparkpost("delay"),
        sparkpost("policy_rejection", bounce_class="25"),
        sparkpost("spam_complaint", fbtype="not-spam"),
    ],
    "Unisender Go": [
        unisender_go("soft_bounced", "err_user_unknown"),
        unisender_go("hard_bounced", "err_mailbox_full"),
        unisender_go("hard_bounced", "err_spam_rejected"),
        unisender_go("hard_bounced", "err_blacklisted"),
        unisender_go("hard_bounced"),
    ],
    # Of one that the table does not know only complaints count.
    "Another": [postmark("HardBounce")],
}  # fmt: skip


def _cases(table: dict[str, list[list[AnymailTrackingEvent]]]) -> list[Any]:
    return [
        pytest.param(provider, event, id=f"{provider} {number}")
        for provider, reports in table.items()
        for number, report in enumerate(reports)
        for event in report
    ]


@pytest.mark.parametrize(("provider", "event"), _cases(FOR_GOOD))
def test_a_hard_bounce_and_a_complaint_suppress(provider: str, event: AnymailTrackingEvent) -> None:
    mail_events.note(event=event, esp_name=provider)
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize(("provider", "event"), _cases(NOT_FOR_GOOD))
def test_nothing_else_does(provider: str, event: AnymailTrackingEvent) -> None:
    assert event.recipient == ADDRESS
    mail_events.note(event=event, esp_name=provider)
    assert Suppression.objects.count() == 0


def test_every_provider_that_has_a_page_is_in_both_tables() -> None:
    names = {
        pattern.lookup_str.rpartition(".")[0].rpartition(".")[2]
        for pattern in import_module("anymail.urls").urlpatterns
    }
    known = {provider.lower().replace(" ", "_") for provider in FOR_GOOD}
    assert names == known
    assert {provider for provider in NOT_FOR_GOOD if provider != "Another"} == set(FOR_GOOD)
