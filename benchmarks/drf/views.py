"""POST /reservations as one would write it with Django REST Framework and the ORM, same rules."""

from typing import Any

from django.db import transaction
from rest_framework import generics
from rest_framework.request import Request

from benchmarks.drf.serializers import ReservationSerializer
from reservations.models import Reservation


class CreateReservation(generics.CreateAPIView[Reservation]):
    """Takes a reservation on a unit."""

    serializer_class = ReservationSerializer
    queryset = Reservation.objects.all()

    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """In one transaction, so that the lock holds until all is written."""
        return super().create(request, *args, **kwargs)
