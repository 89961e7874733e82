"""Disk full, read-only, damaged, locked, not there: a clear error that is the store's, and nothing half-written."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from connector.errors import StoreError
from connector.store import Store, open_store
from connector.store.schema import RUN
from tests.servers.postgresql import PostgreSQL


def remember_much(store: Store) -> None:
    with store.work("shop") as work:
        work.describe(actor="ann", reason="much")
        for number in range(2000):
            work.watermarks.set(f"system {number}", "x" * 2000)


def watermarks(store: Store) -> int:
    with store.view("shop") as view:
        return sum(view.watermarks.get(f"system {number}") is not None for number in range(2000))


@contextmanager
def small_disk(pages: int) -> Iterator[None]:
    """Every SQLite database that is opened now may have so many pages."""

    def limit(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(sa.Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(sa.Engine, "connect", limit)


def test_a_full_disk_is_said_so_and_what_was_confirmed_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    with small_disk(150):
        store = open_store(url)
        with store.work("shop") as work:
            work.watermarks.set("system 0", "kept")
        with pytest.raises(StoreError, match="the disk is full") as caught:
            remember_much(store)
        assert caught.value.exit_code == 3
        assert watermarks(store) == 1
        store.close()
    store = open_store(url)
    assert store.check() == []
    remember_much(store)
    assert watermarks(store) == 2000
    store.close()


def test_a_disk_that_takes_no_more_bytes_leaves_the_store_sound(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    program = """
import resource, sys
from connector.store import open_store
store = open_store(sys.argv[1])
with store.work("shop") as work:
    work.watermarks.set("system 0", "kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
with store.work("shop") as work:
    for number in range(2000):
        work.watermarks.set(f"system {number}", "x" * 2000)
"""
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "StoreError: The store" in done.stderr and "the disk failed" in done.stderr
    store = open_store(url)
    assert (store.check(), watermarks(store)) == ([], 1)
    store.close()


@pytest.fixture
def unprivileged_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach, whoever runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="customer-sync-ro-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


DROP_RIGHTS = """
import os, sys, alembic.command
from connector.store import open_store
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""
WRITE = """
with open_store(sys.argv[1]).work("shop") as work:
    work.watermarks.set("webstore", "x")
"""


def as_somebody_else(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program; as root, with the rights of nobody: root may write everywhere."""
    command = [sys.executable, "-c", DROP_RIGHTS + program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_read_only_store_is_said_so(unprivileged_folder: Path) -> None:
    path = unprivileged_folder / "store.sqlite"
    store = open_store(f"sqlite:///{path}")
    store.close()
    content = path.read_bytes()
    path.chmod(0o444)
    unprivileged_folder.chmod(0o555)
    done = as_somebody_else(WRITE, f"sqlite:///{path}")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "cannot be used: it is read-only" in last or "cannot be used: it cannot be opened" in last
    assert "Give the user that runs this the right" in last
    assert path.read_bytes() == content


def test_a_folder_that_may_not_be_written_is_said_so(unprivileged_folder: Path) -> None:
    unprivileged_folder.chmod(0o555)
    done = as_somebody_else(WRITE, f"sqlite:///{unprivileged_folder / 'new' / 'store.sqlite'}")
    assert "permission denied" in done.stderr.strip().splitlines()[-1]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"bc_number,webstore_id\n" * 500)
    content = path.read_bytes()
    with pytest.raises(StoreError, match="not a database") as caught:
        open_store(f"sqlite:///{path}")
    assert "newest good backup" in caught.value.hint
    assert path.read_bytes() == content


def test_a_damaged_file_is_said_so_when_it_is_read_and_when_it_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = open_store(f"sqlite:///{path}")
    remember_much(store)
    store.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 40960] = b"\xff" * 40960
    path.write_bytes(content)
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="the file is damaged"):
        watermarks(store)
    assert any("is damaged" in problem for problem in store.check())
    store.close()


def test_a_locked_store_is_said_so_after_waiting(url: str) -> None:
    one, other = open_store(url, busy_seconds=5), open_store(url, busy_seconds=0.2)
    with one.work("shop") as work:
        work.watermarks.set("webstore", "one")
        with other.view("shop") as view:  # readers wait for nobody
            assert view.watermarks.get("webstore") is None
        with pytest.raises(StoreError, match="it is locked: another process is writing"), other.work("shop") as second:
            second.watermarks.set("webstore", "other")
    with other.view("shop") as view:
        assert view.watermarks.get("webstore") == "one"
    one.close()
    other.close()


def test_a_store_that_was_deleted_or_replaced_while_open_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = open_store(f"sqlite:///{path}")
    copy = store.backup(tmp_path / "copy.sqlite")
    path.unlink()
    with pytest.raises(StoreError, match="moved, replaced or deleted"), store.work("shop") as work:
        work.watermarks.set("webstore", "x")
    copy.rename(path)
    with pytest.raises(StoreError, match="moved, replaced or deleted"), store.view("shop"):
        pass
    store.close()


def test_a_missing_table_is_named_by_the_check(store: Store) -> None:
    with store.work("shop") as work:
        RUN.drop(work._connection)
    assert store.check() == ["the table run is missing"]
    with pytest.raises(StoreError, match="customer-sync store check"), store.view("shop") as view:
        view.runs.list()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not understood"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://user:secret@host/db", "cannot be kept in mysql"),
        ("postgresql+psycopg://user:secret@host:port/db", "not understood"),
    ],
)
def test_an_address_that_cannot_work_is_refused_without_repeating_its_password(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the server cannot be reached") as caught:
        open_store(f"postgresql+psycopg://user:secret@/store?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_a_database_or_a_role_that_is_not_there_is_said_so(postgresql: PostgreSQL) -> None:
    with pytest.raises(StoreError, match="there is no such database"):
        open_store(postgresql.url("nowhere"))
    with pytest.raises(StoreError, match="user or password was refused"):
        open_store(postgresql.url("postgres", user="nobody_here"))


def test_a_connection_that_the_server_ended_is_an_error_once_and_then_made_anew(postgresql: PostgreSQL) -> None:
    name = postgresql.create_database()
    store = open_store(postgresql.url(name))
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with pytest.raises(StoreError, match=r"ended the connection|cannot be reached"), store.work("shop") as work:
        with postgresql.connect() as connection:
            connection.execute(end, [name])
        work.watermarks.set("webstore", "x")
    with postgresql.connect() as connection:
        connection.execute(end, [name])
    with store.work("shop") as work:
        assert work.watermarks.get("webstore") is None
    store.close()
    postgresql.drop_database(name)


def test_an_error_of_the_code_itself_stays_what_it_is_and_undoes_the_transaction(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.work("shop") as work:
        work.watermarks.set("webstore", "x")
        work.watermarks.set("webstore", str(1 / 0))
    with store.view("shop") as view:
        assert view.watermarks.get("webstore") is None


def test_the_file_is_for_its_owner_only_and_every_commit_is_synced_to_disk(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "store.sqlite"
    store = open_store(f"sqlite:///{path}")
    with store.work("shop") as work:
        work.watermarks.set("webstore", "x")
        raw = work._connection
        assert raw.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert raw.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        modes = {p.name: p.stat().st_mode & 0o777 for p in (path.parent, path, path.with_name("store.sqlite-wal"))}
    store.close()
    assert modes == {"folder": 0o700, "store.sqlite": 0o600, "store.sqlite-wal": 0o600}
