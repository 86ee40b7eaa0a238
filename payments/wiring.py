"""Connects payments to what they serve."""

from payments.documents.privacy import Documents
from payments.privacy import Money
from reservations.privacy import rooms

rooms.register("payments", Money())
rooms.register("documents", Documents())
