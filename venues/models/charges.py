"""The tables of what a venue charges besides its rates: taxes, fees and extras."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from venues.models.payment_term import judge_period
from venues.models.venue import Venue
from venues.revisions import Revises

WHOLE_BP = 10_000
"""Basis points of a whole: a rate of 900 is 9 %."""

CODE = 16
"""The longest code of a tax or an extra. Entries of the ledger keep it."""

MOST_EXTRAS = 20
"""Extras that are chosen with one stay."""


class TaxRule(models.Model):
    """A tax: a share of what is sold, or an amount per stay, night, person or both.

    `included` taxes are part of the prices of the venue, others are added to them. One that the
    channel collects is asked of no guest whom a partner's system brings. Several rows of one code
    are periods of one tax: a tax by night goes by the date of each night, any other by that of the
    start.
    """

    class TaxBasis(models.TextChoices):
        ROOM = "room", _("share of the price of the stay")
        EXTRA = "extra", _("share of the extras that name it")
        STAY = "stay", _("amount per stay")
        NIGHT = "night", _("amount per night")
        PERSON = "person", _("amount per person")
        PERSON_NIGHT = "person_night", _("amount per person and night")

    class Collector(models.TextChoices):
        VENUE = "venue", _("the venue")
        CHANNEL = "channel", _("the channel that brings the guest")

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="tax_rules")
    code = models.SlugField(_("code"), max_length=CODE)
    name = models.CharField(_("name"), max_length=80)
    basis = models.CharField(_("basis"), max_length=12, choices=TaxBasis.choices)
    amount_minor = models.PositiveBigIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(10**12)]
    )
    rate_bp = models.PositiveIntegerField(
        _("rate"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(WHOLE_BP)],
        help_text=_("in hundredths of a percent: 900 is 9 %"),
    )
    from_age = models.PositiveSmallIntegerField(
        _("from age"),
        default=0,
        validators=[MaxValueValidator(18)],
        help_text=_("younger children pay nothing"),
    )
    max_nights = models.PositiveSmallIntegerField(
        _("nights at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("further nights of a stay cost nothing"),
    )
    included = models.BooleanField(_("included in the price"), default=False)
    collected_by = models.CharField(
        _("collected by"), max_length=8, choices=Collector.choices, default=Collector.VENUE
    )
    first_date = models.DateField(_("first date"), null=True, blank=True)
    last_date = models.DateField(_("last date"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["venue", "code", "first_date", "id"]
        constraints: ClassVar = [
            Revises(name="tax_rule_revises"),
            models.CheckConstraint(
                name="tax_rule_period_not_reversed",
                condition=(
                    Q(first_date__isnull=True)
                    | Q(last_date__isnull=True)
                    | Q(first_date__lte=F("last_date"))
                ),
            ),
            # Pricing relies on it: a share has a rate, all else an amount.
            models.CheckConstraint(
                name="tax_rule_share_or_amount",
                condition=(
                    Q(
                        basis__in=["room", "extra"],
                        rate_bp__isnull=False,
                        rate_bp__lte=WHOLE_BP,
                        amount_minor__isnull=True,
                    )
                    | Q(
                        basis__in=["stay", "night", "person", "person_night"],
                        rate_bp__isnull=True,
                        amount_minor__isnull=False,
                        amount_minor__lte=10**12,
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.venue})"

    def clean(self) -> None:
        """Raises ValidationError, by field, for a rule that contradicts itself or another."""
        judge_period(self)
        is_share = self.basis in (self.TaxBasis.ROOM, self.TaxBasis.EXTRA)
        if is_share and (self.rate_bp is None or self.amount_minor is not None):
            raise ValidationError({"rate_bp": gettext("A share has a rate and no amount.")})
        if not is_share and (self.amount_minor is None or self.rate_bp is not None):
            raise ValidationError(
                {"basis": gettext("Give this tax an amount and no rate, or make it a share.")}
            )
        if is_share and (self.from_age or self.max_nights):
            raise ValidationError(
                {"basis": gettext("A share of the price knows no ages and no nights.")}
            )
        others = TaxRule.objects.filter(venue=self.venue_id, code=self.code).exclude(pk=self.pk)
        if any(_overlap(self, other) for other in others):
            raise ValidationError(
                {"code": gettext("This tax has a rule for some of these dates. Change that one.")}
            )


class Extra(models.Model):
    """Something sold with a stay, such as breakfast, or an obligatory fee, such as cleaning.

    The price is per stay, night, person, or person and night. `tax_code` names the tax of the venue
    that is a share of it.
    """

    class Per(models.TextChoices):
        STAY = "stay", _("per stay")
        NIGHT = "night", _("per night")
        PERSON = "person", _("per person")
        PERSON_NIGHT = "person_night", _("per person and night")

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="extras")
    code = models.SlugField(_("code"), max_length=CODE)
    name = models.CharField(_("name"), max_length=80)
    basis = models.CharField(_("basis"), max_length=12, choices=Per.choices)
    amount_minor = models.PositiveBigIntegerField(validators=[MaxValueValidator(10**12)])
    from_age = models.PositiveSmallIntegerField(
        _("from age"),
        default=0,
        validators=[MaxValueValidator(18)],
        help_text=_("younger children pay nothing"),
    )
    is_obligatory = models.BooleanField(
        _("obligatory"), default=False, help_text=_("every guest pays it")
    )
    tax_code = models.SlugField(
        _("tax"), max_length=CODE, blank=True, help_text=_("the code of a tax that is a share")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering: ClassVar = ["venue", "position", "id"]
        constraints: ClassVar = [
            Revises(name="extra_revises"),
            # Bookings rely on it: they name an extra by this code.
            models.UniqueConstraint(fields=["venue", "code"], name="extra_code_once_a_venue"),
            models.CheckConstraint(
                name="extra_amount_within_reason", condition=Q(amount_minor__lte=10**12)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.venue})"

    def clean(self) -> None:
        """Raises ValidationError where the tax is none of the venue's shares."""
        shares = (TaxRule.TaxBasis.ROOM, TaxRule.TaxBasis.EXTRA)
        rules = TaxRule.objects.filter(venue=self.venue_id, code=self.tax_code, basis__in=shares)
        if self.tax_code and not rules.exists():
            raise ValidationError(
                {"tax_code": gettext("This venue has no tax of this code that is a share.")}
            )


def _overlap(one: Any, other: Any) -> bool:
    starts = [row.first_date for row in (one, other) if row.first_date]
    ends = [row.last_date for row in (one, other) if row.last_date]
    return not starts or not ends or max(starts) <= min(ends)
