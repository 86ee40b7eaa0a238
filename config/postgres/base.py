"""Django's PostgreSQL backend, which asks a kept connection whether it lives without a round trip.

A server that ends says so, or its end of the socket closes: either can be read. While nothing can
be read, an idle connection is as good as it was, and each request is spared a query.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection; whether it may be used again is looked at before it is asked."""

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLPRI)
        # What can be read may also be a notice, so then the server is asked.
        return bool(super().is_usable()) if poll.poll(0) else True
