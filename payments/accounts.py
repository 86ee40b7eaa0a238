"""The accounts between which the ledger moves money. An account is a text and names nobody."""

from payments.methods import Method
from payments.models import Payment

GUEST = "guest"
"""What guests owe and have paid: everything moves to it or from it, but a counted difference."""

FEES = "fees"
DIFFERENCES = "differences"
"""What a till held more or less than the ledger says, when it was counted."""

_REVENUE = "revenue:"
_TAX = "tax:"
_CASH = "cash:"
_PROVIDER = "provider:"


def revenue(code: str) -> str:
    """Returns the account of what a category or an extra earns, by its code."""
    return f"{_REVENUE}{code}"


def tax(code: str) -> str:
    """Returns the account of a tax."""
    return f"{_TAX}{code}"


def tax_code(account: str) -> str:
    """Returns the code of the tax whose account it is, or "" for another account."""
    return account.removeprefix(_TAX) if account.startswith(_TAX) else ""


def is_of_price(account: str) -> bool:
    """True for what the price of a stay is made of: what it earns, and its taxes."""
    return account.startswith((_REVENUE, _TAX))


def cash(till: str) -> str:
    """Returns the account of the cash in a till."""
    return f"{_CASH}{till}"


def till_of(account: str) -> str:
    """Returns the till whose cash the account is, or "" for another account."""
    return account.removeprefix(_CASH) if account.startswith(_CASH) else ""


def of_method(method: str, till: str) -> str:
    """Returns the account that holds what was paid by a method, at a till or terminal."""
    match method:
        case Method.CASH:
            return cash(till)
        case Method.TERMINAL:
            return f"terminal:{till}"
        case Method.VOUCHER:
            return "vouchers"
        case _:
            return "bank"


def method_of(account: str) -> tuple[str, str]:
    """Returns the method by which money came into an account or left it, and the till, or ""."""
    kind, _colon, name = account.partition(":")
    match kind:
        case "cash":
            return Method.CASH, name
        case "terminal":
            return Method.TERMINAL, name
        case "vouchers":
            return Method.VOUCHER, ""
        case "provider":
            return Method.CARD, ""
        case _:
            return Method.TRANSFER, ""


def of_payment(payment: Payment) -> str:
    """Returns the account that holds what a payment paid."""
    if payment.checkout is not None:
        return provider(payment.checkout.provider)
    return of_method(payment.method, payment.till)


def provider(name: str) -> str:
    """Returns the account of what a provider of card payments holds for us."""
    return f"{_PROVIDER}{name}"


def is_money(account: str) -> bool:
    """True for an account that holds what guests have paid."""
    return account in ("vouchers", "bank") or account.startswith((_CASH, "terminal:", _PROVIDER))
