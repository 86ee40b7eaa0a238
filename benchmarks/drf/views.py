"""POST /reservations in Django REST Framework and the ORM, with the same rules."""

from typing import Any

from django.db import transaction
from rest_framework import generics
from rest_framework.request import Request

from benchmarks.drf.serializers import ReservationSerializer
from reservations.models import Reservation


class CreateReservation(generics.CreateAPIView[Reservation]):
    """Reserves a unit."""

    serializer_class = ReservationSerializer
    queryset = Reservation.objects.all()

    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Creates in one transaction, so that the lock holds until everything is written."""
        return super().create(request, *args, **kwargs)
