"""Hosts, cookies, security headers and proxies. config/checks.py refuses unsafe combinations."""

from csp.constants import NONE, SELF

from settings import secrets
from settings.bookings import PAY_RETURN_ORIGINS, PAYMENTS
from settings.environment import flag, integer, json_value, names
from settings.sign_in import origins

SECRET_KEY = secrets.SECRET_KEY
SECRET_KEY_FALLBACKS = names("SECRET_KEY_FALLBACKS")
"""Keys of before: what they signed and encrypted, such as webhooks' secrets, is still read."""
JWT_SECRET = secrets.JWT_SECRET

DEBUG = flag("DEBUG", default=False)
ALLOWED_HOSTS = names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = names("CSRF_TRUSTED_ORIGINS")

HTTPS = flag("HTTPS", default=False)
"""True if guests reach the product by https. Cookies and redirects follow it."""
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = integer("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"

# What a page may load: nothing inline and nothing from other sites.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # The style sheets of the API's documentation have small images inside.
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        # Signing in with a provider sends a form there, and so does paying, and coming back.
        "form-action": [
            SELF,
            *origins(json_value("SIGN_IN_PROVIDERS", [])),
            *(origin for values in PAYMENTS.values() for origin in values.get("origins", [])),
            *PAY_RETURN_ORIGINS,
        ],
        "frame-ancestors": [NONE],
    }
}

TRUSTED_PROXIES = integer("TRUSTED_PROXIES", 0, most=10)
"""How many proxies in front add to X-Forwarded-For. With 0 the header is ignored."""
if flag("BEHIND_HTTPS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

METRICS_FROM = names("METRICS_FROM", ["127.0.0.0/8", "::1/128"])
"""Networks whose addresses may read /metrics, judged as limits judge addresses."""

DATA_UPLOAD_MAX_MEMORY_SIZE = integer("MAX_BODY_BYTES", 256 * 1024, least=1024)

DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
"""The size of a body bounds forms. This lets whoever chose thousands of rows act on all of them."""

PASSWORD_HASHERS = [
    "guests.credentials.password_hashes.BoundedArgon2",
    "guests.credentials.password_hashes.BoundedPBKDF2",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
