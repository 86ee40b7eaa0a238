"""What a browser may load for an answer: the policy of the settings for pages, nothing for data."""

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

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
