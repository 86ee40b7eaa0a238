"""How people and partners prove who they are."""

import re
from datetime import timedelta

import phonenumbers
from django.core.exceptions import ImproperlyConfigured

from settings import partner_keys, sign_in
from settings.environment import flag, json_value, names, seconds, text
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
# Sign-ups from one network. Each costs a slow hash.
SIGN_UP_RATE = text("SIGN_UP_RATE", "300/m")
for _name, _rate in (("LOGIN_FAILURE_RATE", LOGIN_FAILURE_RATE), ("SIGN_UP_RATE", SIGN_UP_RATE)):
    if not re.fullmatch(r"[1-9][0-9]{0,5}/[smhd]", _rate):
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
