"""Accounts: sign-up, log-in, profile, favourites, export and erasure."""

from datetime import time
from functools import partial
from typing import Annotated, Any, TypeVar

import ninja
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status
from pydantic import Field, StrictBool

from api import idempotency_keys, limits, logins, paging
from api.auth import PEOPLE, BrowserSession, holder_of_refresh_token
from api.contacts import EMAIL, NAME, PHONE
from api.idempotency_keys import Key
from api.schemas import InstantOut, Schema, problems
from guests import accounts, audit, callers, tokens
from guests.addresses import address_of
from guests.credentials import session_tokens
from guests.models import Favourite, User
from notices import preferences
from notices.scheduled import time_zones
from reservations import idempotency
from reservations.idempotency import Answer
from reservations.privacy import data_export, erasure
from venues.models import Venue

router = Router(tags=["people"])

T = TypeVar("T")

Name = NAME
Phone = PHONE
Email = EMAIL
Password = Annotated[str, Field(min_length=1, max_length=1024)]
Token = Annotated[str, Field(min_length=1, max_length=4096)]


class SignUp(Schema):
    email: Email
    password: Password
    first_name: Name
    last_name: Name
    phone: Phone


class LogIn(Schema):
    email: Email
    password: Password


class Refresh(Schema):
    refresh: Token


class TokenPair(ninja.Schema):
    """`expires_in` is how long `access` is valid, in seconds. `refresh` can be used once."""

    access: str
    refresh: str
    token_type: str = "Bearer"  # noqa: S105 - a word of OAuth 2
    expires_in: int


class Person(ninja.Schema):
    """Contact data and preferences. Reservations take them from here."""

    id: str
    email: str
    first_name: str
    last_name: str
    display_name: str
    phone: str
    receive_email_updates: bool
    receive_phone_call: bool
    receive_text_notification: bool
    role: str
    time_zone: str
    created_at: InstantOut

    @staticmethod
    def resolve_id(user: User) -> str:
        return str(user.pk)

    @staticmethod
    def resolve_time_zone(user: User) -> str:
        return time_zones.name_of(user)


class Profile(Schema):
    """Fields that you leave out stay as they are."""

    removable = frozenset(accounts.PREFERENCES)

    # Only fields that were sent are read, so these defaults are never used. The document leaves
    # them out.

    first_name: Name = Field(default_factory=str)
    last_name: Name = Field(default_factory=str)
    phone: Phone = Field(default_factory=str)
    receive_email_updates: StrictBool = Field(default_factory=bool)
    receive_phone_call: StrictBool = Field(default_factory=bool)
    receive_text_notification: StrictBool = Field(default_factory=bool)
    time_zone: Annotated[str, Field(max_length=64)] | None = Field(default_factory=lambda: None)


class FavouriteVenue(ninja.Schema):
    slug: str
    name: str
    kind: str
    city: str
    since: InstantOut


class FavouritePage(ninja.Schema):
    items: list[FavouriteVenue]
    next_cursor: str | None


class ExportedProfile(Person):
    last_login: InstantOut | None
    language: str
    reminders: bool
    monthly_report: bool
    evening_at: time | None
    evening_channel: str
    chat_url: str
    evening_since: InstantOut | None

    @staticmethod
    def resolve_time_zone(user: User) -> str:
        return user.time_zone


class ExportedFavourite(ninja.Schema):
    slug: str
    created_at: InstantOut


class ExportedReview(ExportedFavourite):
    stars: int
    text: str


class ExportedLogIn(ninja.Schema):
    created_at: InstantOut
    expires_at: InstantOut
    revoked_at: InstantOut | None


class ExportedProvider(ninja.Schema):
    provider: str
    uid: str
    extra_data: dict[str, Any]
    date_joined: InstantOut
    last_login: InstantOut


class ExportedAddress(ninja.Schema):
    email: str
    verified: bool
    primary: bool


class ExportedClient(ninja.Schema):
    """The person as a practice entered them."""

    slug: str
    first_name: str
    last_name: str
    email: str
    phone: str
    created_at: InstantOut


class ExportedSession(ninja.Schema):
    """A browser that is logged in."""

    expires_at: InstantOut


class Export(ninja.Schema):
    """All data that the server holds about a person."""

    profile: ExportedProfile
    favourites: list[ExportedFavourite]
    reviews: list[ExportedReview]
    addresses: list[ExportedAddress]
    clients: list[ExportedClient]
    sessions: list[ExportedSession]
    log_ins: list[ExportedLogIn]
    sign_in_providers: list[ExportedProvider]
    reservations: list[dict[str, Any]]
    further: Annotated[
        dict[str, list[dict[str, Any]]],
        Field(description="What is held beside it, by kind, such as letters that were sent."),
    ]


@router.post(
    "/auth/signup",
    operation_id="signUp",
    auth=None,
    response={201: Person, **problems(409, 422, 429)},
)
def sign_up(request: HttpRequest, data: SignUp, idempotency_key: Key = None) -> HttpResponse:
    """Create an account. A phone number without country code is read in the server's region."""
    told = limits.sign_up_gate(request)
    draft = accounts.draft_guest(**data.model_dump())
    act = partial(idempotency.carry_out, partial(accounts.register, draft))
    answer = idempotency_keys.carried_out(request, act, by=callers.ANONYMOUS, render=_signed_up)
    for name, value in told.items():
        answer[name] = value
    return answer


