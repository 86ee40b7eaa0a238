"""Turns what leaves `/api/` as an error page, from Django itself, into a problem document."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from api.errors import failure, problem

_DETAILS = {
    400: "This request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
}


class ProblemDocuments:
    """Outermost middleware: unknown paths, wrong methods and faults answer like operations do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith("/api/"):
            return response
        if not _is_told(response):
            response = _replaced(request, response)
        # What is told depends on who asks, and a cache between does not know a key from another.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def _is_told(response: HttpResponse) -> bool:
    """Whether it is no error, or one that says what is wrong already."""
    is_problem = response.get("Content-Type", "").startswith("application/problem+json")
    return is_problem or response.status_code < HTTPStatus.BAD_REQUEST


def _replaced(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    status = HTTPStatus(response.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failure(request)
    code = status.phrase.lower().replace(" ", "_")
    allow = {"Allow": response["Allow"]} if response.has_header("Allow") else {}
    detail = _DETAILS.get(status, status.description or status.phrase)
    return problem(request, status=status, code=code, detail=detail, headers=allow)
