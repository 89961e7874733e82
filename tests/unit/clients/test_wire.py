"""Who sends a write is asked before each piece of it leaves; a server works on a request only when it has all of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from connector.clients.pacing import Pacing
from connector.clients.transport import Transport
from connector.clients.way import Way
from connector.errors import StoreError

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Listener:
    """A server of one request at a time.

    Attributes:
        whole: bodies that came as long as their headers said; torn: how much came of the others.
    """

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/customers"
        self.whole: list[int] = []
        self.torn: list[int] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        data = b""
        while True:
            head, end, body = data.partition(b"\r\n\r\n")
            if end:
                lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                length = int(lengths[0].split(b":")[1]) if lengths else 0
                if len(body) == length:
                    self.whole.append(length)
                    connection.sendall(ANSWER)
                    return
            piece = connection.recv(65_536)
            if not piece:
                self.torn.append(len(data))
                return
            data += piece


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.socket.close()


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport(Way("webstore", "url", ""), timeout_seconds=10, pacing=Pacing(2), retries=2, backoff=0.001)
    yield made
    made.close()


class Guard:
    """Says no at the n-th question; 0 = never."""

    def __init__(self, no_at: int = 0) -> None:
        self.asked = 0
        self.no_at = no_at

    def __call__(self) -> None:
        self.asked += 1
        if self.asked == self.no_at:
            raise StoreError("The lease was lost.")


LONG = {"text": "x" * 50_000}


def test_each_piece_of_a_write_is_asked_for(listener: Listener, transport: Transport) -> None:
    transport.guard = guard = Guard()
    transport.send("POST", listener.url, json=LONG, is_write=True)
    assert listener.whole == [50_011]
    assert guard.asked == 1 + 4, "the headers, and 50,011 bytes in pieces of 16 KiB"


@pytest.mark.parametrize("question", [1, 2, 5])
def test_what_must_not_be_sent_never_arrives_whole_and_is_no_trouble_of_the_network(
    listener: Listener, transport: Transport, question: int
) -> None:
    transport.guard = guard = Guard(question)
    with pytest.raises(StoreError, match=r"^The lease was lost\.$"):
        transport.send("POST", listener.url, json=LONG, is_write=True)
    assert (listener.whole, guard.asked) == ([], question), "and it is not sent a second time"
    transport.send("POST", listener.url, json=LONG, is_write=True)
    assert listener.whole == [50_011]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_is_asked_about_what_changes_nothing(listener: Listener, transport: Transport, method: str) -> None:
    transport.guard = guard = Guard(1)
    transport.send(method, listener.url, json={} if method == "POST" else None)
    assert guard.asked == 0
