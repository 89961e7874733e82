"""A store that was emptied is told before anything is written; a lease that nobody gives back can be freed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from connector.desk import store_care
from connector.errors import InputError
from connector.run.setup_source import named_setups, opened_store, opened_view
from connector.store import open_store
from connector.store.schema import LEASE
from flows import store_commands
from sandbox.server import Running
from tests.flows.shop import Shop

TOLD = "The store is empty though it was not"


def told(shop: Shop, *, dry_run: bool = False) -> bool:
    return any(text.startswith(TOLD) for text in shop.sync(dry_run=dry_run).summary.warnings)


def test_a_store_that_was_emptied_is_told_by_every_run_until_one_has_come_to_its_end(shop: Shop) -> None:
    shop.register("kari@nord.example")
    assert not told(shop)
    for file in shop.folder.glob("store.sqlite*"):
        file.unlink()
    shop.store_file.touch()
    with opened_view(shop.setup):  # whatever opens it first
        pass
    assert [told(shop, dry_run=True), told(shop, dry_run=True), told(shop), told(shop)] == [True, True, True, False]


def test_a_first_run_where_no_file_was_says_nothing(running: Running, tmp_path: Path) -> None:
    shop = Shop(running, tmp_path)
    with opened_view(shop.setup):
        pass
    assert not told(shop)


def leave_lease(shop: Shop, until: datetime) -> None:
    """A run of another machine, whose clock was wrong, has never given its lease back."""
    store = open_store(shop.setup.store.url)
    with store.work("other") as work:
        row = {
            "webstore_code": "shop",
            "token": "t",
            "holder": "run 1a2b",
            "host": "elsewhere",
            "pid": 1,
            "machine": "",
        }
        row |= {"acquired_at": until - timedelta(seconds=45), "expires_at": until, "boot": "", "expires_boot": None}
        work._connection.execute(sa.insert(LEASE).values(row))
    store.close()


def test_a_lease_whose_end_lies_months_ahead_is_shown_and_freed(shop: Shop, request: pytest.FixtureRequest) -> None:
    leave_lease(shop, datetime.now(UTC) + timedelta(days=90))
    named = named_setups.set(lambda _name, _secrets: shop.setup)
    request.addfinalizer(lambda: named_setups.reset(named))
    freed = CliRunner().invoke(store_commands.app, ["free-lease"], input="n\n")
    assert freed.exit_code != 0
    assert "elsewhere" in freed.output
    with opened_store(shop.setup) as (_, store):
        assert len(store_care.list_leases(store)) == 1
    freed = CliRunner().invoke(store_commands.app, ["free-lease", "--yes"])
    assert (freed.exit_code, "which run 1a2b held" in freed.output) == (0, True)
    shop.sync()
    freed = CliRunner().invoke(store_commands.app, ["free-lease", "--yes"])
    assert (freed.exit_code, "Nobody holds a lease" in freed.output) == (0, True)


def test_a_run_that_is_at_work_here_keeps_its_lease_unless_it_is_forced_away(shop: Shop) -> None:
    store = open_store(shop.setup.store.url)
    with store.lease("shop", "run 1"):
        with pytest.raises(InputError, match=r"run 1 \(process .*\) is at work"):
            store_care.free_lease(store, "shop")
        assert store_care.free_lease(store, "shop", force=True)["holder"] == "run 1"
        with pytest.raises(InputError, match="Nobody holds a lease of shop"):
            store_care.free_lease(store, "shop")
    store.close()
