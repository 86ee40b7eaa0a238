"""A random year of a hotel, a lot and a practice against books that are kept by hand.

Each act is tried on both. The product takes it where the book allows it and refuses it elsewhere;
afterwards status, price, fees, range, unit and who is inside agree.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun.api import FrozenDateTimeFactory

from guests import callers
from reservations import actions, sweeps
from reservations.allocation import presence
from reservations.availability import floor_plan
from reservations.corrections.rest_releases import Release, RestCharge
from reservations.errors import Refusal
from reservations.models import Allocation, Reservation
from reservations.pricing import owed
from reservations.requests import Change, Times
from tests.effort import IS_THOROUGH
from tests.factories import add_hours, booking, make_venue
from tests.guests.factories import StaffFactory
from tests.plain.book import Book, Entry
from tests.plain.fee import PlainStay, Range
from tests.plain.price import PlainRate
from venues.hours import Window
from venues.models import Rate, Venue

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

ZONE = ZoneInfo("Europe/Amsterdam")
BEGIN = datetime(2027, 1, 4, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ACTS = 600 if IS_THOROUGH else 100
SEED = 1
"""How many acts a year has, and where its dice begin."""

UNKNOWN = None
"""What the book does not foretell: it follows the product."""


@dataclass(frozen=True)
class Ground:
    """A venue's rules, as the book needs them. `pace` is how much time an act takes at most."""

    kind: str
    policy: dict[str, Any]
    unit: str
    amount: int
    grace: timedelta
    early: timedelta
    hold_time: timedelta
    percent: int
    deadline: timedelta
    pace: timedelta
    day_maximum: int | None = None
    by_use: bool = False
    names_units: bool = True
    """False where guests book a category, and may be re-seated until they come."""

    @property
    def name(self) -> str:
        return self.kind + ("" if self.names_units else "-by-category") + "-by-use" * self.by_use


_COMMON = {
    "notice": timedelta(0),
    "horizon": None,
    "longest_stay": None,
    "shortest_stay": None,
    "state_change_rate": "",
    "buffer_after": timedelta(0),
    "unit_choice": "guest",
}

HOTEL = Ground(
    kind="hotel",
    policy=_COMMON,
    unit="night",
    amount=10_000,
    grace=9 * HOUR,
    early=6 * HOUR,
    hold_time=30 * MINUTE,
    percent=100,
    deadline=2 * DAY,
    pace=10 * HOUR,
)
LOT = Ground(
    kind="parking",
    policy={
        **_COMMON,
        "confirms_at_once": False,
        "hold_time": 20 * MINUTE,
        "cancel_fee_percent": 50,
        "cancel_deadline": 3 * HOUR,
        "releases_no_shows": True,
    },
    unit="hour",
    amount=300,
    grace=HOUR,
    early=30 * MINUTE,
    hold_time=20 * MINUTE,
    percent=50,
    deadline=3 * HOUR,
    pace=40 * MINUTE,
    day_maximum=2_000,
)
BY_USE = replace(LOT, by_use=True, policy={**LOT.policy, "charges_time_used": True})
BY_CATEGORY = replace(HOTEL, names_units=False)
PRACTICE = Ground(
    kind="practice",
    policy={
        **_COMMON,
        "slot_length": 30 * MINUTE,
        "per_day": "any",
        "cancel_fee_percent": 30,
        "cancel_deadline": DAY,
    },
    unit="flat",
    amount=4_000,
    grace=15 * MINUTE,
    early=HOUR,
    hold_time=30 * MINUTE,
    percent=30,
    deadline=DAY,
    pace=30 * MINUTE,
)


