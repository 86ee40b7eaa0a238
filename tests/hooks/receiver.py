"""A partner's system on this machine: it notes what it is sent, and answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """A request as it came in, and whether it has been answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    is_answered: bool = False


Answer = Callable[[BaseHTTPRequestHandler], None]


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answers with this status, these headers and this body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def resets(handler: BaseHTTPRequestHandler) -> None:
    """Hangs up without a word."""
    handler.connection.close()


@dataclass
class Receiver:
    """`answer` is for every path, `at` for the paths that it names."""

    port: int = 0
    got: list[Received] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: says(204))
    at: dict[str, Answer] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers a byte a second, until the receiver ends."""
        try:
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500:
                handler.connection.send(bytes([byte]))
                if self.ended.wait(1.0):
                    return
        except OSError:
            return
        finally:
            handler.close_connection = True


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listens on a free port inside the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                # The sender died while it sent.
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = Received(self.path, headers, body)
            receiver.got.append(one)
            receiver.at.get(self.path, receiver.answer)(self)
            one.is_answered = True
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
