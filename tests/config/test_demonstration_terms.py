"""The demonstration asks for a deposit for the hotel's suite alone, also in data made before."""

from pathlib import Path

import pytest

from config.demonstration import people, venues
from venues.models import PaymentTerm

pytestmark = pytest.mark.django_db


def test_the_suite_alone_asks_for_a_deposit_and_only_once(tmp_path: Path) -> None:
    venues.harbour_hotel()
    log_ins = tmp_path / "demonstration.json"
    people._ask_for_deposits(log_ins)
    people._ask_for_deposits(log_ins)
    found = PaymentTerm.objects.values_list("category__code", "kind", "percent")
    assert list(found) == [("suite", "deposit", 30)]
    PaymentTerm.objects.all().delete()
    people._ask_for_deposits(log_ins)
    assert not PaymentTerm.objects.exists()
