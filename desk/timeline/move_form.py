"""The form that moves a reservation to another unit or start. Its length stays."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from desk import phrases
from desk.fields import UnitField, time_field
from desk.reservations import money_fields
from guests.errors import GuestError
from guests.form_fields import UncutField
from reservations.errors import Invalid, Refusal
from reservations.models import Reservation
from reservations.requests import Change, Times
from reservations.rules import modes
from reservations.status import Status
from venues.hours import Window

_OF_TIME = (
    "too_soon", "too_far", "closed", "not_offered", "taken", "held_by_other", "too_short",
    "too_long",
)  # fmt: skip


class MoveForm(forms.Form):
    """Asks for unit and start. Without a unit, the reservation keeps its own or gets
    any free one.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    category = forms.SlugField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, reservation: Reservation, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reservation, self.venue = reservation, reservation.venue
        self.sold = Window(reservation.starts_at, reservation.ends_at)
        units = self.venue.resources.filter(retired_at=None).select_related("category")
        self.fields["resource"] = UnitField(
            units, label=_("Unit"), required=False, empty_label=_("as it is, or any that is free")
        )
        self.fields["start"] = self._field(_("Starts"))
        self.fields["end"] = self._field("", is_hidden=True)
        self.fields["override_reason"] = UncutField(
            label=_("Reason to override"),
            max_length=200,
            required=False,
            help_text=_("sets the venue's policy and hours aside for this one, and is recorded"),
        )
        self.fields.update(money_fields.fields())
        if reservation.status_at(now) is Status.PRESENT:
            self.fields["start"].disabled = True
            self.fields["start"].help_text = _("the guest is here: only the unit can change")
        self.initial.update(start=self._start(), version=reservation.version)

    @property
    def fieldsets(self) -> list[tuple[str | None, dict[str, Any]]]:
        """The fields in their order."""
        return [
            (None, {"fields": ["resource", "start", "override_reason"]}),
            (str(money_fields.TITLE), {"fields": [*money_fields.NAMES]}),
        ]

    def change(self) -> Change | None:
        """Returns the change for the engine, or None if nothing would change."""
        values = self.cleaned_data
        unit, category = values["resource"], values["category"] or None
        start = values["start"] or self._start()
        times = self._times(start, values["end"])
        stays = unit is None or self._is_on(unit.pk)
        if stays and times is None and category is None:
            return None
        return Change(
            times=times,
            category=category if unit is None else None,
            resource=unit.pk if unit is not None else None,
            version=values["version"],
            override_reason=values["override_reason"],
            **money_fields.words_of(values),
        )

    def refuse(self, fault: Refusal | GuestError) -> None:
        """Shows a refusal beside its field, or at the top if it has none here."""
        beside = {
            "no_choice": "resource", "party_too_large": "resource", "fee_applies": "late_fee",
        }  # fmt: skip
        name = "start" if fault.code in _OF_TIME else beside.get(fault.code)
        if isinstance(fault, Invalid) and fault.field in self.fields:
            name = fault.field
        self.add_error(name, phrases.refusal(fault, self.venue.zone))

    def _times(self, start: Any, end: Any) -> Times | None:
        if end is None and ("start" not in self.changed_data or start == self._start()):
            return None
        return modes.moved(self.venue, self.sold, start, end)

    def _start(self) -> Any:
        start, _ = modes.fields(self.venue, self.sold).values()
        return start

    def _is_on(self, unit: int) -> bool:
        live = self.reservation.allocations.filter(is_live=True)
        return list(live.values_list("resource_id", flat=True)) == [unit]

    def _field(self, label: Any, *, is_hidden: bool = False) -> forms.Field:
        field = time_field(self.venue, label=label, required=False)
        return _hidden(field) if is_hidden else field


def _hidden(field: forms.Field) -> forms.Field:
    field.widget = forms.HiddenInput()
    return field
