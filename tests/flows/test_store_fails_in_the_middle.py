"""The store fails while a run is at work: what was not noted is not sent, what was sent is found again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from connector.errors import StoreError
from tests.flows.moments import REQUEST, bury, watched
from tests.flows.shop import Shop


@pytest.fixture
def busy(shop: Shop) -> Iterator[sqlite3.Connection]:
    """Another program that can lock the store; the connector waits for it only a moment."""
    store = shop.setup.store.model_copy(update={"url": f"{shop.setup.store.url}?timeout=0.1"})
    shop.setup = shop.setup.model_copy(update={"store": store})
    connection = sqlite3.connect(shop.store_file, isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


def lock(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


def free(shop: Shop, connection: sqlite3.Connection) -> None:
    """The other program is done, and the process of the run that failed has ended with it."""
    connection.execute("ROLLBACK")
    bury(shop.store_file)


def test_nothing_is_sent_that_could_not_be_noted_before(shop: Shop, busy: sqlite3.Connection) -> None:
    shop.register("kari@nord.example")
    shop.forget_requests()
    with pytest.raises(StoreError, match="it is locked"):
        shop.sync(when_planned=lambda: lock(busy))
    assert (shop.writes(), shop.customers()) == ([], {})
    free(shop, busy)
    assert shop.sync().summary.pull.created == 1


@pytest.mark.parametrize("who", ["account", "customer"])
def test_a_write_whose_outcome_could_not_be_noted_is_found_again(
    shop: Shop, busy: sqlite3.Connection, who: str
) -> None:
    if who == "account":
        shop.employ("kari@nord.example", ticked=True)
    else:
        shop.register("kari@nord.example")
    with watched() as moments, pytest.raises(StoreError, match="it is locked"):
        # the last request before the outcome is noted: Business Central is asked for the e-mail first
        number = 1 if who == "account" else 2
        shop.sync(when_planned=lambda: moments.before(number, lambda: lock(busy), REQUEST))
    assert (len(shop.accounts()), len(shop.customers())) == (1, 1)
    free(shop, busy)
    shop.settle(2)
    assert shop.links() == {shop.customers()["kari@nord.example"]: shop.accounts()["kari@nord.example"]}
    assert [row["outcome"] for row in shop.journal()] == ["adopted"]


def test_a_store_that_is_taken_away_is_missed_before_anything_is_sent(shop: Shop) -> None:
    shop.register("kari@nord.example")
    shop.forget_requests()
    away = shop.store_file.with_suffix(".away")
    with pytest.raises(StoreError, match="moved, replaced or deleted"):
        shop.sync(when_planned=lambda: [shop.store_file.rename(away)])
    assert shop.writes() == []
    away.rename(shop.store_file)
