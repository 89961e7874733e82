"""The console as a process: where it listens, who is let in, and how it ends."""

from __future__ import annotations

import ipaddress
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import uvicorn

from connector.actor import actor_here
from connector.errors import InputError
from connector.setup.addresses import spelled
from connector.webhooks.for_machines import ForMachines, Measured
from connector.webhooks.serving import Listening, bound_socket, server_of
from console.app import application
from console.page import address
from console.people import People, Person, Right
from console.shared import Blocks, Console, OnPrefect
from console.webstores import FindSetup, by_name, opened_webstores

__all__ = ["Served", "serving"]

_LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass
class Served:
    """A console that is ready to be run.

    Attributes:
        address: under which it is reached.
    """

    console: Console
    server: uvicorn.Server
    address: str
    run: Callable[[], None]

    @property
    def entry(self) -> str:
        """The address that lets one browser in; there is another one afterwards."""
        return self.address + address("enter", token=self.console.sessions.entry_token)


@contextmanager
def serving(
    setups: Sequence[str],
    listening: Listening,
    *,
    public_url: str = "",
    name: str = "",
    prefect: OnPrefect | None = None,
    blocks: Blocks | None = None,
    find: FindSetup = by_name,
) -> Iterator[Served]:
    """A console of some webstores, ready to be run. At the end, what it carries out finishes its batch.

    Args:
        public_url: the address under which a proxy shows it; "" = it is reached as it listens.
        name: of the person at this machine; "" = the operating system's.
        prefect: where runs take place; None = in this process.
        blocks: where setups that are no files are kept; None = they cannot be changed here.
        find: gives the setups by name.

    Raises:
        InputError: the address cannot be had, or is not safe.
        SetupError, StoreError: a webstore cannot be shown.
    """
    webstores = opened_webstores(setups, find)
    try:
        people = People(next(iter(webstores.values())).setup.console)
        _check_safe(listening, public_url, people)
        # a team comes in by its names; the printed address is for whoever started the console on this machine
        owner = None if people.anybody else Person(name or actor_here(), Right.APPROVE)
        bound = bound_socket(listening)
        try:
            port = bound.getsockname()[1]
            own = (
                public_url.rstrip("/")
                or f"{'https' if listening.certificate else 'http'}://{_shown(listening.host)}:{port}"
            )
            hosts, origins = _names(own, port, is_local=not public_url, tls=listening.certificate is not None)
            console = Console(
                webstores, people, owner, prefect, blocks,
                cookie=f"customer-sync-{port}", secure=own.startswith("https:"),
            )  # fmt: skip
            # who asks is who opened the connection: only that can be trusted to be a proxy
            measured = {code: Measured(partial(getattr, one, "setup"), one.view) for code, one in webstores.items()}
            served = ForMachines(application(console, hosts, origins), measured)
            server = server_of(served, listening, proxy_headers=False)

            def run() -> None:
                if threading.current_thread() is threading.main_thread():
                    for number in (signal.SIGINT, signal.SIGTERM):
                        signal.signal(number, _end)  # as for webhooks: the server passes on what ended it
                server.run(sockets=[bound])

            yield Served(console, server, own, run)
        finally:
            bound.close()
    finally:
        for webstore in webstores.values():
            webstore.close()


def _check_safe(listening: Listening, public_url: str, people: People) -> None:
    """Anything but this machine itself needs TLS or a proxy in front, and people with names."""
    if public_url and (
        urlsplit(public_url).scheme not in {"http", "https"} or urlsplit(public_url).path not in {"", "/"}
    ):
        raise InputError(f"{public_url} is no address such as https://console.example.")
    if _is_loopback(listening.host):
        return
    if not people.anybody:
        raise InputError(
            f"At {listening.host} everybody could come in.", hint="Name the users in [console] of the setup."
        )
    if listening.certificate is None and not public_url.lower().startswith("https://"):
        raise InputError(
            f"At {listening.host} everybody could read along.",
            hint="Give --certificate and --key, or --public-url https://… of a proxy in front.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _names(own: str, port: int, *, is_local: bool, tls: bool) -> tuple[frozenset[str], frozenset[str]]:
    """What Host headers may say, and where forms may come from."""
    parts = urlsplit(own)
    # browsers leave the default port out
    origins = {f"{parts.scheme}://{parts.netloc}".lower(), spelled(own)}
    hosts = {origin.partition("://")[2] for origin in origins}
    if is_local:
        scheme = "https" if tls else "http"
        hosts |= {f"{name}:{port}" for name in _LOCAL_NAMES}
        origins |= {f"{scheme}://{name}:{port}" for name in _LOCAL_NAMES}
    return frozenset(hosts), frozenset(origins)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)
