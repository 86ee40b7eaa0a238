"""Counts requests by route and status, and answers `GET /metrics` to METRICS_FROM."""

from collections.abc import Callable
from ipaddress import ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from config.monitoring import counters, metrics
from guests import addresses

PATH = "/metrics"
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Outermost, so that it counts every answer, and is scraped by whatever name of the host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == PATH and request.method == "GET" and may_scrape(request):
            answer = HttpResponse(metrics.scrape(), content_type=CONTENT_TYPE_LATEST)
            answer["Cache-Control"] = "no-store"
            return answer
        response = self.get_response(request)
        method = request.method if request.method in METHODS else "other"
        counters.REQUESTS.labels(method, _route(request), str(response.status_code)).inc()
        return response


def may_scrape(request: HttpRequest) -> bool:
    """Tells whether the client's address, as limits see it, is in METRICS_FROM."""
    peer = request.META.get("REMOTE_ADDR", "")
    client = addresses.client(peer, request.headers.get("X-Forwarded-For", ""))
    return any(client in ip_network(network) for network in settings.METRICS_FROM)


def _route(request: HttpRequest) -> str:
    """The pattern of the address, so that ids and codes make no series of their own."""
    if request.path.startswith(settings.STATIC_URL):
        return "static"
    return request.resolver_match.route if request.resolver_match else "none"
