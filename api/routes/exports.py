"""Exports: CSV files that are written in the background, for who asked for them alone."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

import ninja
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router
from ninja.security import APIKeyCookie
from pydantic import Field, ValidationInfo, field_validator

from api import idempotency_keys, languages
from api.auth import PEOPLE, KnownRequest
from api.idempotency_keys import Key
from api.paging import Page, page
from api.replies import as_json, reply
from api.schemas import Bound, InstantOut, Schema, parse_id, problems
from guests import audit, callers
from guests.addresses import address_of
from guests.callers import Caller
from guests.models import User
from notices.exports import downloads, jobs
from notices.models import Export
from notices.models.export import ExportKind
from reservations import idempotency
from reservations.errors import NotFound
from reservations.idempotency import Answer, Once
from reservations.rules import permissions
from reservations.rules.permissions import Act
from venues.models import Venue

router = Router(tags=["people"])
of_venues = Router(tags=["venues"])


class PeriodIn(Schema):
    """Stays that begin in `[from, to)`, instants or dates in UTC. Left out: all."""

    since: Annotated[Bound | None, Field(alias="from")] = None
    until: Annotated[Bound | None, Field(alias="to")] = None

    @field_validator("until")
    @classmethod
    def _in_order(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        since = info.data.get("since")
        if since and until and until <= since:
            raise ValueError("Give a `to` after `from`.")
        return until


class ExportIn(PeriodIn):
    """What is to be in the file, as for `PeriodIn`."""

    kind: Literal["parking", "reservations"]


class ExportOut(ninja.Schema):
    """A file of yours. While one of its kind is written, asking again returns the same."""

    id: str
    kind: Literal["parking", "reservations", "venue"]
    state: Literal["waiting", "running", "done", "failed"]
    rows: Annotated[int, Field(description="How many reservations are in the file by now.")]
    url: Annotated[
        str | None,
        Field(
            description="Where you, and nobody else, get the CSV file, with your token or in the "
            "browser that is logged in. Null until it is done, and once it is over."
        ),
    ]
    created_at: InstantOut
    done_at: Annotated[InstantOut | None, Field(description="When it was complete, or failed.")]
    ends_at: Annotated[InstantOut | None, Field(description="When the file is deleted.")]


class ExportPage(ninja.Schema):
    items: list[ExportOut]
    next_cursor: str | None


class _PageSession(APIKeyCookie):
    """A browser that is logged in on the pages. It follows a link, which changes nothing."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        return request.COOKIES.get(self.param_name)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        return callers.for_user(request.user) if isinstance(request.user, User) else None


@router.post(
    "/me/exports",
    operation_id="createExport",
    auth=PEOPLE,
    response={202: ExportOut, **problems(400, 401, 403, 422)},
)
def create(request: KnownRequest, data: ExportIn, idempotency_key: Key = None) -> HttpResponse:
    """Ask for a file of your own parking or reservations. Read its state at `/me/exports/{id}`."""
    return _started(request, data, data.kind)


@router.get(
    "/me/exports",
    operation_id="listExports",
    auth=PEOPLE,
    response={200: ExportPage, **problems(401, 403, 422)},
)
def search(request: KnownRequest, asked: Query[Page]) -> HttpResponse:
    """List the files you asked for, newest first."""
    mine = Export.objects.filter(user=_person(request))
    return reply(page(mine, asked, lambda one: _document(one, request)))


@router.get(
    "/me/exports/{export_id}",
    operation_id="getExport",
    auth=PEOPLE,
    response={200: ExportOut, **problems(401, 403, 404)},
)
def read(request: KnownRequest, export_id: str) -> HttpResponse:
    """Return the state of a file that you asked for."""
    return reply(_document(_mine(request, export_id), request))


@router.get("/me/exports/{export_id}/file", auth=[*PEOPLE, _PageSession()], include_in_schema=False)
def download(request: KnownRequest, export_id: str) -> StreamingHttpResponse:
    """Send the file to its owner."""
    return downloads.answer(_mine(request, export_id))


@of_venues.post(
    "/{slug:slug}/exports",
    operation_id="createVenueExport",
    auth=PEOPLE,
    response={202: ExportOut, **problems(400, 401, 403, 404, 422)},
)
def create_of_venue(
    request: KnownRequest, slug: str, data: PeriodIn, idempotency_key: Key = None
) -> HttpResponse:
    """Ask for a file of a venue's reservations; managers. Read its state at `/me/exports/{id}`."""
    by = request.auth
    venue = get_object_or_404(Venue, slug=slug)
    permissions.judge(by, Act.EXPORTS, venue.pk)
    answer = _started(request, data, ExportKind.VENUE, venue)
    audit.note("venue.exported", by=by.name, place=address_of(request), venue=venue.slug)
    return answer


def _started(
    request: KnownRequest, data: PeriodIn, kind: str, venue: Venue | None = None
) -> HttpResponse:
    """Starts an export, once for each key of the caller."""
    person = _person(request)
    language = languages.asked(request, account=person)

    def start(once: Once | None) -> Export:
        return idempotency.carry_out(
            lambda: jobs.start(
                person, kind, venue=venue, since=data.since, until=data.until, language=language
            ),
            once,
        )

    def render(made: Export) -> Answer:
        return Answer(HTTPStatus.ACCEPTED, as_json(_document(made, request)).decode())

    return idempotency_keys.carried_out(request, start, by=request.auth, render=render)


def _mine(request: KnownRequest, export_id: str) -> Export:
    found = Export.objects.filter(user=_person(request), pk=parse_id(export_id)).first()
    if found is None:
        raise NotFound
    return found


def _document(export: Export, request: HttpRequest) -> dict[str, Any]:
    address = reverse("api:download", args=[export.pk])
    return {
        "id": str(export.pk),
        "kind": export.kind,
        "state": export.state,
        "rows": export.rows,
        "url": request.build_absolute_uri(address) if jobs.is_ready(export) else None,
        "created_at": export.created_at,
        "done_at": export.done_at,
        "ends_at": export.ends_at,
    }


def _person(request: HttpRequest) -> User:
    """The person of the token or session. These operations let only people in."""
    assert isinstance(request.user, User)
    return request.user
