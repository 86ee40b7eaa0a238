"""The call list has who may be phoned before they come, and nobody else."""

from datetime import timedelta

import pytest
from django.test import Client
from freezegun.api import FrozenDateTimeFactory

from reservations import actions
from reservations.models import Reservation
from tests.admin.browsing import text_of
from tests.factories import DESK, NOON, hold, make_venue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_the_list_has_todays_and_tomorrows_guests(
    boss: Client, frozen: FrozenDateTimeFactory
) -> None:
    frozen.move_to(NOON)
    venue = make_venue("restaurant", units=9, confirms_at_once=True, horizon=None)

    def guest(name: str, start: timedelta, **fields: object) -> Reservation:
        row = hold(venue, NOON + start)
        Reservation.objects.filter(pk=row.pk).update(last_name=name, **fields)
        return row

    guest("Tonight", 6 * HOUR)
    guest("Morrow", DAY)
    guest("Later", 2 * DAY)
    guest("Quiet", 6 * HOUR, receive_phone_call=False)
    guest("Numberless", 6 * HOUR, phone="")
    actions.cancel(reservation_id=guest("Gone", 6 * HOUR).pk, by=DESK)
    page = text_of(boss.get("/admin/calls/", {"venue": str(venue.pk)}))
    assert "Tonight" in page and "Morrow" in page and "+31201234567" in page
    for name in ("Later", "Quiet", "Numberless", "Gone"):
        assert name not in page
