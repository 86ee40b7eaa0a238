"""The tables of venues, one module a concern. Django finds the models of an app here."""

from venues.models.charges import Extra, TaxRule
from venues.models.opening_hours import Opening
from venues.models.payment_term import PaymentTerm
from venues.models.policy import Policy
from venues.models.rate import Rate
from venues.models.reminder import Reminder
from venues.models.resource import Category, Combination, Provider, Resource
from venues.models.venue import Venue
from venues.time_zones import is_time_zone
from venues.validators import is_grid, is_rate

# Migrations name the three validators here.
__all__ = [
    "Category",
    "Combination",
    "Extra",
    "Opening",
    "PaymentTerm",
    "Policy",
    "Provider",
    "Rate",
    "Reminder",
    "Resource",
    "TaxRule",
    "Venue",
    "is_grid",
    "is_rate",
    "is_time_zone",
]
