"""The right to create customers in a company that several webstores share: kept between batches, but not from others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from connector.errors import StoreError
from connector.run import creating
from connector.run.creating import RightToCreate
from connector.run.fence import _besides
from connector.store import LeaseHeld, Store, open_store
from connector.store.schema import LEASE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


def run_of(store: Store, code: str) -> Any:
    return SimpleNamespace(
        store=store,
        code=code,
        run_id="1",
        business_central=SimpleNamespace(company_id="c-1"),
        setup=SimpleNamespace(
            synchronization=SimpleNamespace(lease_seconds=45.0), business_central=SimpleNamespace(company="Nord")
        ),
    )


def held(store: Store) -> int:
    return len(store.leases())


def test_it_is_kept_from_batch_to_batch_and_given_back_at_the_end(store: Store) -> None:
    with RightToCreate(run_of(store, "a")) as right:
        assert held(store) == 0  # nobody is to be created yet
        with right.turn():
            [lease] = _besides.get()
        assert held(store) == 1
        with right.turn():
            assert _besides.get() == (lease,)
        assert _besides.get() == ()
    assert held(store) == 0


def test_two_batches_of_a_run_never_have_it_at_the_same_time(store: Store) -> None:
    with RightToCreate(run_of(store, "a")) as right, right.turn():
        began = threading.Event()

        def other() -> None:
            with right.turn():
                began.set()

        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        assert not began.wait(0.1)
    thread.join(30)


def test_another_webstore_gets_it_while_many_batches_are_created(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "_KEPT_SECONDS", 0.1)
    created: list[str] = []

    def create(code: str, batches: int) -> None:
        with RightToCreate(run_of(store, code)) as right:
            for _ in range(batches):
                with right.turn():
                    created.append(code)
                    time.sleep(0.12)

    many = threading.Thread(target=create, args=("a", 4))
    many.start()
    while not created:
        time.sleep(0.01)
    create("b", 1)
    many.join(30)
    assert created.count("b") == 1
    assert created[-1] == "a"


def test_nobody_gets_it_while_it_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "_OTHERS_CREATE_SECONDS", 0.0)
    with RightToCreate(run_of(store, "a")) as right, RightToCreate(run_of(store, "b")) as other:
        with right.turn():
            pass
        with pytest.raises(LeaseHeld, match="Nord"), other.turn():
            pass


def test_one_that_was_lost_between_two_batches_is_taken_anew(store: Store) -> None:
    with RightToCreate(run_of(store, "a")) as right:
        with right.turn():
            [lost] = _besides.get()
        with store.work("a") as work:
            work._connection.execute(sa.delete(LEASE))
        with right.turn():
            [lease] = _besides.get()
            assert lease is not lost
            lease.check()
            with pytest.raises(StoreError):
                lost.check()
    assert held(store) == 0
