"""Whatever a PostgreSQL server has set: the store works, or says in words why it cannot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from connector.errors import StoreError
from connector.store import open_store
from connector.store.engine import parse_url
from connector.store.troubles import store_error
from tests.servers.postgresql import PostgreSQL

WHERE = 'connection to server at "127.0.0.1", port 5432 failed: '


@pytest.fixture
def database(postgresql: PostgreSQL, migrated_template: str) -> Iterator[str]:
    name = postgresql.create_database(migrated_template)
    yield name
    postgresql.drop_database(name)


@pytest.mark.parametrize(
    ("said", "shown", "hint"),
    [
        (f"{WHERE}FATAL:  the database system is starting up", "starting or stopping", "Try again in a moment"),
        (f"{WHERE}FATAL:  the database system is in recovery mode", "starting or stopping", "Try again in a moment"),
        (f'{WHERE}FATAL:  database "shop" does not exist', "no such database", "createdb"),
        (f'{WHERE}FATAL:  role "sync" does not exist', "was refused", "PGPASSWORD"),
        (f"{WHERE}FATAL:  sorry, too many clients already", "too many connections", "max_connections"),
        (
            f"{WHERE}Connection refused\n\tIs the server running on that host?",
            "Connection refused",
            "that the server runs",
        ),
        ('column "x" does not exist\nLINE 1: SELECT x FROM y\n               ^', 'column "x" does not exist', ""),
    ],
)
def test_the_cause_is_told_and_no_other(said: str, shown: str, hint: str) -> None:
    told = store_error(psycopg.OperationalError(said), parse_url("postgresql://sync@db.example/shop"))
    assert shown in told.message
    assert hint in told.hint
    assert not told.message.rstrip(".").rstrip(")").endswith(("^", "?"))
    assert ("createdb" in told.hint) == ("shop" in said)


def test_a_database_that_cannot_hold_every_name_is_refused(postgresql: PostgreSQL) -> None:
    name = postgresql.create_database()
    postgresql.drop_database(name)
    with postgresql.connect() as connection:
        connection.execute(
            f"CREATE DATABASE \"{name}\" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    with pytest.raises(StoreError, match="keeps texts as LATIN1") as refused:
        open_store(postgresql.url(name))
    assert "--encoding=UTF8" in refused.value.hint
    postgresql.drop_database(name)


def test_what_a_database_has_set_for_its_sessions_changes_nothing(postgresql: PostgreSQL, database: str) -> None:
    settings = {
        "datestyle": "'SQL, DMY'",
        "timezone": "'Pacific/Chatham'",
        "default_transaction_isolation": "'serializable'",
        "statement_timeout": "20",
        "idle_in_transaction_session_timeout": "200",
        "standard_conforming_strings": "off",
        "client_encoding": "'LATIN1'",
        "lock_timeout": "1",
    }
    with postgresql.connect() as connection:
        for setting, value in settings.items():
            connection.execute(f'ALTER DATABASE "{database}" SET {setting} = {value}')
    store = open_store(postgresql.url(database))
    assert store.check() == []
    with store.work("shop") as work:
        work.describe(actor="Łukasz \\ 山田", reason="by hand")
        work.mapping.tick("a", "C100", name="Łukasz \\ 山田")
        time.sleep(0.4)
    with store.view("shop") as view:
        assert list(view.mapping.current()["name"]) == ["Łukasz \\ 山田"]
        (version,) = view.mapping.versions()
        assert abs(version.created_at.timestamp() - time.time()) < 60
    store.close()


def test_reads_do_not_wait_without_end_for_a_lock_of_somebody_else(postgresql: PostgreSQL, database: str) -> None:
    store = open_store(postgresql.url(database), busy_seconds=0.3)
    with psycopg.connect(host=str(postgresql.socket), user="postgres", dbname=database) as stranger:
        stranger.execute("LOCK TABLE mapping_row IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        with pytest.raises(StoreError, match="locked"), store.view("shop") as view:
            view.mapping.current()
        assert time.monotonic() - begun < 10
    with store.view("shop") as view:
        assert len(view.mapping.current()) == 0
    store.close()


def test_the_password_is_read_from_its_file_for_each_connection(
    postgresql: PostgreSQL, database: str, tmp_path: Path
) -> None:
    def password() -> str:
        store = open_store(f"{postgresql.url(database)}&password_file={file}")
        try:
            with store.view("shop") as view:
                raw: psycopg.Connection[tuple[object, ...]] = view._connection.connection.driver_connection  # type: ignore[assignment]
                return raw.info.password
        finally:
            store.close()

    file = tmp_path / "password"
    with pytest.raises(StoreError, match=r"The password of the store .*No such file or directory"):
        password()
    for given in ("before", "after it was changed"):
        file.write_text(f"{given}\n", encoding="utf-8")
        file.chmod(0o600)
        assert password() == given
    file.chmod(0o644)
    with pytest.raises(StoreError, match="every user of this machine can read or change"):
        password()
    file = Path("password")
    with pytest.raises(StoreError, match="must be a whole path, such as /run/secrets/password"):
        password()
