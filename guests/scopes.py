"""The scopes that a partner's key may have. Settings read this module, so it imports nothing."""

SCOPES = ("reservations:read", "reservations:write", "venues:read")
