"""Validates contact details and turns them into their stored form."""

from collections.abc import Mapping

from guests import accounts, emails, phones
from guests.errors import Faults
from reservations.rules.guest_fields import EXTRAS, stored_text


def read_details(
    details: Mapping[str, str | bool], region: str, *, may_lack_phone: bool = False
) -> dict[str, str | bool]:
    """Contact and other details in their stored form. `region` says how to read national numbers.

    `may_lack_phone` lets the phone be empty. Raises ContactInvalid, which carries every wrong
    field.
    """
    read = dict(details)
    faults = Faults()
    for field, value in details.items():
        with faults.gathered():
            match field:
                case "first_name" | "last_name":
                    read[field] = accounts.name(str(value), field)
                case "phone" if value or not may_lack_phone:
                    read[field] = phones.parse(str(value), region)
                case "email" if value:
                    read[field] = emails.parse(str(value))
                case _ if field in EXTRAS:
                    read[field] = stored_text(field, str(value))
    faults.raise_if_any()
    return read
