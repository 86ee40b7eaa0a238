"""A Ninja operation that parses a request of the same shape and returns it, without a database."""

from datetime import datetime

from django.http import HttpRequest
from django.urls import path
from ninja import NinjaAPI, Schema

api = NinjaAPI(urls_namespace="trivial", docs_url=None, openapi_url=None)


class Wish(Schema):
    """The body of POST /reservations."""

    venue: str
    resource: str | None = None
    starts_at: datetime
    ends_at: datetime
    first_name: str
    last_name: str
    phone: str
    email: str
    guest_count: int


@api.post("/reservations", response={201: Wish})
def create(request: HttpRequest, wish: Wish) -> tuple[int, Wish]:
    """Returns the request."""
    return 201, wish


urlpatterns = [path("api/v1/", api.urls)]
