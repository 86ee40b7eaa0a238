"""The table of payment terms: what a venue asks before it confirms, and what cancelling costs."""

from datetime import timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from venues.models.resource import Category
from venues.models.venue import Venue
from venues.revisions import Revises

MOST_STEPS = 6
MOST_DAYS = 3650
"""A step so many days before the start holds from the moment of booking on."""
_HOURS_A_DAY = 24
_ALMOST = 1e-6
"""A third of a day is no number of days that a computer can write."""


class PaymentTerm(models.Model):
    """What is asked before a guest confirms, for all stays of a venue or for some of them.

    Of several that apply the narrowest counts: one for a category and dates, then for a category,
    then for dates, then for the venue; of two periods the shorter. A reservation keeps what was
    asked when it was made. Dates are those of the start, in the venue's zone. Amounts are in minor
    units.
    """

    class Asks(models.TextChoices):
        NONE = "none", _("nothing")
        DEPOSIT = "deposit", _("a deposit")
        PREPAYMENT = "prepayment", _("the whole price")
        GUARANTEE = "guarantee", _("a card as a guarantee")

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="payment_terms")
    category = models.ForeignKey(
        Category,
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        # Few rows, which are read by venue.
        db_index=False,
        help_text=_("empty for all categories"),
    )
    first_date = models.DateField(_("first date"), null=True, blank=True)
    last_date = models.DateField(_("last date"), null=True, blank=True)
    kind = models.CharField(_("asks for"), max_length=12, choices=Asks.choices)
    percent = models.PositiveSmallIntegerField(
        _("percent"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("of a deposit: its share of the price"),
    )
    amount_minor = models.PositiveBigIntegerField(null=True, blank=True)
    # What cancelling costs, such as [{"days_before": 14, "percent": 50}]. Empty: as the policy
    # says.
    steps = models.JSONField(default=list, blank=True)

    class Meta:
        ordering: ClassVar = ["venue", "category", "first_date", "id"]
        constraints: ClassVar = [
            Revises(name="payment_term_revises"),
            models.CheckConstraint(
                name="payment_term_period_not_reversed",
                condition=(
                    Q(first_date__isnull=True)
                    | Q(last_date__isnull=True)
                    | Q(first_date__lte=F("last_date"))
                ),
            ),
            # Pricing relies on both: a deposit has one size, and is no more than the price.
            models.CheckConstraint(
                name="payment_term_deposit_has_one_size",
                condition=(
                    Q(kind="deposit", percent__isnull=False, amount_minor__isnull=True)
                    | Q(kind="deposit", percent__isnull=True, amount_minor__isnull=False)
                    | (~Q(kind="deposit") & Q(percent__isnull=True, amount_minor__isnull=True))
                ),
            ),
            models.CheckConstraint(
                name="payment_term_percent_up_to_100",
                condition=Q(percent__isnull=True) | Q(percent__gte=1, percent__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.category or self.venue})"

    def clean(self) -> None:
        """Raises ValidationError, by field, for terms that contradict themselves or others."""
        _judge_size(self)
        judge_period(self)
        judge_steps(self.steps)
        if self.category_id and self.category and self.category.venue_id != self.venue_id:
            raise ValidationError({"category": gettext("This category is of another venue.")})
        same = PaymentTerm.objects.filter(
            venue=self.venue_id,
            category=self.category_id,
            first_date=self.first_date,
            last_date=self.last_date,
        )
        if same.exclude(pk=self.pk).exists():
            raise ValidationError(
                gettext("There are terms for this category and these dates. Change those.")
            )


def judge_period(row: Any) -> None:
    """Raises ValidationError at `last_date` for a period that ends before it begins."""
    if row.first_date and row.last_date and row.last_date < row.first_date:
        raise ValidationError({"last_date": gettext("The last date is before the first.")})


def judge_steps(steps: Any) -> None:
    """Raises ValidationError at `steps` unless each has `days_before` and `percent`.

    `days_before` is a number, in whole hours, or None for a fee from the moment of booking on. From
    one step to the next the start is nearer and the fee higher.
    """
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise _at_steps(gettext("Give at most %d steps.") % MOST_STEPS)
    previous = -1
    before: timedelta | None = None
    for step in steps:
        is_step = isinstance(step, dict) and set(step) == {"days_before", "percent"}
        if not is_step or not _is_percent(step["percent"]) or not _is_days(step["days_before"]):
            raise _at_steps(
                gettext("A step has a number of days before the start and a percentage up to 100.")
            )
        length = length_of(step)
        if (before is not None and length >= before) or step["percent"] <= previous:
            raise _at_steps(
                gettext("From one step to the next, the start is nearer and the fee is higher.")
            )
        before, previous = length, step["percent"]


def length_of(step: dict[str, Any]) -> timedelta:
    """How long before the start the fee of a step begins."""
    days = step["days_before"]
    if days is None:
        return timedelta(days=MOST_DAYS)
    return timedelta(hours=round(days * _HOURS_A_DAY))


def _at_steps(text: str) -> ValidationError:
    return ValidationError({"steps": text})


def _is_percent(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100


def _is_days(value: Any) -> bool:
    if value is None:
        return True
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < MOST_DAYS:
        return False
    hours = float(value) * _HOURS_A_DAY
    return abs(hours - round(hours)) < _ALMOST


def _judge_size(term: PaymentTerm) -> None:
    is_deposit = term.kind == PaymentTerm.Asks.DEPOSIT
    if is_deposit and (term.percent is None) == (term.amount_minor is None):
        raise ValidationError(
            {"percent": gettext("Give a deposit a percentage or an amount, one of them.")}
        )
    if not is_deposit and (term.percent is not None or term.amount_minor is not None):
        raise ValidationError({"percent": gettext("Only a deposit has a percentage or an amount.")})
