"""A name server as small as can be: of docker compose's networks, what nginx asks of it."""

import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress

_IPV4 = b"\x00\x01"


class Names:
    """Answers on loopback with the addresses that `known` has at that moment, IPv4 alone."""

    def __init__(self, known: Mapping[str, list[str]]) -> None:
        self.known = known
        self._listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listening.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._answer, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _answer(self) -> None:
        with suppress(OSError):
            while True:
                asked, asker = self._listening.recvfrom(512)
                self._listening.sendto(self._said(asked), asker)

    def _said(self, asked: bytes) -> bytes:
        end = asked.index(b"\0", 12) + 1
        labels, at = [], 12
        while asked[at]:
            labels.append(asked[at + 1 : at + 1 + asked[at]].decode())
            at += asked[at] + 1
        found = self.known.get(".".join(labels), []) if asked[end : end + 2] == _IPV4 else []
        head = asked[:2] + b"\x81\x80" + struct.pack("!4H", 1, len(found), 0, 0)
        records = (
            b"\xc0\x0c\x00\x01\x00\x01" + struct.pack("!IH", 1, 4) + socket.inet_aton(one)
            for one in found
        )
        return head + asked[12 : end + 4] + b"".join(records)