@router.post(
    "/auth/login",
    operation_id="logIn",
    auth=None,
    response={200: TokenPair, **problems(401, 422, 429)},
)
def log_in(request: HttpRequest, response: HttpResponse, data: LogIn) -> tokens.Pair:
    """Log in. After many failures for one e-mail address, wait (429)."""
    return _private(response, logins.log_in(request, response, **data.model_dump()))


@router.post(
    "/auth/refresh",
    operation_id="refreshTokens",
    auth=None,
    response={200: TokenPair, **problems(401, 422)},
)
def refresh(request: HttpRequest, response: HttpResponse, data: Refresh) -> tokens.Pair:
    """Get a new pair of tokens. The token sent is spent: sending it again ends the log-in."""
    return _private(response, tokens.rotate(data.refresh))


@router.post(
    "/auth/logout",
    operation_id="logOut",
    auth=[holder_of_refresh_token, *PEOPLE],
    response={204: None, **problems(401, 403, 422)},
)
def log_out(request: HttpRequest, data: Refresh) -> Status[None]:
    """Log out. The refresh token is enough, also after the access token has expired."""
    tokens.revoke(data.refresh)
    return Status(204, None)


@router.post(
    "/auth/session",
    operation_id="createSessionTokens",
    auth=BrowserSession(),
    response={200: TokenPair, **problems(401, 403)},
)
def tokens_of_session(request: HttpRequest, response: HttpResponse) -> tokens.Pair:
    """Get tokens for a person who logged in on the pages, also through a provider.

    Send the session cookie, and the CSRF token as `X-CSRFToken`. The tokens end when the person
    logs out on the pages.
    """
    return _private(response, session_tokens.issue(_person(request), request.session))


@router.get("/me", operation_id="getMe", auth=PEOPLE, response={200: Person, **problems(401, 403)})
def read_me(request: HttpRequest) -> User:
    """Return the contact data and preferences of the person logged in."""
    return _person(request)


@router.patch(
    "/me", operation_id="updateMe", auth=PEOPLE, response={200: Person, **problems(401, 403, 422)}
)
def change_me(request: HttpRequest, data: Profile) -> User:
    """Change contact data and preferences. The e-mail address cannot be changed."""
    changes = data.model_dump(exclude_unset=True)
    return preferences.change_profile(_person(request), changes)


@router.get(
    "/me/export", operation_id="exportMe", auth=PEOPLE, response={200: Export, **problems(401, 403)}
)
def export_me(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """Return all data that the server holds about the person logged in."""
    user = _person(request)
    by, about = callers.for_user(user).name, f"user:{user.pk}"
    audit.note("person.exported", by=by, place=address_of(request), about=about)
    return _private(response, data_export.of_account(user))


@router.delete(
    "/me", operation_id="deleteMe", auth=PEOPLE, response={204: None, **problems(401, 403, 409)}
)
def erase_me(request: HttpRequest) -> Status[None]:
    """Erase the person and cancel their upcoming reservations.

    During a stay, and for the last administrator: 409.
    """
    user = _person(request)
    erasure.erase_person(user, by=callers.for_user(user))
    return Status(204, None)


@router.get(
    "/me/favourites",
    operation_id="listFavourites",
    auth=PEOPLE,
    response={200: FavouritePage, **problems(401, 403, 422)},
)
def list_favourites(request: HttpRequest, page: Query[paging.Page]) -> dict[str, Any]:
    """List the favourite venues of the person logged in, newest first."""
    marked = _person(request).favourites.select_related("venue")
    return paging.page(marked, page, _favourite_venue)


@router.put(
    "/me/favourites/{slug:venue}",
    operation_id="addFavourite",
    auth=PEOPLE,
    response={204: None, **problems(401, 403, 404)},
)
def mark_favourite(request: HttpRequest, venue: str) -> Status[None]:
    """Mark a venue as a favourite. Repeating it changes nothing."""
    found = get_object_or_404(Venue, slug=venue, is_active=True)
    accounts.mark_favourite(_person(request), found.pk)
    return Status(204, None)


@router.delete(
    "/me/favourites/{slug:venue}",
    operation_id="removeFavourite",
    auth=PEOPLE,
    response={204: None, **problems(401, 403, 404)},
)
def unmark_favourite(request: HttpRequest, venue: str) -> Status[None]:
    """Remove a venue from the favourites. Does nothing if it is not one."""
    found = get_object_or_404(Venue, slug=venue)
    accounts.unmark_favourite(_person(request), found.pk)
    return Status(204, None)


def _signed_up(user: User) -> Answer:
    return Answer(201, Person.from_orm(user).model_dump_json(), about=user.pk)


def _person(request: HttpRequest) -> User:
    """The person of the token or session. These operations let only people in."""
    assert isinstance(request.user, User)
    return request.user


def _private(response: HttpResponse, answer: T) -> T:
    response["Cache-Control"] = "no-store"
    return answer


def _favourite_venue(row: Favourite) -> FavouriteVenue:
    venue = row.venue
    return FavouriteVenue(
        slug=venue.slug, name=venue.name, kind=venue.kind, city=venue.city, since=row.created_at
    )
