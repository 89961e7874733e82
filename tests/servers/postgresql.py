"""A PostgreSQL server of one's own for a test session: started on a socket in a temporary folder, gone afterwards.

Each worker of pytest-xdist has its own; only the folder that initdb makes is made once and copied. Nothing is synced to disk.
"""

from __future__ import annotations

import ctypes
import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connector.store.schema import METADATA, REVISION_TABLE

__all__ = ["PostgreSQL", "installed", "postgresql", "postgresql_server"]

_SETTINGS = (
    "fsync=off", "full_page_writes=off", "listen_addresses=", "shared_buffers=32MB", "timezone=Asia/Kolkata",
    "autovacuum=off",
)  # fmt: skip
# what would not come back by deleting rows: which tables, indexes and columns there are, and when each was last altered
_SHAPE = """
SELECT c.oid::bigint, a.attnum::int, a.xmin::text FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2
"""
_LEAVE = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
_RESTART = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
_PR_SET_PDEATHSIG = 1


@dataclass
class PostgreSQL:
    """A running server. `socket` is the folder of its socket."""

    socket: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    # template → a copy of it without rows, and its shape
    _free: dict[str, tuple[str, object]] = field(default_factory=dict)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection as the superuser, in autocommit."""
        return psycopg.connect(host=str(self.socket), user="postgres", dbname=database, autocommit=True)

    def url(self, database: str, user: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.socket}"

    def create_database(self, template: str = "template1") -> str:
        """A new database; gives its name."""
        name = f"test_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    @contextmanager
    def lent(self, template: str) -> Iterator[str]:
        """The name of a database as the template, a migrated store; emptied afterwards and lent again.

        To make and to drop one for every test takes the server four times as long, because it writes all files of it.
        One whose tables were altered is dropped.
        """
        name, shape = self._free.pop(template, ("", None))
        if not name:
            name = self.create_database(template)
            with self.connect(name) as connection:
                shape = _shape(connection)
        yield name
        if self._emptied(name, shape):
            self._free[template] = name, shape
        else:
            self.drop_database(name)

    def _emptied(self, name: str, shape: object) -> bool:
        """Whether it is as it was when it was made."""
        with self.connect(name) as connection:
            connection.execute(_LEAVE, [name])  # whoever was killed may still hold a lock
            if _shape(connection) != shape:
                return False
            deletions = [f'DELETE FROM "{table.name}";' for table in reversed(METADATA.sorted_tables)]  # noqa: S608
            connection.execute("".join(deletions) + _RESTART)
        return True

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _shape(connection: psycopg.Connection[Any]) -> object:
    """What would not come back by deleting rows; None where there is no store."""
    found = connection.execute(_SHAPE).fetchall()
    try:
        return found, connection.execute(f'SELECT * FROM "{REVISION_TABLE}"').fetchall()  # noqa: S608
    except psycopg.errors.UndefinedTable:
        return None


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _unprivileged() -> Mapping[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _prepared(shared: Path, binaries: Path) -> Path:
    """The data folder that initdb made, once for all workers."""
    folder = shared / "postgresql"
    with (shared / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = Path(tempfile.mkdtemp(prefix="customer-sync-initdb-", dir="/tmp"))
            _give_away(made)
            command = [binaries / "initdb", "-D", made / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
            subprocess.run(
                [*command, "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd="/",
                **_unprivileged(),
            )
            shutil.move(made / "data", folder)
            made.rmdir()
    return folder


def _give_away(folder: Path) -> None:
    account = _unprivileged()
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account["user"], account["group"])


def _start(binaries: Path, base: Path, socket: Path) -> subprocess.Popen[bytes]:
    settings = [
        argument for setting in (*_SETTINGS, f"unix_socket_directories={socket}") for argument in ("-c", setting)
    ]
    with (base / "server.log").open("wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", base / "data", *settings],
            stdout=log,
            stderr=log,
            cwd="/",
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads run before the first test
            **_unprivileged(),
        )


def _wait(server: PostgreSQL, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8')}") from None
            time.sleep(0.03)


def installed() -> bool:
    """Whether its programs are on this machine."""
    return _binaries() is not None


@contextmanager
def postgresql_server(shared: Path) -> Iterator[PostgreSQL]:
    """Start a server, and end it afterwards. `shared` is where the folder that initdb makes is kept."""
    binaries = _binaries()
    assert binaries is not None
    # in /tmp itself: the path of a socket may have 107 characters, and root's test folders are closed to others
    base = Path(tempfile.mkdtemp(prefix="customer-sync-pg-", dir="/tmp"))
    try:
        shutil.copytree(_prepared(shared, binaries), base / "data")
        _give_away(base)
        server = PostgreSQL(base)
        process = _start(binaries, base, base)
        try:
            _wait(server, process, base / "server.log")
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=20)
    finally:
        shutil.rmtree(base)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """A running server; without its programs the test is skipped, or fails where CI=true demands them."""
    if not installed():
        reason = "PostgreSQL is not installed (tests/servers/install.sh installs it)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with postgresql_server(shared) as server:
        yield server
