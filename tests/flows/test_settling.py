"""Settling interrupted writes costs little: nobody else waits for the store meanwhile, and few requests are made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests

from tests.flows.moments import COMMIT, REQUEST, Killed, bury, watched
from tests.flows.shop import Shop


@contextmanager
def others_may_write(shop: Shop) -> Iterator[list[str]]:
    """At each request that is made inside somebody else writes into the store; gives the requests at which that failed."""
    locked: list[str] = []
    send = requests.Session.send

    def tried(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        with closing(sqlite3.connect(shop.store_file, timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                other.rollback()
            except sqlite3.OperationalError as error:
                locked.append(f"{request.method} {request.path_url}: {error}")
        return send(self, request, **more)

    requests.Session.send = tried  # type: ignore[method-assign]
    try:
        yield locked
    finally:
        requests.Session.send = send  # type: ignore[method-assign]


def interrupted(shop: Shop, run: Any, number: int, kind: str = COMMIT) -> None:
    with watched() as moments, pytest.raises(Killed):
        run(when_planned=lambda: moments.kill_before(number, kind))
    bury(shop.store_file)


def linked(shop: Shop) -> tuple[int, str]:
    account = shop.register("kari@nord.example", address_1="Storgata 1")
    shop.sync()
    return account, shop.customers()["kari@nord.example"]


@pytest.mark.parametrize("what", ["push", "pull", "undone push", "undone pull", "account", "customer", "deletion"])
def test_no_other_webstore_waits_for_the_store_while_interrupted_writes_are_looked_up(shop: Shop, what: str) -> None:
    if what in {"account", "deletion"}:
        shop.employ("kari@nord.example", ticked=True)
        if what == "account":
            interrupted(shop, shop.sync, 2)
        else:
            run = shop.sync()
            interrupted(shop, lambda **m: shop.undo(run.run_id, delete_accounts=True, **m), 3)
    elif what == "customer":
        shop.register("kari@nord.example")
        interrupted(shop, shop.sync, 3)
    else:
        account, customer = linked(shop)
        if "push" in what:
            shop.type_in_company(customer, addressLine1="Nygaten 2")
        else:
            shop.type_in_webstore(account, address_1="Nygaten 2")
        if what.startswith("undone"):
            run = shop.sync()
            interrupted(shop, lambda **m: shop.undo(run.run_id, **m), 2)
        else:
            interrupted(shop, shop.sync, 2)
    assert shop.remembered().open_writes, "there must be something to settle"
    with others_may_write(shop) as locked:
        shop.sync()
    assert (locked, shop.remembered().open_writes) == ([], [])


def test_two_interrupted_creates_cost_a_handful_of_requests_in_a_large_shop(shop: Shop) -> None:
    ids = [shop.register(f"p{number}@nord.example") for number in range(1_200)]
    shop.change(pull_webstore_customers="None")
    customer = shop.employ("ann@nord.example", "Ann Berg", ticked=True)
    shop.employ("ola@nord.example", "Ola Lie", ticked=True)
    interrupted(shop, shop.sync, 1, REQUEST)
    shop.running.webstore_log.clear()
    shop.sync(f"woo:{ids[0]}", when_planned=lambda: None)
    lookups = len(shop.running.webstore_log.entries)
    assert [row["outcome"] for row in shop.journal()] == ["not-happened", "not-happened"]
    assert lookups <= 6, lookups
    assert customer


def test_many_creates_in_a_small_shop_are_looked_up_in_one_list(shop: Shop) -> None:
    for number in range(30):
        shop.employ(f"p{number}@nord.example", f"Person{number} Lie", ticked=True)
    shop.running.webstore_log.clear()
    done = shop.sync()
    assert done.summary.push.created == 30
    assert len(shop.running.webstore_log.entries) <= 6
