"""Completes every answer below `/api/`: HEAD works where GET does, and errors are problem
documents.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from api import limits
from api.errors import failure, problem

_DETAILS = {
    400: "This request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
}

_OF_ITS_BODY = ("Content-Type", "Content-Length", "Content-Language")


class ProblemDocuments:
    """Outermost middleware: unknown paths, wrong methods and faults get problem documents too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        answer = self._head if request.method == "HEAD" else self._answer
        return answer(request)

    def _head(self, request: HttpRequest) -> HttpResponse:
        """The answer to GET without its body. Operations only declare GET."""
        request.method = "GET"
        response = self._answer(request)
        request.method = "HEAD"
        length = str(len(response.content))
        response.content = b""
        response["Content-Length"] = length
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not _is_told(response):
            response = _replaced(request, response)
        limits.tell_partner(request, response)
        # Answers depend on the caller, and a shared cache cannot tell one API key from another.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def _is_told(response: HttpResponse) -> bool:
    """Says whether a response is no error, or already a problem document."""
    is_problem = response.get("Content-Type", "").startswith("application/problem+json")
    return is_problem or response.status_code < HTTPStatus.BAD_REQUEST


def _replaced(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    status = HTTPStatus(response.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failure(request)
    code = status.phrase.lower().replace(" ", "_")
    # Keep the security headers that other middleware has set.
    kept = {name: value for name, value in response.items() if name not in _OF_ITS_BODY}
    if "Allow" in kept:
        kept["Allow"] = _with_head(kept["Allow"])
    detail = _DETAILS.get(status, status.description or status.phrase)
    return problem(request, status=status, code=code, detail=detail, headers=kept)


def _with_head(allowed: str) -> str:
    methods = sorted(allowed.split(", "))
    return ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
