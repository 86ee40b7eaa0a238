"""What the person logged in wants to be told, when and by what."""

from typing import Annotated, Any, Literal

import ninja
from django.http import HttpRequest
from ninja import Router
from pydantic import Field, StrictBool

from api.auth import PEOPLE
from api.languages import Language
from api.schemas import LocalTime, Schema, problems
from guests.models import User
from notices import preferences

router = Router(tags=["people"])


class Notices(ninja.Schema):
    """What you are told beside confirmations, changes and cancellations, which always come."""

    evening_at: Annotated[str | None, Field(examples=["18:30"])]
    evening_channel: Literal["mail", "chat", "sms"]
    chat_url: str | None
    reminders: bool
    monthly_report: bool
    language: str | None


class NoticesPatch(Schema):
    """Fields that you leave out stay as they are."""

    # Only fields that were sent are read, so these defaults are never used.

    evening_at: LocalTime | None = Field(default_factory=lambda: None)
    evening_channel: Literal["mail", "chat", "sms"] = Field(default_factory=lambda: "mail")
    chat_url: Annotated[str, Field(max_length=400)] | None = Field(default_factory=lambda: None)
    reminders: StrictBool = Field(default_factory=bool)
    monthly_report: StrictBool = Field(default_factory=bool)
    language: Language | None = Field(default_factory=lambda: None)


@router.get(
    "/me/notices",
    operation_id="getMyNotices",
    auth=PEOPLE,
    response={200: Notices, **problems(401, 403)},
)
def read_notices(request: HttpRequest) -> dict[str, Any]:
    """Return what you want to be told, when and by what."""
    return _stated(_person(request))


@router.patch(
    "/me/notices",
    operation_id="updateMyNotices",
    auth=PEOPLE,
    response={200: Notices, **problems(401, 403, 422)},
)
def change_notices(request: HttpRequest, data: NoticesPatch) -> dict[str, Any]:
    """Change what you want to be told. A channel that you choose is allowed with it.

    The evening word comes at `evening_at` by the clock of your `time_zone`, when you have not
    parked for a while or a lot has opened. Null stops it.
    """
    changes = data.model_dump(exclude_unset=True)
    return _stated(preferences.change(_person(request), changes))


def _stated(user: User) -> dict[str, Any]:
    told = preferences.stated(user)
    at = told["evening_at"]
    return {
        **told,
        "evening_at": f"{at:%H:%M}" if at else None,
        "chat_url": told["chat_url"] or None,
        "language": told["language"] or None,
    }


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
