"""What a partner's key may be allowed to do; read by the settings, so nothing is imported here."""

SCOPES = ("reservations:read", "reservations:write", "venues:read")
