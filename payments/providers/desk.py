"""The provider of a deployment that names none: money is paid at the desk."""

from collections.abc import Mapping
from typing import NoReturn

from payments.providers.protocol import BadSignature, Declined, Order


class Desk:
    """Takes no cards. It is never asked for anything, and refuses if it is."""

    takes_cards = False

    def start(self, order: Order) -> NoReturn:
        raise Declined(order.key)

    def read(self, ref: str) -> NoReturn:
        raise Declined(ref)

    def capture(self, ref: str, *, amount_minor: int, key: str) -> NoReturn:
        raise Declined(ref)

    def void(self, ref: str, *, key: str) -> NoReturn:
        raise Declined(ref)

    def refund(self, ref: str, *, amount_minor: int, key: str) -> NoReturn:
        raise Declined(ref)

    def charge_saved(self, mandate: str, order: Order) -> NoReturn:
        raise Declined(mandate)

    def parse(self, headers: Mapping[str, str], body: bytes) -> NoReturn:
        raise BadSignature
