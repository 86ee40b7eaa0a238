"""How people and partners prove who they are."""

import re
from datetime import timedelta

import phonenumbers
from django.core.exceptions import ImproperlyConfigured

from settings import partner_keys, sign_in
from settings.environment import flag, integer, json_value, names, seconds, text
from settings.secrets import SHORTEST_SECRET

AUTH_USER_MODEL = "guests.User"
AUTHENTICATION_BACKENDS = [
    "config.page_log_in.HeldBack",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "web:signed_out"

# Contact details.
CHECK_MAIL_DOMAINS = flag("CHECK_MAIL_DOMAINS", default=False)
"""Whether to ask DNS if the domain of an e-mail address takes mail."""
DEFAULT_PHONE_REGION = text("DEFAULT_PHONE_REGION", "US")
"""The region of national phone numbers without a venue, such as at sign-up."""
if DEFAULT_PHONE_REGION not in phonenumbers.SUPPORTED_REGIONS:
    raise ImproperlyConfigured("DEFAULT_PHONE_REGION is not valid: expected one such as US or NL.")

# Tokens.
ACCESS_TOKEN_LIFETIME = seconds("ACCESS_TOKEN_SECONDS", timedelta(minutes=15))
REFRESH_TOKEN_LIFETIME = seconds("REFRESH_TOKEN_SECONDS", timedelta(days=30))
JWT_OLD_SECRETS = names("JWT_OLD_SECRETS")
"""Secrets that are still accepted after JWT_SECRET was replaced."""
if any(len(old) < SHORTEST_SECRET for old in JWT_OLD_SECRETS):
    raise ImproperlyConfigured(f"JWT_OLD_SECRETS: each has at least {SHORTEST_SECRET} characters.")

# Partners.
PARTNER_KEYS = partner_keys.read(json_value("PARTNER_KEYS", []))
# How long a process may still accept a key that another process has revoked.
PARTNER_KEY_KEPT = min(seconds("PARTNER_KEY_KEPT", timedelta(seconds=5)), timedelta(seconds=10))

# Failed log-ins for one e-mail address from one network, before it has to wait.
LOGIN_FAILURE_RATE = text("LOGIN_FAILURE_RATE", "20/m")
# How often one place may fail in all, whatever addresses it tries; 0 is any number.
LOGIN_FAILURES_PER_PLACE = text("LOGIN_FAILURES_PER_PLACE", "60/m")
# How many passwords a process hashes at once; 0 is any number.
PASSWORD_HASHES_AT_ONCE = integer("PASSWORD_HASHES_AT_ONCE", 4, most=1_000)
# How often one place may ask for a new password, and how many letters one account gets; 0 is any.
RESETS_PER_PLACE = text("RESETS_PER_PLACE", "20/m")
RESETS_PER_ACCOUNT = text("RESETS_PER_ACCOUNT", "5/h")
# Sign-ups from one network. Each costs a slow hash.
SIGN_UP_RATE = text("SIGN_UP_RATE", "300/m")
_RATE = r"[1-9][0-9]{0,5}/[smhd]"
for _name, _rate, _shape in (
    ("LOGIN_FAILURE_RATE", LOGIN_FAILURE_RATE, _RATE),
    ("SIGN_UP_RATE", SIGN_UP_RATE, _RATE),
    ("LOGIN_FAILURES_PER_PLACE", LOGIN_FAILURES_PER_PLACE, f"0|{_RATE}"),
    ("RESETS_PER_PLACE", RESETS_PER_PLACE, f"0|{_RATE}"),
    ("RESETS_PER_ACCOUNT", RESETS_PER_ACCOUNT, f"0|{_RATE}"),
):
    if not re.fullmatch(_shape, _rate):
        raise ImproperlyConfigured(f"{_name} is not valid: expected one such as 20/m.")

# Signing in through others, by django-allauth.
SOCIALACCOUNT_PROVIDERS = sign_in.read(json_value("SIGN_IN_PROVIDERS", []))
SOCIALACCOUNT_ADAPTER = "guests.sign_in.SignInAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
ACCOUNT_ADAPTER = "guests.sign_in.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# The library's own limits would let a stranger stop everybody's log-ins: guests/log_in_limit.py
# is the only one.
ACCOUNT_RATE_LIMITS = False
# A link depends on password, last log-in and address of the person's own row, and on nothing else.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a class, not a secret
