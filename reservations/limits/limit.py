"""One limit on what somebody has: open holds, or unpaid reservations to come."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reservations.errors import Refusal, TooManyHolds, TooManyReservations


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` reservations whose `column` has this `value`. `per` names the limit's kind."""

    per: str
    column: str
    value: int | str
    most: int
    is_of_unpaid: bool = False

    @property
    def key(self) -> int:
        """The number of the advisory lock, a signed 64-bit integer.

        Both sorts of limit of one guest share a lock.
        """
        digest = hashlib.blake2b(f"holds:{self.per}:{self.value}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)

    def refusal(self, instants: Sequence[datetime], *, over: int, made: int) -> Refusal:
        """Returns why one more is refused. `instants` tell when each that counts lapses or ends.

        `over` is how many are too many, and `made` how many of them are to be undone.
        """
        count = len(instants) - made
        if self.is_of_unpaid:
            return TooManyReservations(per=self.per, unpaid=count, limit=self.most)
        return TooManyHolds(
            per=self.per,
            open_now=count,
            limit=self.most,
            frees_at=instants[over - 1] if over <= len(instants) else None,
        )
