"""A forward proxy on this machine, as companies have one: CONNECT for https, absolute addresses for http."""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Place = tuple[str, int]


@dataclass
class Proxy:
    """A running proxy: its address, and what went through it, as `CONNECT host:port` or `GET http://host/path`.

    Attributes:
        loses_answers: whether what a server answers never comes back, and the connection is closed instead.
    """

    port: int
    loses_answers: Callable[[], bool] = lambda: False
    passed: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def proxy(names: Mapping[str, str], *, login: str = "") -> Iterator[Proxy]:
    """Start one.

    Args:
        names: the hosts that it knows, each with the address of the server behind the name; it refuses all others.
        login: USER:PASSWORD that it asks for.
    """
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
    running: Proxy

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _place(self, host: str) -> Place | None:
            """Where a name leads; an answer was sent when it leads nowhere."""
            if wanted and self.headers.get("Proxy-Authorization") != wanted:
                self._answer(407, "Proxy Authentication Required")
            elif host not in names:
                self._answer(403, "Forbidden")
            else:
                parts = urlsplit(names[host])
                return parts.hostname or "", parts.port or 80
            return None

        def _answer(self, status: int, reason: str) -> None:
            self.send_response_only(status, reason)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.close_connection = True

        def do_CONNECT(self) -> None:
            place = self._place(self.path.rpartition(":")[0])
            if place is None:
                return
            running.passed.append(f"CONNECT {self.path}")
            with socket.create_connection(place) as server:
                self.send_response_only(200, "Connection established")
                self.end_headers()
                _pipe(self.connection, server, running)
            self.close_connection = True

        def _forward(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            place = self._place(parts.hostname or "")
            if place is None:
                return
            running.passed.append(f"{self.command} {parts._replace(query='').geturl()}")
            dropped = {"proxy-authorization", "proxy-connection", "connection"}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            connection = HTTPConnection(*place)
            connection.request(self.command, parts._replace(scheme="", netloc="").geturl(), body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if running.loses_answers():
                connection.close()
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815 - names of the library

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            return  # clients may turn away

    server = Server(("127.0.0.1", 0), Handler)
    running = Proxy(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _pipe(one: socket.socket, other: socket.socket, running: Proxy) -> None:
    """Carry bytes both ways until one side ends, or what the other one answers is to be lost."""
    while True:
        for source in select.select([one, other], [], [], 10)[0]:
            content = source.recv(65_536)
            if not content or (source is other and running.loses_answers()):
                return
            (other if source is one else one).sendall(content)
