"""`customer-sync` without waiting for imports: a process that has everything imported, and forks for each command.

The pages show commands as people type them, and bash runs them; what they call is a few lines that hand arguments, folder,
environment and the three standard streams to the warm process. A command takes a second instead of five.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

__all__ = ["warm_command"]

_IMPORTED = (
    "flows.cli",
    "flows.synchronize_customers",
    "flows.readiness",
    "flows.undo_run",
    "connector.desk.connection_check",
    "connector.desk.suggesting",
    "great_expectations",
)
_LEARNT = frozenset(
    "alembic asyncpg docket fastapi flows connector graphviz great_expectations prefect redis tasks".split()
)
_CLIENT = """\
#!{python} -IS
import json, os, socket, sys
request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"*"], [0, 1, 2])
    server.sendall(request)
    server.shutdown(socket.SHUT_WR)
    sys.exit(server.recv(1)[0])
"""


@contextmanager
def warm_command(folder: Path, environment: dict[str, str]) -> Iterator[Path]:
    """Start the process; gives a folder with an executable `customer-sync` to be put into PATH.

    Args:
        folder: a new one, with a short path: addresses of sockets are at most 107 characters long.
        environment: of the process; what must be known before Prefect is imported stands here.
    """
    folder.mkdir()
    address = str(folder / "warm")
    command = folder / "customer-sync"
    command.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    command.chmod(0o700)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.docs.warm", address],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"warm\n"
        yield folder
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def _serve(address: str) -> None:
    """Carry out one command after the other, each in a child of its own."""
    learnt = Path(f"{address}.modules")
    learnt.write_text("\n".join(_IMPORTED), encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        told = False
        while True:
            for module in learnt.read_text(encoding="utf-8").split():
                import_module(module)
            gc.freeze()
            if not told:
                told = bool(os.write(1, b"warm\n"))
            connection, _ = listening.accept()
            with connection:
                _, streams, _, _ = socket.recv_fds(connection, 1, 3)
                with connection.makefile("rb") as file:
                    arguments, folder, variables = json.loads(file.read())
                if not (child := os.fork()):
                    break
                for stream in streams:
                    os.close(stream)
                connection.sendall(bytes([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256]))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["customer-sync", *arguments]
    known = set(sys.modules)
    try:
        import_module("flows.cli").main()
    finally:  # what this command has imported the next one finds
        more = [name for name in list(sys.modules) if name not in known and name.split(".")[0] in _LEARNT]
        learnt.write_text("\n".join(more), encoding="utf-8")


if __name__ == "__main__":
    _serve(sys.argv[1])
