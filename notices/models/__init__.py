"""The tables of notices."""

from notices.models.delivery import Attempt, Delivery
from notices.models.delivery_count import DeliveryCount
from notices.models.erasure_notice import ErasureNotice
from notices.models.export import Export
from notices.models.opt_out import OptOut
from notices.models.suppression import Suppression
from notices.models.template import Template
from notices.models.told import ToldOnce

__all__ = [
    "Attempt",
    "Delivery",
    "DeliveryCount",
    "ErasureNotice",
    "Export",
    "OptOut",
    "Suppression",
    "Template",
    "ToldOnce",
]
