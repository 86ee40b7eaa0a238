"""The scopes that a partner's key may have. Settings read this module, so it imports nothing."""

SCOPES = (
    "payments:write", "reservations:read", "reservations:write", "venues:read", "webhooks:write",
)  # fmt: skip
