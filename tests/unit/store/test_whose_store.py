"""Whose file it is, and whether a store that is empty was so all the time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.errors import StoreError
from connector.store import Intent, Store, open_store
from connector.store.engine import close_engine, make_engine, parse_url
from connector.store.schema import METADATA


def foreign(path: Path, *, application_id: int = 0, table: str = "CREATE TABLE invoices (id INTEGER)") -> bytes:
    """A file of another application; what is in it."""
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(f"PRAGMA application_id = {application_id}")
        if table:
            other.execute(table)
    return path.read_bytes()


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({}, id="tables of others"),
        pytest.param({"application_id": 252006674, "table": ""}, id="the sign of another application"),
        pytest.param({"application_id": 252006674}, id="both"),
    ],
)
def test_a_file_of_another_application_is_refused_and_stays_as_it_is(tmp_path: Path, made: dict[str, object]) -> None:
    path = tmp_path / "other.sqlite"
    before = foreign(path, **made)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=r"other\.sqlite cannot be used: the file belongs to another application"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["other.sqlite"]


def test_a_store_of_an_older_version_has_no_sign_and_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as store, store:
        assert store.execute("PRAGMA application_id").fetchone()[0] == 0x43755379
        store.execute("PRAGMA application_id = 0")
    opened = open_store(f"sqlite:///{path}")
    assert (opened.check(), opened.was_emptied()) == ([], False)
    opened.close()


def test_a_new_store_is_no_news(empty_url: str) -> None:
    for _ in range(2):
        store = open_store(empty_url)
        assert not store.was_emptied()
        store.close()


def test_an_empty_file_is_told_until_a_run_has_come_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.touch()
    open_store(f"sqlite:///{path}").close()
    store = open_store(f"sqlite:///{path}")
    assert store.was_emptied()
    run(store, dry_run=True)
    assert store.was_emptied()
    run(store, dry_run=False)
    assert not store.was_emptied()
    store.close()


def run(store: Store, *, dry_run: bool) -> None:
    with store.work("shop") as work:
        work.runs.start(f"r{dry_run}", "all", "manual", "ann", dry_run=dry_run)
        work.runs.finish(f"r{dry_run}", "completed", {}, None, None)


def test_a_store_whose_rows_have_gone_is_told(store: Store, url: str) -> None:
    with store.work("shop") as work:
        intent = Intent(
            run_id="r", direction="push", system="webstore", operation="update", bc_id="a", bc_number="C1", webstore_id=1,
            natural_key="", payload={}, before={}, after={},
        )  # fmt: skip
        work.journal.intend([intent])
    assert not store.was_emptied()
    engine = make_engine(parse_url(url), 5)
    with engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(sa.delete(table))
    close_engine(engine)
    assert store.was_emptied()


def test_processes_that_make_a_store_at_one_time_do_not_take_it_for_emptied(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "store.sqlite"
    problems: list[object] = []

    def make() -> None:
        try:
            store = open_store(f"sqlite:///{path}")
            problems.extend(["emptied"] if store.was_emptied() else [])
            store.close()
        except StoreError as error:
            problems.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert not [file for file in path.parent.iterdir() if file.name.startswith(".")]


def test_a_store_that_is_opened_once_more_stays_whole_for_who_has_it_open(tmp_path: Path) -> None:
    """Another process that opens and closes the file must still see that this one uses it."""
    path = tmp_path / "store.sqlite"
    mine = open_store(f"sqlite:///{path}")
    with mine.work("shop") as work:
        work.runs.start("r1", "all", "manual", "ann")
    open_store(f"sqlite:///{path}").close()
    visit = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM run').fetchone(); c.close()"
    subprocess.run([sys.executable, "-c", visit, str(path)], check=True)
    assert path.with_name("store.sqlite-wal").exists(), "the other process took the log away"
    with mine.work("shop") as work:
        work.runs.start("r2", "all", "manual", "ann")
    mine.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM run").fetchone() == (2,)
