"""What a text message says of a reservation: one or two sentences, and the address of its page."""

from django.utils.translation import gettext as _

from notices import standing
from notices.channels import RETRY, Result
from notices.letters import composition, kinds, reservation_facts
from notices.models import Delivery
from notices.short_texts import Escape
from reservations import clock


def write(delivery: Delivery, escape: Escape) -> str | None:
    """Returns the text in the active language; None where nobody is to be told any more."""
    kind, _events = composition.told_of(delivery)
    row = composition.look(delivery, kind)
    if isinstance(row, Result):
        return None
    why_not = standing.judge(delivery)
    if why_not is not None and why_not.outcome != RETRY:
        return None
    facts = composition.about(reservation_facts.of(row, clock.now()), delivery.event)
    values = reservation_facts.values(facts)
    told = {name: escape(value) for name, value in values.items()}
    return f"{sentence(kind) % told} {values['link']}"


def sentence(kind: str) -> str:
    """Returns the sentence of a kind, in the active language, with names of placeholders."""
    if kind in kinds.OF_MONEY:
        return _of_money(kind)
    match kind:
        case kinds.HELD:
            return _("%(venue)s holds %(starts)s for you until %(hold_until)s. Confirm:")
        case kinds.EXPIRED:
            return _("%(venue)s no longer holds %(starts)s for you. Code %(code)s.")
        case kinds.CONFIRMED:
            return _("%(venue)s confirms %(starts)s. Code %(code)s.")
        case kinds.REINSTATED:
            return _("Your reservation at %(venue)s, %(starts)s, stands again. Code %(code)s.")
        case kinds.UNIT_FIXED:
            return _("%(venue)s, %(starts)s: your place is %(unit)s. Code %(code)s.")
        case kinds.CANCELLED:
            return _("Your reservation at %(venue)s, %(starts)s, is cancelled. Code %(code)s.")
        case _:
            return _("Changed: %(venue)s, now %(starts)s. Code %(code)s.")


def _of_money(kind: str) -> str:
    match kind:
        case kinds.PAYMENT_LINK:
            return _("%(venue)s asks you to pay %(amount)s for %(starts)s:")
        case kinds.PAID:
            return _("%(venue)s has received %(amount)s for %(starts)s. Code %(code)s.")
        case kinds.NOT_PAID:
            return _("Your payment of %(amount)s to %(venue)s failed. Pay again:")
        case kinds.NOT_CHARGED:
            return _("Too late for %(venue)s, %(starts)s. You were not charged.")
        case _:
            return _("%(venue)s has given you %(amount)s back. Code %(code)s.")
