"""Middleware of pages and API: the content security policy, and the language."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

_NOTHING = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurity(CSPMiddleware):
    """Sends a short policy with JSON. If a browser shows it as a page, that page can
    load nothing.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Adds the policy to a response."""
        if response.get("Content-Type", "").endswith("json"):
            response.headers.setdefault(HEADER, _NOTHING)
            return response
        return super().process_response(request, response)


_API = "/api/"
_OF_THE_API = "en"


class Language(LocaleMiddleware):
    """Chooses the language of pages by cookie or browser. The API is always in English."""

    def process_request(self, request: HttpRequest) -> None:
        """Activates the language of a request."""
        if request.path.startswith(_API):
            translation.activate(_OF_THE_API)
        else:
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Adds the language headers to pages. The API has none."""
        return (
            response
            if request.path.startswith(_API)
            else super().process_response(request, response)
        )
