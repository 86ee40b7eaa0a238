"""Letters that came back, and people who took one for spam: their addresses are left alone.

Providers report them to a page (web/letters/mail_events.py); mail servers send them back as letters
(notices/returned_letters.py).
"""

from notices import suppressions
from notices.mail import messages
from notices.models import Attempt, Delivery
from notices.models.delivery import Channel, Outcome
from notices.privacy import ERASED
from reservations import clock

_DETAIL = 500


def note(address: str, *, reason: str, message_id: str = "") -> None:
    """Notes that an address refused a letter for good, or complained. Repeating it changes nothing.

    The caller has checked who says so. `message_id` is that of our letter, with or without its
    angle brackets, if it is known: its delivery becomes failed, and the desk sees it.
    """
    suppressions.suppress(Channel.MAIL, address, reason=reason)
    for delivery in _sent(message_id):
        _fail(delivery, " ".join(reason.replace(address, "…").split())[:_DETAIL])


def note_returned(message_id: str, *, reason: str) -> int:
    """Notes that a letter of ours came back, and leaves its recipient alone. Returns how many.

    Anybody may say so. It counts if the id has the proof that only the letter itself names.
    """
    found = [each for each in _sent(message_id) if messages.is_proven(message_id, each)]
    for delivery in found:
        note(delivery.to, reason=reason, message_id=message_id)
    return len(found)


def _fail(delivery: Delivery, detail: str) -> None:
    sent = Delivery.objects.filter(pk=delivery.pk, outcome=Outcome.SENT)
    if sent.update(outcome=Outcome.FAILED):
        Attempt.objects.create(
            delivery=delivery, at=clock.now(), took_ms=0, outcome=Outcome.FAILED, detail=detail
        )


def _sent(message_id: str) -> list[Delivery]:
    """Returns the delivery of a letter of ours. Those of erased people have no recipient."""
    bare = message_id.strip().strip("<>")
    if not bare:
        return []
    letters = Delivery.objects.filter(channel=Channel.MAIL, message_id__in=[bare, f"<{bare}>"])
    return list(letters.exclude(to=ERASED))
