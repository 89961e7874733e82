"""Both systems, empty, for a test: started once, cleared before every test; and an empty store to begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.setup import StoreSettings
from connector.store import open_store
from sandbox.server import Running, start
from tests import hypothesis_profiles
from tests.flows.shop import Shop
from tests.servers.postgresql import PostgreSQL, postgresql

__all__ = ["emptied", "hypothesis_profiles", "postgresql"]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with tables and no rows."""
    path = tmp_path_factory.mktemp("store") / "empty.sqlite"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="module")
def systems() -> Iterator[Running]:
    """Both emulators."""
    with start(empty=True, seed=1) as running:
        yield running


@pytest.fixture
def running(systems: Running) -> Running:
    """Both emulators without customers, faults and requests."""
    emptied(systems)
    return systems


@pytest.fixture
def shop(running: Running, tmp_path: Path, empty_store: Path) -> Shop:
    """A webstore and a company without customers, and the connector between them."""
    return Shop(running, tmp_path, store=empty_store)


@pytest.fixture(scope="session")
def migrated(postgresql: PostgreSQL) -> str:
    """A database with the store's tables, to be copied."""
    name = postgresql.create_database()
    open_store(postgresql.url(name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, running: Running, tmp_path: Path, empty_store: Path) -> Iterator[Shop]:
    """A shop whose store is a file, or a database of a server."""
    made = Shop(running, tmp_path, store=empty_store)
    if request.param == "sqlite":
        yield made
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.lent(request.getfixturevalue("migrated")) as name:
        made.setup = made.setup.model_copy(update={"store": StoreSettings(url=server.url(name))})
        yield made


def emptied(running: Running) -> None:
    """Nobody is there, nothing was asked, nothing will go wrong."""
    for system in ("webstore", "business_central"):
        getattr(running, system).clear()
        getattr(running, f"{system}_faults").clear()
        getattr(running, f"{system}_log").clear()
