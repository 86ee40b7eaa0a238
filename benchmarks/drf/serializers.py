"""Checks and writes a reservation as the framework's tutorial would."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from guests import emails, phones
from guests.errors import ContactInvalid
from reservations.models import Allocation, Event, Reservation
from reservations.rules import local_promises
from venues import prices
from venues.hours import Window
from venues.models import Resource, Venue


class VenueField(serializers.SlugRelatedField[Venue]):
    """A venue by its slug."""

    def __init__(self, **options: Any) -> None:
        rows = Venue.objects.filter(is_active=True).select_related("policy")
        super().__init__(slug_field="slug", queryset=rows, **options)


class UnitSerializer(serializers.ModelSerializer[Resource]):
    class Meta:
        model = Resource
        fields = ("id", "name", "floor")


class ReservationSerializer(serializers.ModelSerializer[Reservation]):
    """A reservation. Requests give `resource` as an id, answers show `resources`."""

    venue = VenueField()
    category = serializers.SlugRelatedField(slug_field="code", read_only=True)
    resource = serializers.PrimaryKeyRelatedField(
        queryset=Resource.objects.filter(retired_at=None), write_only=True
    )
    phone = serializers.CharField(max_length=40)
    status = serializers.SerializerMethodField()
    time_zone = serializers.CharField(source="venue.time_zone", read_only=True)
    price = serializers.SerializerMethodField()
    resources = serializers.SerializerMethodField()

    class Meta:
        model = Reservation
        fields = (
            "id", "code", "group_id", "venue", "category", "resource", "resources", "starts_at",
            "ends_at", "time_zone", "status", "hold_expires_at", "first_name", "last_name", "phone",
            "email", "guest_count", "receive_email_updates", "receive_phone_call",
            "receive_text_notification", "occasion", "vehicle_plate", "remarks", "price",
            "created_at", "confirmed_at", "checked_in_at", "checked_out_at", "cancelled_at",
        )  # fmt: skip
        read_only_fields = (
            "code", "group_id", "hold_expires_at", "created_at", "confirmed_at", "checked_in_at",
            "checked_out_at", "cancelled_at",
        )  # fmt: skip

    def validate_email(self, value: str) -> str:
        try:
            return emails.parse(value)
        except ContactInvalid as error:
            raise serializers.ValidationError(error.detail) from error

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks the policy of the venue, its hours and the size of the party."""
        venue, unit, start = attrs["venue"], attrs["resource"], attrs["starts_at"]
        self._judge_policy(venue, start, attrs["ends_at"])
        if unit.venue_id != venue.pk or unit.capacity < attrs["guest_count"]:
            raise serializers.ValidationError("There is no such unit for this party.")
        if venue.openings.exists():
            raise serializers.ValidationError("Hours are no part of the comparison.")
        try:
            attrs["phone"] = phones.parse(attrs["phone"], venue.phone_region)
        except ContactInvalid as error:
            raise serializers.ValidationError({"phone": error.detail}) from error
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Reservation:
        """Locks the unit, checks that it is free, and writes the reservation."""
        unit = validated_data.pop("resource")
        Resource.objects.select_for_update(no_key=True).get(pk=unit.pk)
        now = timezone.now()
        start, end = validated_data["starts_at"], validated_data["ends_at"]
        rows = Allocation.objects.filter(resource=unit).overlapping(start, end)
        if rows.taking_time(at=now).exists():
            raise serializers.ValidationError("This time is taken.")
        reservation = Reservation.objects.create(
            category=unit.category, **_promised(validated_data, unit, now), **validated_data
        )
        Allocation.objects.create(
            venue=reservation.venue, resource=unit, reservation=reservation, starts_at=start,
            ends_at=end, is_locked=True, lapses_at=reservation.hold_expires_at,
        )  # fmt: skip
        self._record(reservation)
        return reservation

    def get_status(self, row: Reservation) -> str:
        return row.status_at(timezone.now()).word

    def get_price(self, row: Reservation) -> dict[str, str]:
        amount = prices.decimal(row.price_minor, row.currency)
        return {"amount": str(amount), "currency": row.currency}

    def get_resources(self, row: Reservation) -> Any:
        units = [taken.resource for taken in row.allocations.select_related("resource")]
        return UnitSerializer(units, many=True).data

    def _judge_policy(self, venue: Venue, start: Any, end: Any) -> None:
        policy, now = venue.policy, timezone.now()
        if start < now + policy.notice or (policy.horizon and start > now + policy.horizon):
            raise serializers.ValidationError("This is too soon or too far ahead.")
        if end <= start or (policy.longest_stay and end - start > policy.longest_stay):
            raise serializers.ValidationError("This is no stay that is sold here.")

    def _record(self, row: Reservation) -> None:
        slug = self.context["request"].user.partner.slug
        Event.objects.create(
            venue=row.venue, reservation=row, name="reservation.created", at=row.created_at,
            recorded_at=row.created_at, by=f"partner:{slug}", by_kind="partner",
        )  # fmt: skip


def _promised(attrs: dict[str, Any], unit: Resource, now: Any) -> dict[str, Any]:
    venue, start = attrs["venue"], attrs["starts_at"]
    policy = venue.policy
    rates = list(unit.category.rates.all())
    price = prices.total(prices.itemise(rates, start, attrs["ends_at"], venue.zone))
    return {
        "partner": "bench",
        "language": "en",
        "promised_local": local_promises.told(Window(start, attrs["ends_at"]), venue.zone),
        "is_arrival_assumed": not policy.records_arrival,
        "is_departure_assumed": not policy.records_departure,
        "is_no_show_released": policy.releases_no_shows,
        "price_minor": price,
        "tariff": {"by_use": policy.charges_time_used, "rates": prices.kept(rates)},
        "currency": venue.currency,
        "cancel_free_until": start - policy.cancel_deadline,
        "cancel_fee_minor": price * policy.cancel_fee_percent // 100,
        "created_at": now,
        "hold_expires_at": now + policy.hold_time,
        "no_show_at": min(start + policy.grace, start + timedelta(days=1)),
    }
