"""Migrations: tables as the code expects them, up and down, with a backup; other people's tables and newer stores refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connector.errors import InputError, StoreError
from connector.store import Intent, Settlement, open_store
from connector.store.engine import close_engine, make_engine, parse_url
from connector.store.schema import HEAD, METADATA, REVISION_TABLE

ROOT = Path(__file__).parents[3]
NEXT = '''"""A revision of the future."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{head}"
branch_labels = depends_on = None
def upgrade():
    op.add_column("mapping_row", sa.Column("note", sa.Text, nullable=False, server_default="new"))
    {fault}
def downgrade():
    op.drop_column("mapping_row", "note")
'''
Newer = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def newer(tmp_path: Path) -> Newer:
    """Runs a statement with the version of the project that comes after this one: it has a further revision."""

    def run(code: str, url: str, *, fault: str = "") -> subprocess.CompletedProcess[str]:
        root = tmp_path / "newer"
        if not root.exists():
            shutil.copytree(ROOT / "connector", root / "connector", ignore=shutil.ignore_patterns("__pycache__"))
        store = root / "connector" / "store"
        schema = (store / "schema.py").read_text(encoding="utf-8")
        (store / "schema.py").write_text(schema.replace(f'HEAD = "{HEAD}"', 'HEAD = "9999"'), encoding="utf-8")
        (store / "migrations" / "versions" / "9999_note.py").write_text(
            NEXT.format(fault=fault, head=HEAD), encoding="utf-8"
        )
        program = f"import sys\nfrom connector.store import open_store\nstore = open_store(sys.argv[1])\n{code}\nstore.close()"
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", program, url]
        return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)

    return run


def _conditions(index: Any) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in index.get("dialect_options", {}).items())


def shape(url: str) -> dict[str, Any]:
    """What a database says of the tables in it."""
    engine = make_engine(parse_url(url), 5)
    inspector = sa.inspect(engine)
    found = {}
    for table in sorted(set(inspector.get_table_names()) - {REVISION_TABLE}):
        columns = [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)]
        indexes = sorted(
            (i["name"], i["column_names"], bool(i["unique"]), _conditions(i)) for i in inspector.get_indexes(table)
        )
        keys = inspector.get_foreign_keys(table)
        found[table] = (columns, inspector.get_pk_constraint(table)["constrained_columns"], indexes, keys)
    close_engine(engine)
    return found


def test_the_migrations_make_exactly_the_tables_that_the_code_reads_and_writes(empty_url: str, tmp_path: Path) -> None:
    open_store(empty_url).close()
    migrated = shape(empty_url)
    engine = make_engine(parse_url(empty_url), 5)
    with engine.begin() as connection:
        for table in [*METADATA.sorted_tables, sa.table(REVISION_TABLE)]:
            connection.exec_driver_sql(
                f'DROP TABLE "{table.name}"' + (" CASCADE" if engine.dialect.name == "postgresql" else "")
            )
        METADATA.create_all(connection)
    close_engine(engine)
    assert migrated == shape(empty_url)


def test_a_new_store_is_sound_and_goes_down_to_nothing_and_up_again(empty_url: str) -> None:
    store = open_store(empty_url)
    assert (store.revision(), store.check()) == (HEAD, [])
    store.migrate("base")
    assert store.revision() == ""
    assert shape(empty_url) == {}
    store.migrate()
    assert (store.revision(), store.check()) == (HEAD, [])
    store.close()


def test_opening_twice_at_the_same_moment_makes_one_store(empty_url: str) -> None:
    program = "import sys\nfrom connector.store import open_store\nprint(open_store(sys.argv[1]).check())"
    command = [sys.executable, "-W", "ignore", "-c", program, empty_url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0] for process in processes] == ["[]\n"] * 3


def test_a_store_of_an_older_version_is_backed_up_and_migrated_and_its_rows_stay(
    url: str, newer: Newer, tmp_path: Path
) -> None:
    store = open_store(url)
    with store.work("shop") as work:
        work.describe(actor="ann", reason="test")
        work.mapping.link("a", "C100", 5)
    store.close()
    done = newer("print(store.revision(), store.check())", url)
    assert (done.stdout, done.stderr) == ("9999 []\n", "")

    if url.startswith("sqlite"):
        backup = tmp_path / "store.sqlite.before-9999"
        assert backup.stat().st_mode & 0o777 == 0o600
        old = open_store(f"sqlite:///{backup}", migrate=False)
        with old.view("shop") as view:
            assert (old.revision(), view.mapping.current()["bc_number"].tolist()) == (HEAD, ["C100"])
        old.close()
    else:
        engine = make_engine(parse_url(url), 5)
        with engine.connect() as connection:
            schemas = [
                name
                for name in sa.inspect(connection).get_schema_names()
                if name.startswith("customer_sync_before_9999")
            ]
            copied = sa.table("mapping_row", sa.column("bc_number"), schema=schemas[0])
            rows = connection.execute(sa.select(copied)).all()
            tables = sa.inspect(connection).get_table_names(schema=schemas[0])
        close_engine(engine)
        assert (len(schemas), rows, set(tables)) == (1, [("C100",)], {*METADATA.tables, REVISION_TABLE})


def test_a_store_of_a_newer_version_is_refused_and_can_be_taken_down_by_that_version(url: str, newer: Newer) -> None:
    open_store(url).close()
    assert newer("pass", url).returncode == 0
    with pytest.raises(StoreError, match=r"a newer version of customer-sync made it \(revision 9999\)"):
        open_store(url)
    assert newer("store.migrate('0002')", url).returncode == 0
    store = open_store(url)
    assert store.check() == []
    store.close()


def test_a_migration_that_fails_changes_nothing(url: str, newer: Newer) -> None:
    open_store(url).close()
    before = shape(url)
    failed = newer("pass", url, fault="op.execute('INSERT INTO nowhere VALUES (1)')")
    assert failed.returncode != 0
    assert shape(url) == before
    store = open_store(url)
    assert store.revision() == HEAD
    store.close()


def test_a_database_of_something_else_is_left_alone(empty_url: str) -> None:
    engine = make_engine(parse_url(empty_url), 5)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE plan (x integer)")
    close_engine(engine)
    before = shape(empty_url)
    with pytest.raises(StoreError, match=r"tables of something else \(plan\)"):
        open_store(empty_url)
    assert shape(empty_url) == before


def test_an_unknown_revision_is_refused(url: str) -> None:
    store = open_store(url)
    with pytest.raises(InputError, match="There is no revision 0999"):
        store.migrate("0999")
    store.close()


def test_a_backup_is_a_whole_store_of_its_own_and_overwrites_nothing(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with store.work("shop") as work:
        work.watermarks.set("webstore", "before")
        copy = store.backup(tmp_path / "backups" / "copy.sqlite")  # in the middle of a transaction that writes
    with pytest.raises(StoreError, match="is there already"):
        store.backup(copy)
    store.close()
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy.sqlite"]
    restored = open_store(f"sqlite:///{copy}")
    with restored.view("shop") as view:
        assert (restored.check(), view.watermarks.get("webstore")) == ([], None)
    restored.close()


def test_a_backup_of_a_damaged_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = open_store(f"sqlite:///{path}")
    with store.work("shop") as work:
        work.describe(actor="ann", reason="many")
        for number in range(300):
            work.mapping.tick(f"id-{number}", f"C{number}", name="x" * 100)
    store.close()
    content = bytearray(path.read_bytes())
    # the pages at the end hold rows
    content[-16384:-4096] = b"\xff" * 12288
    path.write_bytes(content)
    damaged = open_store(f"sqlite:///{path}", migrate=False)
    with pytest.raises(StoreError, match="is damaged"):
        damaged.backup(tmp_path / "copy.sqlite")
    damaged.close()
    assert not list(tmp_path.glob("copy*"))


def test_tallies_begin_with_what_an_older_store_remembers(empty_url: str) -> None:
    store = open_store(empty_url)
    with store.work("shop") as work:
        for run_id, dry_run in (("1", False), ("2", False), ("3", True)):
            work.runs.start(run_id, "all", "manual", "ada", dry_run=dry_run)
            work.runs.finish(run_id, "completed", {}, None, None)
        work.runs.start("4", "all", "manual", "ada")
        [intent] = work.journal.intend(
            [Intent(run_id="1", direction="pull", system="business_central", operation="update", bc_id="a", bc_number="",
                    webstore_id=1, natural_key="", payload={}, before={}, after={})]
        )  # fmt: skip
        work.journal.settle([Settlement(intent, "confirmed")])
    with store.view("shop") as view:
        counted = view.tallies.all()
        assert len(counted) == 3
    store.migrate("0004", backup=False)
    store.close()
    migrated = open_store(empty_url)
    with migrated.view("shop") as view:
        again = view.tallies.all()
    migrated.close()
    assert [(t.what, t.labels, t.total) for t in again] == [(t.what, t.labels, t.total) for t in counted]
    assert all(abs(new.last_at - old.last_at) < timedelta(minutes=1) for new, old in zip(again, counted, strict=True))
