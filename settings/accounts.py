"""How people and partners prove who they are."""

from settings.environment import flag, text

AUTH_USER_MODEL = "guests.User"
CHECK_MAIL_DOMAINS = flag("CHECK_MAIL_DOMAINS", default=False)
DEFAULT_PHONE_REGION = text("DEFAULT_PHONE_REGION", "US")
