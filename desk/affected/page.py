"""The page that lists whom a change touches, and carries it out once all are decided on."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from desk import phrases
from desk.affected import choices
from desk.affected.choices import Row
from desk.context import caller_of, page
from guests.callers import Caller
from reservations import clock
from reservations.errors import Refusal, ReservationsAffected
from reservations.inventory import hours_changes
from reservations.inventory.affected_reservations import Affected
from reservations.inventory.decisions import Decisions
from reservations.records import load_venue
from venues.models import Venue

Read = Callable[[list[Affected]], list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the clerk. `preview` calls the reader given to it in the changed venue."""

    title: str
    button: str
    venues: Collection[int]
    preview: Callable[[Read], list[Row]]
    may_keep: bool = True
    reason: str = ""
    """The reason that the page suggests for what guests are told."""
    reseats: bool = False
    """True when guests whose unit is not promised get another one without a decision."""


def is_answered(request: HttpRequest) -> bool:
    """True when the page was sent, so that decisions come with the form."""
    return any(name.startswith(choices.MARK) for name in request.POST)


def decisions_of(request: HttpRequest, venue_id: int) -> tuple[Decisions, str, bool]:
    """The decisions that were sent, the reason that guests are told, and whether some lack."""
    decided, is_lacking = choices.decided(load_venue(venue_id), request.POST)
    return decided, request.POST.get(choices.REASON, "").strip(), is_lacking


def ask(request: HttpRequest, question: Question, fault: Refusal | None) -> HttpResponse:
    """Shows whom the change touches, with a choice for each. `fault` is why nothing was done yet.

    None says that decisions are lacking.
    """
    by, now = caller_of(request), clock.now()
    by_venue: dict[int, Venue] = {pk: load_venue(pk) for pk in question.venues}

    def read(affected: list[Affected]) -> list[Row]:
        return [
            row
            for pk in by_venue
            for row in choices.rows_of(
                [one for one in affected if one.reservation.venue_id == pk],
                # As it is with the change.
                load_venue(pk),
                request.POST,
                may_keep=question.may_keep,
                reseats=question.reseats,
                by=by,
                now=now,
            )
        ]

    rows = question.preview(read)
    forget_messages(request)
    answer = page(
        request,
        "affected",
        viewed=[row.row for row in rows],
        title=question.title,
        button=question.button,
        rows=rows,
        fault=_told(request, fault, next(iter(by_venue.values()))),
        for_all=choices.for_all(may_keep=question.may_keep),
        chosen=request.POST.get(choices.ALL, ""),
        reason=request.POST.get(choices.REASON, question.reason),
        sent=[
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name != "csrfmiddlewaretoken" and not name.startswith(choices.MARK)
        ],
    )
    if is_answered(request):
        answer.status_code = 409
    return answer


def guarded(
    request: HttpRequest,
    venues: Collection[int],
    write: Callable[[], HttpResponse],
    *,
    title: str,
) -> HttpResponse:
    """Lets a page of the admin change hours, and asks first whom the change touches.

    `write` carries the page out; a redirect says that it was saved.
    """
    by = caller_of(request)

    def fresh() -> HttpResponse:
        # It may run several times. Only the last tells what it did.
        forget_messages(request)
        return write()

    if not venues:
        return write()
    question = Question(
        title=title,
        button=_("Save, and do this"),
        venues=venues,
        preview=lambda read: hours_changes.as_changed(venues=venues, write=fresh, read=read),
    )
    decided, reason, is_lacking = decisions_of(request, next(iter(venues)))
    act = partial(_change, venues, fresh, decided, reason, by)
    try:
        return act() if not is_lacking else ask(request, question, None)
    except ReservationsAffected as fault:
        refused: Refusal = fault
    except Refusal as fault:
        if not is_answered(request):
            raise
        refused = fault
    return ask(request, question, refused)


def forget_messages(request: HttpRequest) -> None:
    """Drops what this request wanted to tell: it was undone."""
    storage = messages.get_messages(request)
    storage._queued_messages = []  # type: ignore[union-attr]


def _change(
    venues: Collection[int],
    write: Callable[[], HttpResponse],
    decided: Decisions,
    reason: str,
    by: Caller,
) -> HttpResponse:
    return hours_changes.change(
        venues=venues,
        write=write,
        decided=decided,
        reason=reason,
        by=by,
        is_done=lambda answer: answer.status_code == 302,
    )


def _told(request: HttpRequest, fault: Refusal | None, venue: Venue) -> str:
    """Why nothing was done; "" for the first look at the list."""
    if fault is None:
        return _("Choose what becomes of each reservation.")
    if isinstance(fault, ReservationsAffected):
        return fault.detail if is_answered(request) else ""
    about = fault.facts.get("about")
    told = phrases.refusal(fault, venue.zone)
    return f"{about}: {told}" if about else told
