"""The same run on threads, on Dask workers and with a store in PostgreSQL: the same plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.setup import PartitionSettings, Setup
from flows import run_tags
from flows import synchronize_customers as flow_module
from sandbox.server import Running, start
from tests.flows.shop import Shop, setup_of
from tests.servers.postgresql import PostgreSQL
from tests.servers.prefect import prefect_here

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(seed=0) as running:
        yield running


@pytest.fixture(scope="module")
def prefect() -> Iterator[Path]:
    with prefect_here() as database:
        yield database


def run(setup: Setup, monkeypatch: pytest.MonkeyPatch, **partitions: Any) -> Any:
    """A dry run of the flow."""
    changed = setup.model_copy(update={"partitions": PartitionSettings(folder=setup.partitions.folder, **partitions)})
    monkeypatch.setattr(run_tags, "resolve_setup", lambda _name, _with_secrets: changed)
    return flow_module.synchronize_customers(setup="shop", dry_run=True)


def test_the_plan_is_the_same_on_threads_on_dask_workers_and_in_postgresql(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect: Path, postgresql: PostgreSQL
) -> None:
    setup = setup_of(running, tmp_path, "shop", policies={"conflict": "ask", "first_link": "business-central"})
    url = postgresql.url(postgresql.create_database())
    stored = setup.model_copy(update={"store": setup.store.model_copy(update={"url": url})})
    shop = Shop(running, tmp_path)
    hashes = {run(kept, monkeypatch, count=count).plan.hash for kept in (setup, stored) for count in (0, 5)}
    assert len(hashes) == 1
    shop.setup = stored
    shop.sync()
    for account in sorted(running.webstore.customer_ids("customer"))[:200:7]:
        shop.type_in_webstore(account, city="Bergen", phone="+47 22 33 44 55")
    for customer in sorted(running.business_central.customer_ids())[:300:9]:
        shop.type_in_company(customer, city="Voss")
    for number in range(3):
        shop.register(f"new{number}@workers.example", f"Nils{number} Ny{number}")
    whole = run(stored, monkeypatch)
    threads = run(stored, monkeypatch, count=6, workers=3)
    dask = run(stored, monkeypatch, count=6, runner="dask", workers=2)
    assert whole.plan.writes and len({whole.plan.hash, threads.plan.hash, dask.plan.hash}) == 1
    assert whole.plan == threads.plan == dask.plan
    assert dask.summary.extracted == whole.summary.extracted
    assert not list(Path(stored.partitions.folder).glob("shop/*"))
