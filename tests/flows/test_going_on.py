"""A run goes on with what a killed one had read, and with nothing that does not fit: no page of a list is asked for twice."""

from __future__ import annotations

import errno
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem

from connector import pipeline
from connector.desk.forgetting import forget
from connector.errors import PremiseBroken, RemoteTrouble
from connector.extract.changed import Everybody
from connector.planning import lots
from connector.run.request import RunReport
from connector.run.setup_source import opened_view
from connector.setup import PartitionSettings
from connector.store import LeaseLost
from sandbox.request_log import RequestLog
from sandbox.server import Running
from tests.by_hand import by_hand
from tests.faults.crash import Victim, crash_site
from tests.faults.world import World
from tests.flows.moments import clock_of_the_machine
from tests.flows.shop import Shop

BOTH = {"webstore", "business_central"}


def lists_read(running: Running) -> set[str]:
    """The sides whose customers were listed since this was asked last: whole, not some by id or evidence."""
    logs: dict[str, tuple[RequestLog, str]] = {
        "webstore": (running.webstore_log, "billing"),
        "business_central": (running.business_central_log, "$orderby=number"),
    }
    found = {
        side
        for side, (log, words) in logs.items()
        if any(e.path.endswith("/customers") and words in e.query and "include=" not in e.query for e in log.reads())
    }
    running.webstore_log.clear()
    running.business_central_log.clear()
    return found


@pytest.mark.parametrize("number", [1, 3])
def test_a_run_after_a_kill_asks_for_no_page_again(tmp_path: Path, number: int) -> None:
    with crash_site(tmp_path, seed=1, partitions=3) as (running, setup, environment):
        victim, world = Victim(environment, tmp_path, plain=True), World(running, setup, random.Random(1))
        try:
            world.fill(accounts=60, customers=6, both=4)
            assert victim.run(setup, kill={"at": "request", "number": number, "when": "after"}) is None
            assert lists_read(running) == BOTH
            for _ in range(6):
                world.edit("webstore")
                world.edit("business_central")
            world.new_pair()
            summary = victim.run(setup)
            assert summary is not None
            assert not lists_read(running)
            assert sum("was not read again: run " in words for words in summary["warnings"]) == len(BOTH)
            assert not list((tmp_path / "customer-sync-data").glob("partitions/**/*.parquet"))
            for _ in range(3):
                assert victim.run(setup)
                assert lists_read(running) == BOTH
            assert not any(world.problems().values())
        finally:
            victim.close()


def interrupted(shop: Shop, error: type[BaseException] = KeyboardInterrupt, *arguments: str) -> None:
    """A run that ends when everything is decided and nothing is written."""

    def end() -> None:
        raise error(*arguments)

    with pytest.raises(error):
        shop.sync(partitions=2, when_planned=end)
    lists_read(shop.running)


def marks(shop: Shop) -> list[Path]:
    """The files that say what is landed."""
    return sorted(Path(shop.setup.partitions.folder).glob("*/*/*.json"))


@pytest.fixture
def unfinished(shop: Shop) -> Shop:
    """A shop whose first run was interrupted before it wrote. The name of its folder says nothing about names of files."""
    place = str(shop.folder / "partitions [1]*")
    shop.setup = shop.setup.model_copy(update={"partitions": PartitionSettings(folder=place)})
    shop.register("kari@nord.example")
    shop.employ("kari@nord.example", ticked=True)
    shop.register("ola@nord.example", "Ola Nordmann")
    interrupted(shop)
    assert {path.stem for path in marks(shop)} == BOTH
    return shop


def told(shop: Shop, side: str, **changes: Any) -> None:
    for path in marks(shop):
        if path.stem == side:
            path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def _less(shop: Shop) -> None:
    for path in Path(shop.setup.partitions.folder).glob("*/*/webstore/0000-*"):
        path.write_bytes(path.read_bytes()[:-9])


def _newest_was_newer(shop: Shop) -> None:
    """As before a backup of the company was restored, in which the newest customer is older."""
    (newest,) = (orjson.loads(path.read_bytes())["newest"] for path in marks(shop) if path.stem == "business_central")
    told(shop, "business_central", newest=[newest[0], "2999-01-01T00:00:00Z"])


DAYS_AGO = (datetime.now(UTC) - timedelta(days=3)).isoformat()
UNFIT: dict[str, tuple[Callable[[Shop], object], set[str]]] = {
    "too old": (lambda shop: told(shop, "webstore", read_from=DAYS_AGO), {"webstore"}),
    "of the future": (lambda shop: told(shop, "webstore", read_from="2999-01-01T00:00:00Z"), {"webstore"}),
    "under other rules": (lambda shop: told(shop, "business_central", reading="other"), {"business_central"}),
    "of another company": (lambda shop: told(shop, "business_central", told={"id": "other"}), {"business_central"}),
    "of another store": (lambda shop: told(shop, "webstore", run_id="unknown"), {"webstore"}),
    "landed in part": (lambda shop: [p.unlink() for p in marks(shop) if p.stem == "webstore"], {"webstore"}),
    "word cut": (lambda shop: [p.write_bytes(p.read_bytes()[:40]) for p in marks(shop)], BOTH),
    "rows cut": (_less, {"webstore"}),
    "fewer rows": (lambda shop: told(shop, "webstore", rows=1), {"webstore"}),
    "a shop restored": (
        lambda shop: shop.running.webstore.people_delete(shop.accounts()["ola@nord.example"]),
        {"webstore"},
    ),
    "a company restored": (_newest_was_newer, {"business_central"}),
    "somebody forgotten": (lambda shop: by_hand(forget, shop.setup, "woo:1"), BOTH),
}


