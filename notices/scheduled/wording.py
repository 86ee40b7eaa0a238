"""What reminders, evening words and monthly reports say: as letters, and as short texts."""

from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext, ngettext, override

from notices import links, opt_outs
from notices.channels import Result
from notices.mail.composers import Letter
from notices.models import Delivery
from notices.models.delivery import Outcome
from notices.scheduled import evening_words, letters, monthly_reports, reminders
from notices.scheduled.letters import Content, Table
from notices.short_texts import Escape
from reservations import clock
from reservations.models import Reservation
from reservations.reports.parking_month import MonthFigures
from reservations.status import Status
from venues import local_words
from venues.models import Reminder, Venue


def reminder_letter(delivery: Delivery) -> Letter | Result:
    """Writes the letter of a reminder, or says why none is sent."""
    row = delivery.reservation
    if row is None:
        return _dropped("no reservation")
    if nothing := _why_no_reminder(delivery, row):
        return nothing
    with override(delivery.language or settings.LANGUAGE_CODE):
        content = _reminder(row, delivery.data["counts_from"])
        return letters.letter(
            opt_outs.REMINDER,
            delivery.to,
            content,
            user=row.guest,
            venue=row.venue,
            code=row.code,
        )


def reminder_text(delivery: Delivery, escape: Escape) -> str | None:
    """Writes a reminder as a short text; None where there is nothing to remind of any more."""
    row = delivery.reservation
    if row is None or _why_no_reminder(delivery, row):
        return None
    content = _reminder(row, delivery.data["counts_from"])
    return f"{escape(content.subject)}. {row.code}\n{content.link}"


def evening_letter(delivery: Delivery) -> Letter | Result:
    """Writes the evening word as a letter, or says why none is sent."""
    if opt_outs.is_ended(opt_outs.letters_to(opt_outs.EVENING, delivery.to, delivery.user)):
        return Result(outcome=Outcome.SUPPRESSED, detail="unsubscribed")
    with override(delivery.language or settings.LANGUAGE_CODE):
        lines = evening_words.lines(delivery)
        if lines is None:
            return _dropped("parked meanwhile")
        content = Content(
            subject=gettext("Your evening word"),
            lines=lines,
            link=evening_words.search_link(),
            link_text=gettext("Find a spot"),
            why=gettext("You chose to be told in the evening."),
        )
        return letters.letter(opt_outs.EVENING, delivery.to, content, user=delivery.user)


def report_letter(delivery: Delivery) -> Letter | Result:
    """Writes the monthly report from the figures of this moment, or says why none is sent."""
    user = delivery.user
    if user is None:
        return _dropped("no account any more")
    if why_not := monthly_reports.why_unwanted(user):
        return Result(outcome=Outcome.SUPPRESSED, detail=why_not)
    if user.email != delivery.to:
        return _dropped("the person has another address")
    first = date.fromisoformat(f"{delivery.data['month']}-01")
    figures = monthly_reports.figures_of(user, first, clock.now())
    if not figures.bookings:
        return _dropped("nothing to tell any more")
    with override(delivery.language or settings.LANGUAGE_CODE):
        return letters.letter(
            opt_outs.REPORT, delivery.to, _report(user.display_name, figures), user=user
        )


def _reminder(row: Reservation, counts_from: str) -> Content:
    venue = row.venue
    place = ", ".join(filter(None, (venue.name, venue.address, venue.city)))
    facts = [place, gettext("Your reservation: %(code)s") % {"code": row.code}]
    why = gettext("You get this because you have a reservation.")
    if counts_from == Reminder.CountsFrom.END:
        until = {"venue": venue.name, "when": _when(row.ends_at, venue)}
        return Content(
            subject=gettext("Your time at %(venue)s ends on %(when)s") % until,
            lines=facts,
            link=links.absolute(reverse("web:change", args=[row.code])),
            link_text=gettext("Stay longer"),
            why=why,
        )
    since = {"venue": venue.name, "when": _when(row.starts_at, venue)}
    party = ngettext("For %(count)s person.", "For %(count)s persons.", row.guest_count)
    return Content(
        subject=gettext("Reminder: %(venue)s, %(when)s") % since,
        lines=[*facts, party % {"count": row.guest_count}],
        link=links.absolute(reverse("web:reservation", args=[row.code])),
        link_text=gettext("See, change or cancel it"),
        why=why,
    )


def _report(name: str, figures: MonthFigures) -> Content:
    month = _month(figures.first)
    lines = [
        gettext("Hello %(name)s,") % {"name": name},
        ngettext(
            "You parked %(count)s time in %(month)s.",
            "You parked %(count)s times in %(month)s.",
            figures.bookings,
        )
        % {"count": figures.bookings, "month": month},
    ]
    if figures.lot is not None:
        told = ngettext(
            "Most used lot: %(lot)s (%(count)s time).",
            "Most used lot: %(lot)s (%(count)s times).",
            figures.lot_visits,
        )
        lines.append(told % {"lot": figures.lot.name, "count": figures.lot_visits})
    amounts = sorted(figures.spent.items())
    spent = ", ".join(local_words.money(amount, currency) for currency, amount in amounts)
    lines.append(gettext("Amount spent: %(amount)s.") % {"amount": spent})
    rows = [(_month(first), str(count)) for first, count in figures.by_month]
    return Content(
        subject=gettext("Your parking in %(month)s") % {"month": month},
        lines=lines,
        table=Table(caption=gettext("Bookings per month"), rows=rows),
        link=links.absolute(reverse("web:my_parking")),
        link_text=gettext("All your parking"),
        why=gettext("You get this report each month in which you parked."),
    )


def _why_no_reminder(delivery: Delivery, row: Reservation) -> Result | None:
    if row.status_at(clock.now()) not in (Status.UPCOMING, Status.PRESENT):
        return _dropped("the reservation does not stand")
    counted = reminders.counted(row, delivery.data["counts_from"])
    if counted != datetime.fromisoformat(delivery.data["at"]):
        return Result(outcome=Outcome.SUPERSEDED, detail="the stay was moved")
    to = reminders.receiver(row, delivery.channel)
    if not to:
        return Result(outcome=Outcome.SUPPRESSED, detail="the guest wants none")
    if to != delivery.to:
        return _dropped("the guest has another address")
    if opt_outs.is_ended(opt_outs.letters_to(opt_outs.REMINDER, delivery.to, row.guest)):
        return Result(outcome=Outcome.SUPPRESSED, detail="unsubscribed")
    return None


def _dropped(why: str) -> Result:
    return Result(outcome=Outcome.DROPPED, detail=why)


def _when(at: datetime, venue: Venue) -> str:
    return f"{local_words.short_day(at, venue)} {local_words.clock(at, venue)}"


def _month(first: date) -> str:
    return formats.date_format(first, "F Y")
