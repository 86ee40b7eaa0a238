"""Which language a page is in: the chosen one, or what the browser asks for; the API is English."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

_NOTHING = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurity(CSPMiddleware):
    """Composes no policy for JSON: what is shown as a page by mistake has nothing to load."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.get("Content-Type", "").endswith("json"):
            response.headers.setdefault(HEADER, _NOTHING)
            return response
        return super().process_response(request, response)


_API = "/api/"
_OF_THE_API = "en"


class Language(LocaleMiddleware):
    """A program reads the same words in whatever browser it runs, whatever the server's own."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path.startswith(_API):
            translation.activate(_OF_THE_API)
        else:
            super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        return (
            response
            if request.path.startswith(_API)
            else super().process_response(request, response)
        )
