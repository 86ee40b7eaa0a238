"""Authentication of the comparison: the partner by API key."""

from django.utils import timezone
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from guests import keys
from guests.models import PartnerKey


class KeyUser:
    """The partner of a key, with the attributes that the framework needs of a user."""

    is_authenticated = True

    def __init__(self, key: PartnerKey) -> None:
        self.partner = key.partner
        self.pk = key.pk


class KeyAuthentication(authentication.BaseAuthentication):
    """Authenticates `X-API-Key` by its digest."""

    def authenticate(self, request: Request) -> tuple[KeyUser, None] | None:
        """Returns the partner. Raises AuthenticationFailed."""
        secret = request.headers.get("X-API-Key", "")
        rows = PartnerKey.objects.select_related("partner")
        key = rows.filter(digest=keys.digest(secret), partner__is_active=True).first()
        if key is None or not keys.is_valid(key, timezone.now()):
            raise exceptions.AuthenticationFailed
        return KeyUser(key), None
