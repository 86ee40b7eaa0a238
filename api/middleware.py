"""What is the same of every answer below `/api/`: HEAD wherever GET is, errors as problems."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from api.errors import failure, problem

_DETAILS = {
    400: "This request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
}

_OF_ITS_BODY = ("Content-Type", "Content-Length", "Content-Language")


class ProblemDocuments:
    """Outermost middleware: unknown paths, wrong methods and faults answer like operations do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        answer = self._head if request.method == "HEAD" else self._answer
        return answer(request)

    def _head(self, request: HttpRequest) -> HttpResponse:
        """What GET answers, without its body; operations say GET alone."""
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
    # Those that other middlewares have set for safety are of this answer too.
    kept = {name: value for name, value in response.items() if name not in _OF_ITS_BODY}
    if "Allow" in kept:
        kept["Allow"] = _with_head(kept["Allow"])
    detail = _DETAILS.get(status, status.description or status.phrase)
    return problem(request, status=status, code=code, detail=detail, headers=kept)


def _with_head(allowed: str) -> str:
    methods = sorted(allowed.split(", "))
    return ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
