"""How long personal data is kept: of stays that are over, of who viewed it, of links to it."""

import re
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from settings.environment import integer, seconds, text


def read_days(raw: str) -> dict[str, int]:
    """Days by kind of venue from `hotel=365,restaurant=90`; empty where nothing is given."""
    days: dict[str, int] = {}
    for entry in filter(None, (part.strip() for part in raw.split(","))):
        found = re.fullmatch(r"([a-z][a-z_]*)=([1-9][0-9]{0,4})", entry)
        if found is None or found[1] in days:
            raise ImproperlyConfigured(
                "RETENTION_DAYS is not valid: expected one such as hotel=365,restaurant=90."
            )
        days[found[1]] = int(found[2])
    return days


RETENTION_DAYS = read_days(text("RETENTION_DAYS"))
"""Days after a stay's end from which its guest's data is blanked, by kind of venue; none: never."""
RETENTION_NOTICE = timedelta(days=integer("RETENTION_NOTICE_DAYS", 14, most=365))
"""How long before that a guest is told by letter; 0 tells nobody."""
DOCUMENT_YEARS = integer("DOCUMENT_YEARS", 10, least=1, most=100)
"""For how many years after the year of issue an invoice names its recipient, as tax law asks.
Erasing a person does not shorten it. Afterwards the name is blanked, and the invoice stays."""
ACCESS_LOG_KEPT = timedelta(days=90)
"""How long it is known who viewed personal data."""
DATA_LINK_LIFETIME = seconds("DATA_LINK_SECONDS", timedelta(hours=1))
"""How long a link to one's own data can be used."""
DATA_LINK_RATE = text("DATA_LINK_RATE", "5/h")
"""How many such links may be asked for: for one address, and, ten times as many, from one place."""
if not re.fullmatch(r"[1-9][0-9]{0,4}/[smhd]", DATA_LINK_RATE):
    raise ImproperlyConfigured("DATA_LINK_RATE is not valid: expected one such as 5/h.")
