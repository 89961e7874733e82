"""The emulated webstore answers as a real shop did in every recorded conversation.

With WEBSTORE_URL, CONSUMER_KEY and CONSUMER_SECRET in the environment a shop is asked instead; what that does to the
shop stands in traces/README.md.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.listening import ServerThread, bound_socket, url_of
from sandbox.woocommerce.app import ApiKeys, create_app
from sandbox.woocommerce.people import PeopledStore
from tests.contract.replaying import Shop, replay

TRACES = sorted((Path(__file__).parent / "traces").glob("*.json"))
_KEYS = ApiKeys("ck_contract", "cs_contract", "ck_contract_reading", "cs_contract_reading")


@dataclass
class Stage:
    """The shop that is replayed against; `empty` is None when nobody allowed to empty it."""

    shop: Shop
    wait: Callable[[float], None]
    empty: Callable[[], None] | None


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with requests.Session() as session:
        session.trust_env = False
        if os.environ.get("WEBSTORE_URL"):
            yield _foreign_shop(session)
        else:
            with _emulated_shop(session) as emulated:
                yield emulated


@contextmanager
def _emulated_shop(session: requests.Session) -> Iterator[Stage]:
    store = PeopledStore(":memory:", seed=0)
    listening = bound_socket(0)
    thread = ServerThread("webstore", create_app(store, _KEYS), listening)
    thread.start()
    thread.wait_until_ready()
    shop = Shop(
        url_of(listening),
        (_KEYS.consumer_key, _KEYS.consumer_secret),
        (_KEYS.read_only_key, _KEYS.read_only_secret),
        session,
    )
    try:
        yield Stage(shop, store.advance_clock, store.clear)
    finally:
        thread.ask_to_stop()
        thread.wait_until_stopped()
        store.close()


def _foreign_shop(session: requests.Session) -> Stage:
    reading = os.environ.get("READ_ONLY_KEY"), os.environ.get("READ_ONLY_SECRET")
    shop = Shop(
        os.environ["WEBSTORE_URL"].rstrip("/"),
        (os.environ["CONSUMER_KEY"], os.environ["CONSUMER_SECRET"]),
        (reading[0], reading[1]) if reading[0] and reading[1] else None,
        session,
    )

    def delete_all() -> None:
        while ids := [row["id"] for row in _first_customers(shop)]:
            shop.send({"method": "POST", "path": "/customers/batch", "json": {"delete": ids}}, {}).raise_for_status()

    # What was empty at the start holds nothing but what these scenarios put into it.
    is_ours = os.environ.get("EMPTY_WEBSTORE") == "yes" or not _first_customers(shop)
    return Stage(shop, time.sleep, delete_all if is_ours else None)


def _first_customers(shop: Shop) -> list[dict[str, Any]]:
    query = {"per_page": 100, "_fields": "id"}
    answer = shop.send({"method": "GET", "path": "/customers", "query": query}, {})
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()
    return rows


@pytest.mark.parametrize("path", TRACES, ids=[path.stem for path in TRACES])
def test_the_shop_answers_as_recorded(path: Path, stage: Stage) -> None:
    trace = json.loads(path.read_text(encoding="utf-8"))
    if stage.shop.ro is None and any(step["request"].get("auth") == "ro" for step in trace["steps"]):
        pytest.skip("no read-only key is known")
    if trace["needs"] == "empty-store":
        if stage.empty is None:
            pytest.skip("the shop has customers, and nobody said EMPTY_WEBSTORE=yes")
        stage.empty()
    outcome = replay(trace, stage.shop, stage.wait)
    assert outcome.level_1 == []
    assert outcome.level_2 == []


def test_there_are_traces() -> None:
    assert len(TRACES) == 143
