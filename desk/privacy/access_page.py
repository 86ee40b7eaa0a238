"""The page for administrators that shows who viewed personal data, and its CSV file."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from desk import viewed
from desk.context import caller_of, page
from desk.scoping import is_administrator
from guests import audit, phones
from guests.addresses import address_of
from guests.emails import fold
from guests.errors import ContactInvalid
from guests.form_fields import UncutField
from guests.models import User
from reservations.models import AccessRecord, Reservation
from reservations.privacy import access_log, subjects
from reservations.privacy.subjects import DataSubject
from spelling import csv_files, dates, search_text
from venues.models import Venue

MOST_SHOWN = 100
MOST_EXPORTED = 50_000
COLUMNS = ("at", "reader", "reader_kind", "why", "place", "venue", "reservation", "account")

_UTC = ZoneInfo("UTC")
_LONGEST = User._meta.get_field("email").max_length


class LogForm(forms.Form):
    """What the log is filtered by. Every field may be empty."""

    reader = UncutField(
        label=gettext_lazy("Reader: e-mail address or partner"), max_length=_LONGEST, required=False
    )
    person = UncutField(
        label=gettext_lazy("Person: e-mail address, phone or reservation code"),
        max_length=_LONGEST,
        required=False,
    )
    day = forms.DateField(
        input_formats=dates.FORMATS,
        label=gettext_lazy("Day (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


@never_cache
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Shows who viewed whose data, newest first, by reader, person and day."""
    _judge(request)
    form = LogForm(request.GET)
    records = _found(form)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        records = records.filter(pk__lt=int(before))
    found = list(records[: MOST_SHOWN + 1])
    query = request.GET.copy()
    query.pop("before", None)
    return page(
        request,
        "access_log",
        title=_("Who viewed personal data"),
        form=form,
        rows=told(found[:MOST_SHOWN]),
        query=query.urlencode(),
        older=found[MOST_SHOWN - 1].pk if len(found) > MOST_SHOWN else None,
        days=settings.ACCESS_LOG_KEPT.days,
    )


@never_cache
@require_GET
def log_file(request: HttpRequest) -> HttpResponse:
    """Sends what `log` shows as CSV, at most MOST_EXPORTED rows."""
    _judge(request)
    found = list(_found(LogForm(request.GET))[:MOST_EXPORTED])
    rows = csv_files.rows([row[name] for name in COLUMNS] for row in told(found))
    reader, _kind = viewed.reader_of(request)
    audit.note("access_log.exported", by=reader, place=address_of(request), rows=len(found))
    answer = HttpResponse(csv_files.row(COLUMNS) + rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="holdfast-access-log.csv"'
    return answer


def told(records: list[AccessRecord]) -> list[dict[str, Any]]:
    """Puts records into words, in three queries: names of readers and people, venues, codes.

    Where somebody or something is gone, its id stands for it.
    """
    ids = {int(one.reader[5:]) for one in records if one.reader.startswith("user:")}
    ids |= {one.user_id for one in records if one.user_id is not None}
    emails = dict(User.objects.filter(pk__in=ids).values_list("pk", "email"))
    venues = dict(
        Venue.objects.filter(pk__in={one.venue_id for one in records}).values_list("pk", "name")
    )
    codes = dict(
        Reservation.objects.filter(pk__in={one.reservation_id for one in records}).values_list(
            "pk", "code"
        )
    )
    return [
        {
            "at": f"{one.at.astimezone(_UTC):%Y-%m-%d %H:%M:%S}",
            "reader": _reader(one.reader, emails),
            "reader_kind": one.reader_kind,
            "why": one.why,
            "place": one.place,
            "venue": _name(one.venue_id, venues),
            "reservation": _name(one.reservation_id, codes),
            "reservation_id": one.reservation_id if one.reservation_id in codes else None,
            "account": _name(one.user_id, emails),
        }
        for one in records
    ]


def _judge(request: HttpRequest) -> None:
    """Raises PermissionDenied for anybody but administrators."""
    caller_of(request)
    if not is_administrator(request):
        raise PermissionDenied


def _found(form: LogForm) -> QuerySet[AccessRecord]:
    records = AccessRecord.objects.all()
    if not form.is_valid():
        return records.none()
    asked = form.cleaned_data
    if person := asked["person"].strip():
        records = access_log.of_subject(_subject(person))
    if reader := asked["reader"].strip():
        records = records.filter(reader__in=_readers(reader))
    if day := asked["day"]:
        start = datetime.combine(day, time(), tzinfo=_UTC) if day < date.max else None
        if start is None:
            return records.none()
        records = records.filter(at__gte=start, at__lt=start + timedelta(days=1))
    return records.order_by("-pk")


def _readers(asked: str) -> list[str]:
    users = User.objects.filter(email=fold(asked)).values_list("pk", flat=True)
    return [asked, f"partner:{asked}", *(f"user:{pk}" for pk in users)]


def _subject(asked: str) -> DataSubject:
    if "@" in asked:
        return subjects.search(email=asked)
    row = Reservation.objects.filter(code=search_text.code(asked)).first()
    if row is not None:
        return DataSubject(reservation_ids=frozenset({row.pk}))
    try:
        return subjects.search(phone=phones.parse(asked, settings.DEFAULT_PHONE_REGION))
    except ContactInvalid:
        return DataSubject()


def _reader(name: str, emails: dict[int, str]) -> str:
    kind, _colon, pk = name.partition(":")
    return emails.get(int(pk), name) if kind == "user" else name


def _name(pk: int | None, names: dict[int, str]) -> str:
    return "" if pk is None else names.get(pk, str(pk))
