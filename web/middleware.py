"""Middleware of pages and API: security policy, language, and 503 where too many log in."""

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from web import unavailable

_API = "/api/"
_OF_THE_API = "en"
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


class NoStore:
    """Keeps pages of somebody out of every store, the browser's own among them.

    A browser may otherwise show them again after a log-out, when somebody presses Back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path.startswith(_API) and _is_of_somebody(request):
            response["Cache-Control"] = "no-store, private"
        return response


def _is_of_somebody(request: HttpRequest) -> bool:
    """Tells whether a page was made for a session that holds something."""
    session = request.session
    return bool(session.accessed and not session.is_empty())


class TooManyLogIns:
    """Answers 503 where more people log in than this process can check."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        return unavailable.busy(request, fault)


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
