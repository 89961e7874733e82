"""The command line in processes of its own, quickly: one process imports everything once and forks for every command.

A command may run with the rights of nobody, or on a disk that takes no more bytes. The process reads lines of JSON:
`{"arguments": [...], "folder": DIR, "nobody": bool, "file_size": bytes or null}` is answered with `{"pid": n}`, and
`{"wait": n}` with `{"status": exit code, or minus the signal}`. What the command printed is in DIR/out and DIR/err.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import pkgutil
import resource
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import connector

__all__ = ["Command", "Commands", "commands"]

NOBODY = 65534


@dataclass(frozen=True)
class Command:
    """A command that has ended: its exit code (minus the signal that ended it), and what it printed."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object on standard output."""
        result: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return result


class Commands:
    """Starts commands."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._places: dict[int, Path] = {}
        self._numbers = itertools.count()

    def start(self, *arguments: str, nobody: bool = False, file_size: int | None = None) -> int:
        """Start a command; gives its process."""
        place = self._folder / f"command-{next(self._numbers)}"
        place.mkdir(parents=True)
        place.chmod(0o777)
        order = {"arguments": arguments, "folder": str(place), "nobody": nobody, "file_size": file_size}
        pid = int(self._ask(order)["pid"])
        self._places[pid] = place
        return pid

    def wait(self, pid: int) -> Command:
        """Wait for the end of a command."""
        status = self._ask({"wait": pid})["status"]
        place = self._places[pid]
        return Command(status, *((place / name).read_text(encoding="utf-8") for name in ("out", "err")))

    def run(self, *arguments: str, nobody: bool = False, file_size: int | None = None) -> Command:
        """Run a command to its end."""
        return self.wait(self.start(*arguments, nobody=nobody, file_size=file_size))

    def _ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the command line ended with {self._process.wait()}; see {self._folder}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def commands(folder: Path, environment: Mapping[str, str]) -> Iterator[Commands]:
    """The command line, ready.

    Args:
        folder: an empty one that nobody can reach, too.
        environment: beside this process's own: PREFECT_API_URL and the secrets of the setup.
    """
    with (folder / "commands.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.commands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **environment},
        )
    try:
        yield Commands(process, folder)
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


def _become(order: Mapping[str, Any]) -> None:
    """The child: its output, its limits, its command."""
    for number, name in ((1, "out"), (2, "err")):
        target = os.open(Path(order["folder"]) / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(target, number)
    if order["nobody"] and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if order["file_size"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"], order["file_size"]))
    sys.argv = ["customer-sync", *order["arguments"]]


def _carry_out() -> int:
    from flows.cli import main  # noqa: PLC0415 - the parent of all commands imports it once, for all

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - the parent must not go on as a second server of commands
        traceback.print_exc()
        return 70
    return 0


def _import_everything() -> None:
    """nobody may not read the folder in which root has its Python: what commands import late is here already."""
    from flows.running import prepare_prefect  # noqa: PLC0415

    prepare_prefect()
    names = ["flows.cli", "alembic.command", "pyarrow.csv", "pyarrow.parquet"]
    names += [module.name for module in pkgutil.walk_packages(connector.__path__, "connector.") if _wanted(module.name)]
    if os.environ.get("PREFECT_API_URL"):
        names += ["flows.synchronize_customers", "flows.undo_run"]
    for name in names:
        importlib.import_module(name)
    from connector.quality.engine import great_expectations  # noqa: PLC0415

    great_expectations()
    "".encode("utf-8-sig")


def _wanted(name: str) -> bool:
    return not name.startswith("connector.store.migrations.")  # these are run, not imported


def serve() -> None:
    """Serve orders until standard input ends."""
    _import_everything()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                _become(order)
                code = _carry_out()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
