"""The other origins whose pages may call the API and open boards. By default none."""

import re

from django.core.exceptions import ImproperlyConfigured

from settings.environment import names

CORS_ALLOWED_ORIGINS = names("CORS_ALLOWED_ORIGINS")
"""Origins as browsers send them: `https://shop.example`, with the port if it is not the default."""

# No "*" and no "null": any page in a sandboxed frame has the origin "null".
_ORIGIN = re.compile(r"https?://(?!\.)([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
if not all(_ORIGIN.fullmatch(origin) for origin in CORS_ALLOWED_ORIGINS):
    raise ImproperlyConfigured(
        "CORS_ALLOWED_ORIGINS is not valid: expected origins such as https://shop.example, in "
        "small letters and without a path, separated by commas."
    )

CORS_URLS_REGEX = r"^/api/"
# Callers send tokens and keys in headers. Cookies of this site are not for other origins.
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
CORS_ALLOW_HEADERS = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "x-api-key",
)
CORS_EXPOSE_HEADERS = (
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Request-Id",
    "Retry-After",
)