class Year:
    """A venue, its book, and the acts that are tried on both."""

    def __init__(self, ground: Ground, seed: int, frozen: FrozenDateTimeFactory) -> None:
        self.ground, self.frozen = ground, frozen
        self.dice = random.Random(seed)
        self.now = BEGIN
        frozen.move_to(self.now)
        made = make_venue(ground.kind, units=3, **ground.policy)
        Venue.objects.filter(pk=made.pk).update(time_zone=str(ZONE))
        if ground.kind == "practice":
            for unit in made.resources.all():
                add_hours(made, time(8), time(18), resource=unit)
        Rate.objects.filter(venue=made).update(
            unit=ground.unit, amount_minor=ground.amount, day_maximum_minor=ground.day_maximum
        )
        self.venue = Venue.objects.select_related("policy").get(pk=made.pk)
        self.amount = ground.amount
        self.units = list(self.venue.resources.order_by("pk").values_list("pk", flat=True))
        self.by = callers.for_user(StaffFactory.create(staff_venues=[self.venue]))
        self.book = Book(frees_missed=self.venue.policy.releases_no_shows, units=self.units)
        self.reseated = 0
        self.log: list[str] = []
        self.done: Counter[str] = Counter()
        self.touched: set[int] = set()
        """The stays of the latest act."""
        self.last: dict[int, str] = {}
        """By stay, what was done to it last; repeating that is no fault."""

    # Ranges.

    def local(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=ZONE).astimezone(UTC)

    def range_ahead(self) -> Range:
        dice, today = self.dice, self.now.astimezone(ZONE).date()
        if self.ground.kind == "hotel":
            first = today + dice.randint(1, 6) * DAY
            last = first + dice.choice([1, 1, 2, 3, 5]) * DAY
            return self.local(first, time(15)), self.local(last, time(11))
        if self.ground.kind == "practice":
            day = today + dice.randint(0, 2) * DAY
            start = self.local(day, time(dice.randint(8, 17), dice.choice([0, 30])))
            if start <= self.now:
                start += DAY
            return start, start + 30 * MINUTE
        start = self.now.replace(second=0, microsecond=0) + dice.randint(1, 600) * MINUTE
        return start, start + dice.choice([20, 60, 90, 300, 1500]) * MINUTE

    def asked(self, window: Range) -> Times:
        if self.ground.kind == "hotel":
            first, last = (at.astimezone(ZONE).date() for at in window)
            return Times(check_in=first, check_out=last)
        return Times(starts_at=window[0], ends_at=window[1])

    def tariff(self) -> list[PlainRate]:
        return [PlainRate(self.ground.unit, self.amount, most=self.ground.day_maximum)]

    def missed_from(self, window: Range) -> datetime:
        return min(window[0] + self.ground.grace, window[1])

    def new_entry(self, unit: int, window: Range) -> Entry:
        ground = self.ground
        stay = PlainStay(ZONE, ground.percent, ground.deadline, [(window, self.tariff())])
        missed = self.missed_from(window)
        return Entry(
            unit=unit,
            start=window[0],
            end=window[1],
            stay=stay,
            held_until=min(self.now + ground.hold_time, missed),
            missed_from=missed,
        )

    # Acts.

    def attempt(self, name: str, expected: bool | None, act: Callable[[], Any]) -> Any:
        """What the act returns, or None where it was refused; it is refused where expected."""
        try:
            result = act()
        except Refusal as refusal:
            self.log.append(f"{self.now:%m-%d %H:%M} {name}: {type(refusal).__name__}")
            if expected:
                pytest.fail(self.told(f"{name} was refused: {refusal!r} {refusal}"))
            return None
        self.log.append(f"{self.now:%m-%d %H:%M} {name}: done")
        assert expected is not False, self.told(f"{name} was not refused")
        self.done[name] += 1
        return result

    def can_have(
        self, unit: int | None, window: Range, *, but: int = 0, makes_way: bool = True
    ) -> bool | None:
        """What the book says of a range on this unit, or on any: True, False or UNKNOWN.

        Whether others make way for a unit that is asked for by name is up to the product; for any
        unit they must.
        """
        units = self.units if unit is None else [unit]
        if any(self.book.can_have(one, window, self.now, but=but) for one in units):
            return True
        if self.ground.names_units or not makes_way:
            return False
        if not self.book.can_seat(window, self.now, on=unit, but=but):
            return False
        return True if unit is None else UNKNOWN

    def is_repeat(self, name: str, key: int) -> bool:
        return self.last.get(key) == name

    def told(self, what: str) -> str:
        return "\n".join([*self.log[-25:], what])

    def took(self, key: int, name: str) -> None:
        self.last[key] = name
        self.touched.add(key)
        self.same(key)

    def pick(self, *statuses: str) -> tuple[int, Entry] | None:
        found = [
            (key, entry)
            for key, entry in self.book.entries.items()
            if entry.status(self.now) in statuses and not entry.is_adjusted
        ]
        # Mostly whoever is due next or came last, as at a desk.
        found.sort(key=lambda pair: abs(pair[1].start - self.now))
        nearest = found[: self.dice.choice([1, 3, 3, len(found)])] if found else []
        return self.dice.choice(nearest) if nearest else None

    def unit_to_ask_for(self) -> int | None:
        is_named = self.ground.names_units or self.dice.random() < 0.2
        return self.dice.choice(self.units) if is_named else None

    def reserve(self) -> None:
        unit, window = self.unit_to_ask_for(), self.range_ahead()
        wish = booking(self.venue, times=self.asked(window), resource=unit)
        row = self.attempt(
            f"hold {unit} {window[0]:%m-%d %H:%M}-{window[1]:%m-%d %H:%M}",
            self.can_have(unit, window),
            lambda: actions.hold(booking=wish, by=self.by),
        )
        if row is not None:
            entry = self.new_entry(unit or self.unit_of(row), window)
            entry.is_fixed = unit is not None
            self.book.entries[row.pk] = entry
            self.took(row.pk, "reserve")
            if self.dice.random() < 0.6:
                self.confirm((row.pk, self.book.entries[row.pk]))

    def walk_in(self) -> None:
        if self.ground.kind == "practice":
            return
        unit = self.unit_to_ask_for()
        end = self.now + self.dice.choice([30, 45, 200]) * MINUTE
        times = Times(ends_at=end)
        if self.ground.kind == "hotel":
            today = (self.now.astimezone(ZONE) - 4 * HOUR).date()
            end = self.local(today + self.dice.randint(1, 2) * DAY, time(11))
            times = Times(check_out=end.astimezone(ZONE).date())
        row = self.attempt(
            f"walk in {unit} until {end:%m-%d %H:%M}",
            self.can_have(unit, (self.now, end)),
            lambda: actions.walk_in(
                booking=booking(self.venue, times=times, resource=unit), by=self.by
            ),
        )
        if row is not None:
            assert row.ends_at == end, self.told("the end")
            entry = self.new_entry(unit or self.unit_of(row), (row.starts_at, end))
            entry.confirmed, entry.came = True, self.now
            # As if confirmed now.
            missed = max(entry.missed_from, self.now + self.ground.grace)
            entry.missed_from = min(missed, end)
            self.book.entries[row.pk] = entry
            self.took(row.pk, "walk_in")

    def confirm(self, found: tuple[int, Entry] | None = None) -> None:
        if found := found or self.pick("held", "expired", "cancelled"):
            key, entry = found
            if self.attempt(
                f"confirm {key}",
                entry.status(self.now) == "held",
                lambda: actions.confirm(reservation_id=key, by=self.by),
            ):
                entry.confirmed = True
                missed = max(entry.missed_from, self.now + self.ground.grace)
                entry.missed_from = min(missed, entry.end)
                self.took(key, "confirm")

    def cancel(self) -> None:
        if found := self.pick("held", "upcoming", "upcoming", "present", "left", "no_show"):
            key, entry = found
            before = entry.status(self.now)
            if self.attempt(
                f"cancel {key}",
                before in ("held", "upcoming"),
                lambda: actions.cancel(reservation_id=key, by=self.by),
            ):
                entry.owed_before = entry.stay.owed
                if before == "upcoming":
                    entry.stay.owed += entry.stay.fee(entry.price(), self.now)
                entry.cancelled = self.now
                self.took(key, "cancel")

    def change(self) -> None:
        """Another range before the stay, another end during it."""
        if found := self.pick("upcoming", "present"):
            key, entry = found
            if entry.status(self.now) == "present":
                self.change_end(key, entry)
                return
            window = self.range_ahead()
            if window == (entry.start, entry.end) or self.now >= entry.start:
                return
            wish = Change(times=self.asked(window), accept_fee=True)
            if self.attempt(
                f"move {key} to {window[0]:%m-%d %H:%M}-{window[1]:%m-%d %H:%M}",
                self.can_have(entry.unit if entry.is_fixed else None, window, but=key),
                lambda: actions.modify(reservation_id=key, change=wish, by=self.by),
            ):
                entry.stay.change(window, self.tariff(), self.now)
                entry.start, entry.end = window
                entry.missed_from = self.missed_from(window)
                self.took(key, "change")

    def change_end(self, key: int, entry: Entry) -> None:
        if self.ground.kind == "practice":
            return
        step = self.dice.choice([-1, 1, 2]) * (DAY if self.ground.kind == "hotel" else HOUR)
        end = entry.end + step
        if self.ground.kind == "hotel":
            end = self.local(entry.end.astimezone(ZONE).date() + step, time(11))
        if end <= max(entry.start, self.now):
            return
        times = Times(ends_at=end)
        if self.ground.kind == "hotel":
            times = Times(check_out=end.astimezone(ZONE).date())
        expected: bool | None = True
        if end > entry.end:
            span = (max(entry.end, self.now), end)
            if self.book.in_the_way(entry.unit, (entry.end, end), self.now, but=key):
                expected = self.can_have(entry.unit, span, but=key) and UNKNOWN
        if self.attempt(
            f"end {key} at {end:%m-%d %H:%M}",
            expected,
            lambda: actions.modify(
                reservation_id=key, change=Change(times=times, accept_fee=True), by=self.by
            ),
        ):
            entry.stay.change((entry.start, end), self.tariff(), self.now)
            entry.end = end
            self.took(key, "change_end")

    def check_in(self) -> None:
        if found := self.pick("upcoming", "upcoming", "held", "cancelled"):
            key, entry = found
            opens = entry.start - self.ground.early
            expected: bool | None = entry.status(self.now) != "cancelled" and self.now >= opens
            if expected:
                begin = min(self.now, entry.start)
                unit = entry.unit if entry.is_fixed else None
                expected = self.can_have(unit, (begin, entry.end), but=key)
            if self.attempt(
                f"check in {key}",
                expected,
                lambda: actions.check_in(reservation_id=key, by=self.by),
            ):
                entry.confirmed, entry.came = True, self.now
                entry.was_movable = not entry.is_fixed
                entry.is_fixed = True
                self.took(key, "check_in")

    def check_out(self) -> None:
        if found := self.pick("present", "present", "upcoming"):
            key, entry = found
            if self.attempt(
                f"check out {key}",
                entry.status(self.now) == "present",
                lambda: actions.check_out(reservation_id=key, by=self.by),
            ):
                entry.left, entry.final = self.now, self.final_price(entry, self.now)
                self.took(key, "check_out")

    def final_price(self, entry: Entry, at: datetime) -> int:
        if self.ground.by_use:
            return entry.stay.used(entry.came or entry.start, at)
        return entry.stay.left(at)

    def undo_check_in(self) -> None:
        if found := self.pick("present", "upcoming", "left"):
            key, entry = found
            if self.attempt(
                f"undo check-in {key}",
                entry.status(self.now) == "present" or self.is_repeat("undo check-in", key),
                lambda: actions.undo_check_in(reservation_id=key, reason="wrong", by=self.by),
            ):
                entry.came = None
                if entry.was_movable:
                    entry.is_fixed = entry.was_movable = False
                self.took(key, "undo check-in")

    def undo_check_out(self) -> None:
        if found := self.pick("left", "left", "present"):
            key, entry = found
            expected: bool | None = entry.status(self.now) == "left"
            if expected and self.now < entry.end:
                rest = (self.now, entry.end)
                expected = not self.book.in_the_way(entry.unit, rest, self.now, but=key)
            if expected and self.now < entry.end and self.book.overstaying(entry.unit, self.now):
                # Two guests at once: the product may refuse it.
                expected = UNKNOWN
            if self.attempt(
                f"undo check-out {key}",
                True if self.is_repeat("undo check-out", key) else expected,
                lambda: actions.undo_check_out(reservation_id=key, reason="wrong", by=self.by),
            ):
                entry.left = entry.final = None
                self.took(key, "undo check-out")

    def reinstate(self) -> None:
        if found := self.pick("cancelled", "expired", "no_show", "upcoming"):
            key, entry = found
            if self.is_repeat("reinstate", key):
                return
            status = entry.status(self.now)
            is_gone = status in ("cancelled", "expired", "no_show")
            expected: bool | None
            rest = (max(self.now, entry.start), entry.end)
            expected = is_gone and self.now < entry.end
            if expected and self.book.in_the_way(entry.unit, rest, self.now, but=key):
                unit = entry.unit if entry.is_fixed else None
                expected = self.can_have(unit, rest, but=key, makes_way=unit is None)
            if self.attempt(
                f"reinstate {key}, {status}",
                expected,
                lambda: actions.reinstate(reservation_id=key, reason="after all", by=self.by),
            ):
                if entry.cancelled or entry.given_up:
                    entry.stay.owed, entry.fee_kept = entry.owed_before, None
                entry.cancelled = entry.given_up = entry.final = None
                if not entry.confirmed:
                    entry.held_until = self.now + self.ground.hold_time
                    if self.now < entry.missed_from:
                        entry.held_until = min(entry.held_until, entry.missed_from)
                    else:
                        self.follow_hold(key, entry)
                elif status == "no_show" or self.now >= entry.missed_from:
                    entry.missed_from = entry.end
                self.took(key, "reinstate")

    def follow_hold(self, key: int, entry: Entry) -> None:
        row = Reservation.objects.get(pk=key)
        assert row.hold_expires_at is not None
        assert self.now < row.hold_expires_at <= entry.end, self.told("the hold")
        entry.held_until = row.hold_expires_at

    def enter_stay(self) -> None:
        """A stay that nobody entered while it went on."""
        found = self.pick("no_show")
        if found and found[1].end <= self.now < found[1].end + 7 * DAY:
            key, entry = found
            came = entry.start
            if self.attempt(
                f"enter the stay {key}",
                True,
                lambda: actions.reinstate(
                    reservation_id=key, reason="was here", arrived_at=came, by=self.by
                ),
            ):
                if entry.given_up:
                    entry.stay.owed, entry.fee_kept = entry.owed_before, None
                entry.given_up = entry.final = None
                entry.came, entry.left = came, entry.end
                entry.final = self.final_price(entry, entry.end)
                self.took(key, "enter_stay")

    def release_rest(self) -> None:
        if found := self.pick("no_show", "no_show", "upcoming"):
            key, entry = found
            status = entry.status(self.now)
            if entry.given_up or self.now >= entry.end:
                return
            charge = self.dice.choice(list(RestCharge))
            if self.attempt(
                f"release {key}, {charge}",
                status == "no_show",
                lambda: actions.release_rest(
                    reservation_id=key, release=Release(charge=charge, reason="gone"), by=self.by
                ),
            ):
                self.released(entry, charge)
                self.took(key, "release_rest")

    def released(self, entry: Entry, charge: RestCharge) -> None:
        since = self.now
        if self.ground.kind == "hotel":
            first, last = (at.astimezone(ZONE).date() for at in (entry.start, entry.end))
            night = min(max(first, (self.now.astimezone(ZONE) - 4 * HOUR).date()), last - DAY)
            since = entry.start if night == first else self.local(night, time(11))
        price = entry.price()
        kept = 0
        if since > entry.start:
            kept = round(entry.stay.worth((entry.start, since)))
        entry.given_up, entry.owed_before = since, entry.stay.owed
        if charge is RestCharge.ALL:
            if self.book.frees_missed:
                entry.fee_kept = price
            return
        whole = entry.fee_of_missing()
        freed = min(whole, (price - kept) * self.ground.percent // 100)
        entry.final, entry.fee_kept = kept, whole - freed
        if charge is RestCharge.FEE:
            entry.stay.owed += freed

    def swap(self) -> None:
        one, other = self.pick("upcoming", "present"), self.pick("upcoming", "present")
        if one is None or other is None or one[0] == other[0]:
            return
        pair = (one, other)
        expected: bool | None = one[1].unit != other[1].unit
        for (key, entry), (its_key, its) in (pair, pair[::-1]):
            if entry.end <= self.now:
                expected = False
            span = (max(entry.start, self.now), entry.end)
            if span[0] < span[1]:
                rivals = set(self.book.in_the_way(its.unit, span, self.now, but=key)) - {its_key}
                expected = expected and not rivals
            inside = set(self.book.inside(its.unit, self.now)) - {key, its_key}
            if entry.start <= self.now and inside:
                expected = False
        if self.attempt(
            f"swap {one[0]} and {other[0]}",
            expected,
            lambda: actions.swap(
                venue=self.venue.slug,
                reservations=[one[0], other[0]],
                reason="noise",
                by=self.by,
            ),
        ):
            one[1].unit, other[1].unit = other[1].unit, one[1].unit
            one[1].is_fixed = other[1].is_fixed = True
            one[1].was_movable = other[1].was_movable = False
            self.took(one[0], "swap")
            self.took(other[0], "swap")

    def adjust(self) -> None:
        if self.dice.random() < 0.2 and (found := self.pick("upcoming", "left")):
            key, entry = found
            amount = self.dice.randrange(0, 20_000)
            if self.attempt(
                f"adjust {key}",
                True,
                lambda: actions.adjust_price(
                    reservation_id=key, amount_minor=amount, reason="agreed", by=self.by
                ),
            ):
                entry.final, entry.is_adjusted = amount, True
                self.took(key, "adjust")

    def waive(self) -> None:
        owing = [key for key, entry in self.book.entries.items() if entry.stay.owed]
        if owing and self.dice.random() < 0.3:
            key = self.dice.choice(owing)
            entry = self.book.entries[key]
            if entry.given_up or entry.cancelled or entry.status(self.now) == "no_show":
                # What is waived is not owed again when the stay is reinstated.
                entry.is_adjusted = True
            if self.attempt(
                f"waive {key}",
                True,
                lambda: actions.waive_fee(reservation_id=key, reason="kind", by=self.by),
            ):
                entry.stay.owed = 0
                if self.book.frees_missed and entry.status(self.now) == "no_show":
                    entry.fee_kept = 0
                self.took(key, "waive")

    def other_prices(self) -> None:
        if self.dice.random() < 0.2:
            self.amount = self.dice.choice([5_000, 7_300, 10_000, 20_000]) // (
                1 if self.ground.unit == "night" else 30
            )
            rate = Rate.objects.get(venue=self.venue)
            rate.amount_minor = self.amount
            rate.save()

    def sweep(self) -> None:
        for act in (sweeps.expire_holds, sweeps.mark_no_shows, sweeps.complete_stays):
            act()

    # Comparing.

    def same(self, key: int) -> None:
        self.compare(Reservation.objects.get(pk=key))

    def compare(self, row: Reservation) -> None:
        key, entry = row.pk, self.book.entries[row.pk]
        found = (
            row.status_at(self.now).word,
            row.price_minor,
            row.fee_due_minor,
            row.starts_at,
            row.ends_at,
            row.checked_in_at,
            row.checked_out_at,
            owed.owed(row, self.now),
        )
        expected = (
            entry.status(self.now),
            entry.price(),
            entry.stay.owed,
            entry.start,
            entry.end,
            entry.came,
            entry.left,
            entry.owes(self.now, frees_missed=self.book.frees_missed),
        )
        assert found == expected, self.told(f"{key}: {found}\nnot {expected}")

    def all_same(self) -> None:
        rows = Reservation.objects.filter(venue=self.venue)
        assert rows.count() == len(self.book.entries)
        for row in rows:
            self.compare(row)
        late = presence.past_end(self.venue.pk, self.now)
        shown = floor_plan.stand(
            self.venue, Window(self.now, self.now + MINUTE), now=self.now, is_for_staff=False
        )
        states = {one.unit.pk: one for one in shown}
        for unit in self.units:
            is_late = self.book.overstaying(unit, self.now)
            assert (unit in late) == is_late, self.told(f"overstay on {unit}")
            is_taken = is_late or bool(
                self.book.in_the_way(unit, (self.now, self.now + MINUTE), self.now)
            )
            assert (states[unit].state != "free") == is_taken, self.told(f"plan of {unit}")
        for unit in self.units:
            live = Allocation.objects.filter(resource=unit, is_live=True).order_by("starts_at")
            spans = list(live.values_list("starts_at", "ends_at"))
            for before, after in pairwise(spans):
                assert before[1] <= after[0], self.told(f"{unit} is sold twice")

    def act(self) -> None:
        acts = [
            *[self.reserve] * 5,
            *[self.confirm] * 4,
            *[self.check_in] * 5,
            *[self.change] * 4,
            *[self.check_out] * 3,
            *[self.walk_in] * 2,
            *[self.cancel] * 2,
            *[self.swap] * 2,
            *[self.release_rest] * 2,
            *[self.undo_check_in, self.undo_check_out, self.reinstate, self.enter_stay],
            *[self.adjust, self.waive, self.other_prices, self.sweep],
        ]
        self.touched = set[int]()
        can_move = {key for key, entry in self.book.entries.items() if entry.can_move(self.now)}
        self.dice.choice(acts)()
        self.follow_units(can_move | self.touched)

    def unit_of(self, row: Reservation) -> int:
        """The unit that a stay has at its end."""
        return row.allocations.filter(is_live=True).latest("ends_at").resource_id

    def follow_units(self, can_move: set[int]) -> None:
        """Notes who was re-seated. Nobody is who may not be."""
        rows = Allocation.objects.filter(venue=self.venue, is_live=True, reservation__isnull=False)
        rows = rows.filter(reservation__ends_at__gt=self.now).order_by("ends_at")
        for key, unit in dict(rows.values_list("reservation_id", "resource_id")).items():
            entry = self.book.entries[key]
            if entry.status(self.now) in ("held", "upcoming", "present") and entry.unit != unit:
                assert key in can_move, self.told(f"{key} was moved from {entry.unit} to {unit}")
                assert not self.ground.names_units, self.told(f"{key} was moved")
                entry.unit = unit
                self.reseated += key not in self.touched

    def lacks(self) -> set[str]:
        """What has not happened yet and must, in a whole year or a part of one."""
        needed = {"hold", "confirm", "check"}
        happened = {name.split()[0] for name in self.done}
        if IS_THOROUGH:
            needed |= {"undo", "swap", "reinstate", "move", "cancel"}
            needed |= set() if self.ground is PRACTICE else {"release"}
            needed |= set() if self.ground.names_units else {"re-seat"}
            happened |= {"re-seat"} if self.reseated else set()
        return needed - happened

    def go_on(self) -> None:
        """Lets time pass: some minutes, or until about the next arrival."""
        chance = self.dice.random()
        entries = self.book.entries.values()
        due = [entry.start for entry in entries if entry.status(self.now) == "upcoming"]
        if chance < 0.3 and due:
            self.now = max(self.now, min(due) + self.dice.randint(-20, 10) * MINUTE)
        elif chance < 0.7:
            minutes = self.dice.randint(1, int(self.ground.pace / MINUTE))
            self.now += minutes * MINUTE
        self.frozen.move_to(self.now)


@pytest.mark.parametrize(
    "ground", [HOTEL, BY_CATEGORY, LOT, BY_USE, PRACTICE], ids=lambda ground: ground.name
)
def test_a_year_agrees_with_the_book(ground: Ground, frozen: FrozenDateTimeFactory) -> None:
    year = Year(ground, SEED, frozen)
    # It goes on until all has happened: which unit is given first is left to the database.
    for number in range(4 * ACTS):
        if number >= ACTS and not year.lacks():
            break
        year.act()
        if number % 10 == 0:
            year.all_same()
        year.go_on()
    year.all_same()
    assert year.lacks() == set()
    if IS_THOROUGH and ground.names_units:
        assert year.reseated == 0
