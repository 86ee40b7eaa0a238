"""Forms of the admin for payment terms, taxes and extras: amounts as people write them."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk.fields import DeskDayField
from venues import prices
from venues.models import Extra, PaymentTerm, TaxRule, Venue
from venues.models.payment_term import MOST_DAYS, judge_steps

_BP_A_PERCENT = 100
_HOURS_A_DAY = 24
_MOST_MINOR = 10**12


class _AmountForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row of a venue with an amount. It takes it in the currency and stores minor units."""

    amount = forms.DecimalField(
        label=_("Amount"),
        min_value=Decimal(0),
        max_digits=15,
        required=False,
        help_text=_("in the venue's currency, such as 12.50"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        venue = self._venue()
        if venue is not None and self.instance.amount_minor is not None:
            self.initial["amount"] = prices.decimal(self.instance.amount_minor, venue.currency)
        if venue is not None and "category" in self.fields:
            field: Any = self.fields["category"]
            field.queryset = field.queryset.filter(venue=venue)

    def clean(self) -> dict[str, Any]:
        """Converts the amount to minor units."""
        values: dict[str, Any] = super().clean() or {}
        venue, amount = values.get("venue") or self._venue(), values.get("amount")
        self.instance.amount_minor = None
        if venue is None or amount is None:
            return values
        minor = amount.scaleb(prices.exponent(venue.currency))
        if minor != int(minor):
            told = gettext("%(currency)s has %(decimals)d decimals.")
            facts = {"currency": venue.currency, "decimals": prices.exponent(venue.currency)}
            self.add_error("amount", told % facts)
        elif minor > _MOST_MINOR:
            self.add_error("amount", gettext("This is more than any amount may be."))
        else:
            self.instance.amount_minor = int(minor)
        return values

    def add_error(self, field: Any, error: Any) -> None:
        """Puts what is said of a column beside the field that stands for it."""
        if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            told = error.error_dict
            for column, shown in (("amount_minor", "amount"), ("rate_bp", "rate")):
                if column in told and column not in self.fields:
                    told.setdefault(shown, []).extend(told.pop(column))
        super().add_error(field, error)

    def _venue(self) -> Venue | None:
        return self.instance.venue if self.instance.venue_id else None


class PaymentTermForm(_AmountForm):
    """Payment terms. Steps are lines such as `14: 50`, days before the start and a percentage."""

    first_date = DeskDayField(label=_("First date"), required=False)
    last_date = DeskDayField(label=_("Last date"), required=False)
    is_non_refundable = forms.BooleanField(
        label=_("Non-refundable"),
        required=False,
        help_text=_("cancelling costs the whole price from the moment of booking on"),
    )
    fee_steps = forms.CharField(
        label=_("Cancelling costs"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 20}),
        help_text=_(
            "One step a line: days before the start, a colon, and the share of the price in "
            "percent. 14: 50 is half of it from 14 days before on, 3h: 100 all of it from 3 hours "
            "before on. Empty: as the policy of the venue says."
        ),
    )

    class Meta:
        model = PaymentTerm
        fields = (
            "venue", "category", "first_date", "last_date", "kind", "percent", "amount",
            "is_non_refundable", "fee_steps",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = self.instance.steps
        self.initial["is_non_refundable"] = [one["days_before"] for one in steps] == [None]
        if not self.initial["is_non_refundable"]:
            self.initial["fee_steps"] = "\n".join(_written(one) for one in steps)

    def clean(self) -> dict[str, Any]:
        """Reads the steps."""
        values = super().clean()
        text = values.get("fee_steps") or ""
        if values.get("is_non_refundable") and text.strip():
            told = gettext("What is non-refundable has no steps. Leave one of the two out.")
            self.add_error("fee_steps", told)
            return values
        try:
            steps: list[dict[str, Any]] = _read(text)
            if values.get("is_non_refundable"):
                steps = [{"days_before": None, "percent": 100}]
            judge_steps(steps)
        except ValidationError as fault:
            self.add_error("fee_steps", fault.messages)
        else:
            self.instance.steps = steps
        category, venue = values.get("category"), values.get("venue") or self._venue()
        if category is not None and venue is not None and category.venue_id != venue.pk:
            self.add_error("category", gettext("This category is of another venue."))
        return values


class TaxRuleForm(_AmountForm):
    """A tax. The form takes its rate in percent and stores hundredths of it."""

    rate = forms.DecimalField(
        label=_("Rate"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
        required=False,
        help_text=_("of a share, in percent: 9 or 5.5"),
    )
    first_date = DeskDayField(label=_("First date"), required=False)
    last_date = DeskDayField(label=_("Last date"), required=False)

    class Meta:
        model = TaxRule
        fields = (
            "venue", "name", "code", "basis", "rate", "amount", "included", "from_age",
            "max_nights", "collected_by", "first_date", "last_date",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.rate_bp is not None:
            self.initial["rate"] = Decimal(self.instance.rate_bp) / _BP_A_PERCENT

    def clean(self) -> dict[str, Any]:
        """Converts the rate to hundredths of a percent."""
        values = super().clean()
        rate = values.get("rate")
        self.instance.rate_bp = None if rate is None else int(rate * _BP_A_PERCENT)
        return values


class ExtraForm(_AmountForm):
    class Meta:
        model = Extra
        fields = (
            "venue", "name", "code", "basis", "amount", "from_age", "is_obligatory", "tax_code",
            "position",
        )  # fmt: skip
        help_texts: ClassVar = {"code": _("bookings name the extra by it")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True


def percent_text(rate_bp: int) -> str:
    """Returns a rate in percent, such as `9` or `5.5`."""
    return f"{Decimal(rate_bp) / _BP_A_PERCENT:f}".rstrip("0").rstrip(".") or "0"


def _written(step: dict[str, Any]) -> str:
    days = MOST_DAYS if step["days_before"] is None else step["days_before"]
    hours = round(days * _HOURS_A_DAY)
    before = f"{hours}h" if hours % _HOURS_A_DAY else f"{days:g}"
    return f"{before}: {step['percent']}"


def _read(text: str) -> list[dict[str, Any]]:
    """Raises ValidationError for a line that is no step."""
    return [_step(line.strip()) for line in text.splitlines() if line.strip()]


def _step(line: str) -> dict[str, Any]:
    before, colon, percent = (part.strip() for part in line.partition(":"))
    percent = percent.removesuffix("%").strip()
    is_hours = before.lower().endswith("h")
    count = before[:-1].strip() if is_hours else before
    if not colon or not _is_number(count) or not _is_number(percent):
        told = gettext("Write a step as 14: 50, or 3h: 100. This is not one: %(line)s")
        raise ValidationError(told % {"line": line})
    number = int(count)
    days = number / _HOURS_A_DAY if is_hours and number % _HOURS_A_DAY else number
    if is_hours and not number % _HOURS_A_DAY:
        days = number // _HOURS_A_DAY
    return {"days_before": days, "percent": int(percent)}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6