@pytest.mark.parametrize("what", UNFIT)
def test_what_does_not_fit_is_read_again(unfinished: Shop, what: str) -> None:
    shop, (change, again) = unfinished, UNFIT[what]
    shop.setup = shop.setup.model_copy(update={"partitions": shop.setup.partitions.model_copy(update={"count": 2})})
    change(shop)
    lists_read(shop.running)
    shop.sync()
    assert lists_read(shop.running) == again
    assert not marks(shop)


def test_others_leave_it_to_a_run_over_all_customers(unfinished: Shop) -> None:
    shop = unfinished
    shop.sync(partitions=2, dry_run=True)
    assert lists_read(shop.running) == BOTH
    assert {path.stem for path in marks(shop)} == BOTH
    shop.sync(next(iter(shop.customers().values())), partitions=2)
    assert {path.stem for path in marks(shop)} == BOTH
    lists_read(shop.running)
    interrupted(shop, RemoteTrouble, "the shop is down")
    shop.type_in_webstore(shop.accounts()["ola@nord.example"], city="Voss")
    shop.sync(partitions=5)
    assert not lists_read(shop.running)
    shop.sync(partitions=2)
    assert lists_read(shop.running) == BOTH
    assert {shop.customer(key)["city"] for key in shop.customers().values()} >= {"Voss"}
    assert len(shop.customers()) == len(shop.accounts()) == 2


def test_once_partitions_are_not_wanted_any_more_nothing_of_them_stays(unfinished: Shop) -> None:
    shop = unfinished
    by_hand(forget, shop.setup, "woo:1")
    assert not marks(shop)
    shop.sync(dry_run=True)
    assert list(Path(shop.setup.partitions.folder).glob("**/*.parquet"))
    shop.sync()
    assert not list(Path(shop.setup.partitions.folder).glob("**/*.parquet"))


@pytest.mark.parametrize("what", ["rows", "word", "plan"])
def test_a_full_disk_is_told_with_the_folder_and_what_fills_it_is_removed(
    unfinished: Shop, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    shop = unfinished
    shop.register("nina@nord.example", "Nina Ny")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        if what == "plan":
            patched.setattr(lots, "ONE_LOT", 0)
            patched.setattr(pa.ipc, "new_file", full)
        else:
            told(shop, "webstore", rows=0)  # it is read anew
            owner, name = {"rows": (pq.ParquetWriter, "write_table"), "word": (LocalFileSystem, "pipe_file")}[what]
            patched.setattr(owner, name, full)
        with pytest.raises(PremiseBroken, match=r"cannot be kept in .*partitions \[1\].*: No space left on device\."):
            shop.sync(partitions=2)
    with opened_view(shop.setup) as view:
        (run, *_) = view.runs.recent(1)
    assert run["status"] == "stopped" and "No space left" in run["summary"]["error"]
    assert not list(Path(shop.setup.partitions.folder).glob("**/*.parquet"))
    shop.sync(partitions=2)
    assert len(shop.customers()) == 3


def test_a_run_that_was_stopped_for_what_it_had_read_leaves_nothing(unfinished: Shop) -> None:
    interrupted(unfinished, PremiseBroken, "too many")
    assert not marks(unfinished)
    unfinished.sync(partitions=2)
    assert lists_read(unfinished.running) == BOTH


@pytest.mark.parametrize("moment", ["when_read", "when_planned"])
def test_a_run_that_stood_still_leaves_the_files_of_the_one_that_took_over(unfinished: Shop, moment: str) -> None:
    """It ends while the other one is at work, for want of the lease or of its own files, which the other one has removed."""
    shop, taken_over, ended = unfinished, threading.Event(), threading.Event()

    def wait_for_its_end() -> None:
        taken_over.set()
        assert ended.wait(60)

    with clock_of_the_machine() as clock, ThreadPoolExecutor(1) as elsewhere:
        others: list[Future[RunReport]] = []

        def stand_still() -> None:
            clock.forward(60)
            others.append(elsewhere.submit(shop.sync, partitions=2, when_read=wait_for_its_end))
            assert taken_over.wait(60)

        with pytest.raises((LeaseLost, PremiseBroken)):
            shop.sync(partitions=2, **{moment: stand_still})
        ended.set()
        others[0].result(60)
    assert len(shop.customers()) == len(shop.accounts()) == 2
    assert not list(Path(shop.setup.partitions.folder).glob("**/*.parquet"))


def test_a_run_that_goes_on_is_no_look_at_everybody(unfinished: Shop) -> None:
    shop = unfinished
    shop.change(hours_between_full_reads=6)
    report = shop.sync(partitions=2, scheduled=True)
    assert not lists_read(shop.running)
    assert report.summary.mode == "all"
    shop.sync(partitions=2, scheduled=True)
    assert lists_read(shop.running) == BOTH


def test_a_run_that_goes_on_counts_nothing_as_missed_by_hooks(
    unfinished: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished.change(hours_between_full_reads=6)
    monkeypatch.setattr(pipeline, "why_everybody", lambda _run: Everybody.DUE)
    missed = [unfinished.sync(partitions=2, scheduled=True).summary.reading.missed_by_webhooks for _ in range(2)]
    assert missed == [None, 0]
