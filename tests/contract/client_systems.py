"""Both emulated systems with clients that are logged in to them; and small servers that answer as a test says."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.setup import BusinessCentralConnection, WebstoreConnection
from sandbox.server import Running

# tests wait for nothing: refused requests are sent again at once
BACKOFF = 0.001


def webstore_connection(running: Running, **changes: Any) -> WebstoreConnection:
    settings = {
        "url": running.webstore_url,
        "consumer_key": running.consumer_key,
        "consumer_secret": running.consumer_secret,
        "max_concurrent_requests": 4,
        "timeout_seconds": 20,
    }
    return WebstoreConnection.model_validate({**settings, **changes})


def company_connection(running: Running, **changes: Any) -> BusinessCentralConnection:
    settings = {
        "base_url": running.base_url,
        "company": running.company,
        "token_url": running.token_url,
        "client_id": running.client_id,
        "client_secret": running.client_secret,
        "timeout_seconds": 20,
    }
    return BusinessCentralConnection.model_validate({**settings, **changes})


def webstore_client(connection: WebstoreConnection, retries: int = 3) -> WooCommerceClient:
    return WooCommerceClient(connection, retries=retries, backoff=BACKOFF)


def company_client(connection: BusinessCentralConnection, retries: int = 3) -> BusinessCentralClient:
    return BusinessCentralClient(connection, retries=retries, backoff=BACKOFF)


@dataclass(frozen=True)
class Asked:
    """A request as a scripted server saw it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What a scripted server answers; a `body` that is no bytes becomes JSON, None drops the connection."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass
class Scripted:
    """A running server and what it was asked."""

    url: str
    asked: list[Asked]


@contextmanager
def scripted(answer: Callable[[Asked], Reply], context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """A server on this machine that answers each request as `answer` says."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type", "")
            parts = urlsplit(self.path)
            body = json.loads(raw) if "json" in kind and raw else raw.decode()
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            request = Asked(self.command, parts.path, query, dict(self.headers.items()), body)
            asked.append(request)
            reply = answer(request)
            if reply.drop:
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response_only(reply.status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of the library

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            return  # a client that turns away from a wrong certificate is what such a test is about

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if context is not None:
        scheme = "https"
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Scripted(f"{scheme}://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
