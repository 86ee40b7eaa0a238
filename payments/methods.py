"""How guests pay."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Method(models.TextChoices):
    """By card: a provider takes it. All others: the desk records it."""

    CASH = "cash", _("cash")
    TERMINAL = "terminal", _("card terminal")
    VOUCHER = "voucher", _("voucher")
    TRANSFER = "transfer", _("bank transfer")
    CARD = "card", _("card")


AT_DESK_CHOICES = [(one.value, one.label) for one in Method if one is not Method.CARD]
"""What the desk records, for a form."""

AT_DESK = (Method.CASH, Method.TERMINAL, Method.VOUCHER, Method.TRANSFER)
"""Methods that the desk records. It pays back what came by them itself."""

WITH_TILL = (Method.CASH, Method.TERMINAL)
"""Methods whose money lies in a till, or is counted at a terminal."""

TILL = "main"
"""The till where none is named."""

TILL_NAME = r"[A-Za-z0-9][A-Za-z0-9 _-]{0,29}"
"""What a till or terminal may be called, as a regular expression."""
