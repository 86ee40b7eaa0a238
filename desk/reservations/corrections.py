"""Pages that put a reservation right: undo an arrival or departure, or reinstate it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as now_said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from desk import phrases
from desk.context import caller_of, form_page, mine, onward, turned_away
from desk.fields import LocalTimeField, time_field
from guests.form_fields import UncutField
from reservations import actions, clock
from reservations.corrections import (
    check_in_undos,
    check_out_undos,
    reinstatements,
    rest_releases,
)
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import Invalid, Refusal
from reservations.models import Reservation
from reservations.rules import modes, permissions
from reservations.rules.permissions import LONGEST_REASON, Act
from venues.hours import Window


class CorrectionForm(forms.Form):
    """Asks for the reason, and for what the verb needs besides."""

    reason = UncutField(label=_("Reason"), max_length=LONGEST_REASON)

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.venue = reservation.venue

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order."""
        return [(None, {"fields": list(self.fields)})]

    def wish(self) -> dict[str, Any]:
        """The arguments of the verb. Call it on a valid form only."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}

    def refuse(self, fault: Refusal) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        name = fault.field if isinstance(fault, Invalid) else None
        told = phrases.refusal(fault, self.venue.zone)
        self.add_error(name if name in self.fields else None, told)


class ReinstateForm(CorrectionForm):
    """Asks when the guest came, once the reservation has ended."""

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        if reinstatements.needs_arrival(reservation, now):
            self.fields["arrived_at"] = LocalTimeField(
                zone=self.venue.zone,
                label=_("The guest came at"),
                initial=reservation.starts_at,
                help_text=_("It has ended. Only a stay that took place can be entered."),
            )


class ReleaseForm(CorrectionForm):
    """Asks from when a no-show's time is free, and what is charged."""

    charge = forms.ChoiceField(
        label=_("Charge"),
        choices=[
            (RestCharge.ALL, _("the whole price")),
            (RestCharge.FEE, _("the fee for cancelling it")),
            (RestCharge.NOTHING, _("nothing")),
        ],
        help_text=_("for the time that is given up"),
    )

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, reservation=reservation, now=now, **kwargs)
        since = time_field(self.venue, label=_("Free from"))
        since.initial = max(reservation.starts_at, now)
        if modes.sells_nights(self.venue):
            first, _last = modes.local_dates(
                self.venue, Window(reservation.starts_at, reservation.ends_at)
            )
            since.initial = max(first, modes.business_date(self.venue, now))
            since.help_text = _("the first night that is free")
        self.fields = {"since": since, **self.fields}

    def wish(self) -> dict[str, Any]:
        values = self.cleaned_data
        charge = RestCharge(values["charge"])
        release = Release(charge=charge, reason=values["reason"], since=values["since"])
        return {"release": release}

    def refuse(self, fault: Refusal) -> None:
        if isinstance(fault, Invalid) and fault.field == "from":
            self.add_error("since", fault.detail)
        else:
            super().refuse(fault)


class Correction:
    """A verb that asks for a reason: its engine verb, its `may`, its form and its texts.

    `needs` is the act that the clerk's role must allow.
    """

    def __init__(
        self,
        act: Callable[..., Reservation],
        may: Callable[[Reservation, datetime], bool],
        form: type[CorrectionForm],
        *,
        title: str | Promise,
        button: str | Promise,
        done: str | Promise,
        needs: Act = Act.DESK,
    ) -> None:
        self.act, self.may, self.form, self.needs = act, may, form, needs
        self.title, self.button, self.done = title, button, done


CORRECTIONS: dict[str, Correction] = {
    "undo_check_in": Correction(
        actions.undo_check_in,
        check_in_undos.may,
        CorrectionForm,
        title=_("Undo the check-in of %(code)s"),
        button=_("Undo check-in"),
        done=_("The check-in of %(code)s is undone."),
    ),
    "undo_check_out": Correction(
        actions.undo_check_out,
        check_out_undos.may,
        CorrectionForm,
        title=_("Undo the check-out of %(code)s"),
        button=_("Undo check-out"),
        done=_("The check-out of %(code)s is undone."),
    ),
    "reinstate": Correction(
        actions.reinstate,
        reinstatements.may,
        ReinstateForm,
        title=_("Reinstate reservation %(code)s"),
        button=_("Reinstate"),
        done=_("%(code)s is reinstated."),
    ),
    "release_rest": Correction(
        actions.release_rest,
        rest_releases.may,
        ReleaseForm,
        title=_("Release the rest of %(code)s"),
        button=_("Release the rest"),
        done=_("The rest of %(code)s is free."),
    ),
}
"""The corrections of the desk, by the name of their verb."""


@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, reservation_id: int, correction: Correction) -> HttpResponse:
    """Asks for a reason, then carries out the verb of a correction."""
    by, now = caller_of(request), clock.now()
    row = mine(reservation_id, by)
    if not permissions.may(by, correction.needs, row.venue_id):
        raise PermissionDenied
    if request.method == "GET" and not correction.may(row, now):
        refused = now_said("%(code)s is %(status)s: this cannot be done with it. (wrong_status)")
        return turned_away(request, row, refused, now)
    form = correction.form(request.POST or None, reservation=row, now=now)
    if request.method == "POST" and form.is_valid():
        try:
            correction.act(reservation_id=reservation_id, by=by, **form.wish())
        except Refusal as fault:
            form.refuse(fault)
        else:
            messages.success(request, str(correction.done) % {"code": row.code})
            return onward(request, reservation_id)
    return form_page(
        request,
        form,
        title=str(correction.title) % {"code": row.code},
        button=correction.button,
        lead=f"{row.first_name} {row.last_name}, "
        + phrases.span(row.starts_at, row.ends_at, row.venue.zone),
        row=row,
    )
