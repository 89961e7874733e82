"""Runs of one webstore follow one another: who waits, who leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.run.open_run import Opened, open_run
from connector.setup import Setup
from connector.store import LeaseHeld, Store, open_store
from sandbox.server import Running, start
from tests.flows.shop import setup_of


@pytest.fixture(scope="module")
def systems() -> Iterator[Running]:
    with start(empty=True, seed=1) as running:
        yield running


@pytest.fixture
def setup(systems: Running, tmp_path: Path) -> Setup:
    return setup_of(systems, tmp_path, "shop")


@pytest.fixture
def store(setup: Setup) -> Iterator[Store]:
    made = open_store(setup.store.url)
    yield made
    made.close()


def run(setup: Setup, name: str, *, trigger: str = "manual", enqueue: bool = True) -> None:
    with open_run(
        setup, run_id=name, mode="all", trigger=trigger, actor="ann", dry_run=False, enqueue=enqueue
    ) as opened:
        assert isinstance(opened, Opened)
        opened.status = "completed"


def test_an_enqueued_run_begins_when_the_one_at_work_has_ended(setup: Setup, store: Store) -> None:
    with store.lease("shop", "run r1"):
        waiting = threading.Thread(target=run, args=(setup, "r2"))
        waiting.start()
        waiting.join(0.7)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()
    with store.view("shop") as view:
        assert (view.runs.show("r2") or {})["status"] == "completed"


def test_without_a_queue_a_run_leaves_and_says_who_is_at_work(setup: Setup, store: Store) -> None:
    with store.lease("shop", "run r1"), pytest.raises(LeaseHeld, match="run r1"):
        run(setup, "r2", enqueue=False)


def test_of_scheduled_runs_only_one_waits(setup: Setup, store: Store) -> None:
    with store.lease("shop", "run r1"), store.lease("shop (next)", "run r2"), pytest.raises(LeaseHeld, match="run r2"):
        run(setup, "r3", trigger="scheduled")


def test_a_run_that_was_killed_is_marked_by_the_next_one(setup: Setup, store: Store) -> None:
    with store.work("shop") as work:
        work.runs.start("r1", "all", "manual", "ann")
    run(setup, "r2")
    with store.view("shop") as view:
        assert (view.runs.show("r1") or {})["status"] == "interrupted"
