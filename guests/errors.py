"""Why a person or a system is refused: one small exception each; the docstring is the message."""

from typing import ClassVar


class GuestError(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str = "") -> None:
        """`detail` replaces the docstring."""
        self.detail = detail or " ".join((self.__doc__ or "").split())
        super().__init__(self.detail)


class ContactInvalid(GuestError):
    """This contact detail cannot be used; `field` names it."""

    code = "validation_error"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class PasswordInvalid(ContactInvalid):
    """The password is too easy to guess; `details` says why, a sentence each."""

    def __init__(self, details: list[str]) -> None:
        super().__init__("password", " ".join(details))
        self.details = details


class AlreadyRegistered(GuestError):
    """Somebody is registered with this e-mail address already."""

    code = "already_registered"


class CredentialsInvalid(GuestError):
    """This e-mail address and password do not go together."""

    code = "invalid_credentials"


class TokenInvalid(GuestError):
    """This token is not valid, no longer valid, or was used before. Log in again."""

    code = "invalid_token"


class KeyInvalid(GuestError):
    """This API key is not known, or no longer valid."""

    code = "invalid_key"


class Unauthenticated(GuestError):
    """Log in first: send a Bearer token or an API key."""

    code = "not_authenticated"


class Forbidden(GuestError):
    """You are known, but your role or key does not allow this."""

    code = "forbidden"
