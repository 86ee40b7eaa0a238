"""The load generator, against a server of ten lines."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from math import inf

import pytest

from benchmarks import load
from benchmarks.failing import Failed
from benchmarks.load import Client


class Answering(BaseHTTPRequestHandler):
    """201 for a body with "free" in it, 409 for any other."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201 if b"free" in body else 409)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def asked(body: bytes) -> bytes:
    return load.request("POST", "/", key="k", body=body)


def test_all_that_is_to_be_asked_is_asked_once(port: int) -> None:
    sample = load.drive(port, repeat(asked(b"free"), 20), clients=4, seconds=inf, expected=201)
    assert len(sample.times) == 20


def test_so_many_are_asked_for_as_are_offered(port: int) -> None:
    sample = load.offer(
        port, repeat(asked(b"free")), per_second=200, clients=2, seconds=0.1, expected=201
    )
    assert len(sample.times) == 20


def test_an_offer_that_is_refused_is_a_failure(port: int) -> None:
    with pytest.raises(Failed, match="409 instead of 201: sold"):
        load.offer(port, repeat(asked(b"sold")), per_second=200, clients=2, seconds=1, expected=201)


def test_another_answer_than_expected_is_a_failure_that_quotes_it(port: int) -> None:
    with pytest.raises(Failed, match="409 instead of 201: sold"):
        load.drive(port, repeat(asked(b"sold"), 5), clients=1, seconds=inf, expected=201)


def test_a_crowd_gets_its_answers_in_the_order_of_its_clients(port: int) -> None:
    clients = [Client(port) for _ in range(6)]
    answers = load.release(clients, [asked(b"free %d" % number) for number in range(6)])
    assert [answer.body for answer in answers] == [b"free %d" % number for number in range(6)]
    for client in clients:
        client.close()
