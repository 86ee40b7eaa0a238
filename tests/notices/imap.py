"""A mailbox that speaks just enough IMAP to be read by the standard library."""

import re
import socketserver
import threading
from types import TracebackType
from typing import Self


class FakeMailbox:
    """Serves `letters` at `port` of this machine, and notes in `seen` which were marked."""

    def __init__(self, *, name: str, password: str) -> None:
        self.letters: list[bytes] = []
        self.seen: set[int] = set()
        self.login = (name, password)
        box = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"* OK ready\r\n")
                for raw in self.rfile:
                    tag, _, command = raw.decode().strip().partition(" ")
                    is_last = box.answer(self.wfile.write, tag, command)
                    if is_last:
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, write: object, tag: str, command: str) -> bool:
        """Answers one command. Returns True after the last."""
        assert callable(write)
        verb = command.split(maxsplit=1)[0].upper()
        is_ok = True
        if verb == "CAPABILITY":
            write(b"* CAPABILITY IMAP4rev1\r\n")
        elif verb == "LOGIN":
            is_ok = tuple(part.strip('"') for part in command.split()[1:]) == self.login
        elif verb == "SELECT":
            write(b"* %d EXISTS\r\n" % len(self.letters))
        elif verb == "SEARCH":
            left = [n for n in range(1, len(self.letters) + 1) if n not in self.seen]
            write(b"* SEARCH " + b" ".join(b"%d" % n for n in left) + b"\r\n")
        elif verb == "FETCH":
            number = int(command.split()[1])
            letter = self.letters[number - 1]
            write(b"* %d FETCH (BODY[] {%d}\r\n%s)\r\n" % (number, len(letter), letter))
        elif verb == "STORE":
            found = re.match(r"STORE (\d+) ", command)
            assert found
            self.seen.add(int(found[1]))
        elif verb == "LOGOUT":
            write(b"* BYE\r\n")
        write(f"{tag} {'OK' if is_ok else 'NO'} done\r\n".encode())
        return verb == "LOGOUT"
