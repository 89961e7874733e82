"""Every test of the store runs on a SQLite file and on a PostgreSQL server; `store` is empty and migrated."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store import Store, open_store
from tests.servers.postgresql import PostgreSQL, postgresql

__all__ = ["postgresql"]


@pytest.fixture(scope="session")
def migrated_template(postgresql: PostgreSQL) -> str:
    """A database with the store's tables, to be copied."""
    name = postgresql.create_database()
    open_store(postgresql.url(name)).close()
    return name


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("store") / "store.sqlite"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store of one's own, which has its tables already."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "store.sqlite")
        yield f"sqlite:///{tmp_path / 'store.sqlite'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.lent(request.getfixturevalue("migrated_template")) as name:
        yield server.url(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.sqlite'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store."""
    opened = open_store(url, busy_seconds=5)
    yield opened
    opened.close()
