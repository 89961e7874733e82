"""One writer per webstore: who holds the lease, who waits, and who takes over from the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from connector.store import LeaseHeld, LeaseLost, Store, open_store
from connector.store.columns import now
from connector.store.schema import LEASE

HOLDER = """
import sys, time
from connector.store import open_store
with open_store(sys.argv[1]).lease("shop", "run 1"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    """Holds the lease of the shop until its input is closed."""
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def set_lease(store: Store, **values: object) -> None:
    """As if the holder were another one."""
    with store.work("shop") as work:
        work._connection.execute(sa.update(LEASE).values(values))


def leases(store: Store) -> int:
    with store.view("shop") as view:
        return view._connection.scalar(sa.select(sa.func.count()).select_from(LEASE)) or 0


def expiry(store: Store) -> datetime:
    with store.view("shop") as view:
        expires = view._connection.scalar(sa.select(LEASE.c.expires_at))
    assert expires is not None
    return expires


def test_a_second_run_leaves_at_once_and_says_who_is_at_work(store: Store, url: str) -> None:
    with another_process(url) as process:
        words = rf"run 1 \(process {process.pid} on .*\) has been at work on webstore shop"
        with pytest.raises(LeaseHeld, match=words), store.lease("shop", "run 2"):
            pass
        with store.lease("outlet", "run 3"):
            assert leases(store) == 2


def test_a_second_run_may_wait_and_begins_when_the_first_has_ended(store: Store, url: str) -> None:
    with another_process(url) as process:
        assert process.stdin is not None
        threading.Timer(0.3, process.stdin.close).start()
        with store.lease("shop", "run 2", wait_seconds=20):
            assert process.wait(timeout=20) == 0


def test_the_lease_of_a_killed_run_is_taken_over_at_once_on_the_same_machine(store: Store, url: str) -> None:
    with another_process(url) as process:
        process.send_signal(signal.SIGKILL)
        started = time.monotonic()
        with store.lease("shop", "run 2", wait_seconds=20):
            assert time.monotonic() - started < 5


def test_a_holder_that_stands_still_keeps_its_lease_until_it_runs_out(store: Store, url: str) -> None:
    with another_process(url) as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(LeaseHeld), store.lease("shop", "run 2"):
            pass
        set_lease(store, expires_at=now() - timedelta(seconds=1))
        with store.lease("shop", "run 2"):
            pass


def test_a_lease_ends_within_a_minute_of_its_last_heartbeat(store: Store) -> None:
    with store.lease("shop", "run 1"):
        assert timedelta(0) < expiry(store) - now() < timedelta(minutes=1)


def test_a_holder_on_another_machine_is_believed_until_its_lease_runs_out(store: Store, url: str) -> None:
    other = open_store(url)
    with store.lease("shop", "run 1"):
        set_lease(store, machine="another boot 12345", host="elsewhere", pid=os.getpid())
        with pytest.raises(LeaseHeld, match="elsewhere"), other.lease("shop", "run 2"):
            pass
        set_lease(store, expires_at=now() - timedelta(seconds=1))
        with other.lease("shop", "run 2"):
            pass
    other.close()


def test_a_process_that_only_has_the_number_of_the_dead_one_is_not_taken_for_it(store: Store, url: str) -> None:
    other = open_store(url)
    with store.lease("shop", "run 1"):
        with store.view("shop") as view:
            machine = str(view._connection.scalar(sa.select(LEASE.c.machine)))
        set_lease(store, machine=f"{machine.rpartition(' ')[0]} 1")
        with other.lease("shop", "run 2"):
            pass
    other.close()


def test_the_heartbeat_prolongs_the_lease_while_the_run_works(store: Store) -> None:
    with store.lease("shop", "run 1", seconds=3) as lease:
        first, deadline = expiry(store), time.monotonic() + 30
        while expiry(store) <= first and time.monotonic() < deadline:
            time.sleep(0.05)
        assert expiry(store) > first
        lease.check()


def test_who_lost_the_lease_commits_nothing_any_more(store: Store, url: str) -> None:
    other = open_store(url)
    with store.lease("shop", "run 1") as lease:
        lease.check()
        set_lease(store, expires_at=now() - timedelta(seconds=1))
        with other.lease("shop", "run 2"):
            with pytest.raises(LeaseLost, match="was lost"), store.work("shop") as work:
                work.watermarks.set("webstore", "never")
            with pytest.raises(LeaseLost):
                lease.check()
            with other.work("shop") as work:
                assert work.watermarks.get("webstore") is None
            with store.work("outlet") as work:
                work.watermarks.set("webstore", "another webstore")
        assert leases(store) == 0
    other.close()


def test_after_a_sleep_longer_than_the_lease_the_holder_goes_on_if_nobody_took_over(store: Store) -> None:
    with store.lease("shop", "run 1", seconds=30) as lease:
        set_lease(store, expires_at=now() - timedelta(hours=1))
        lease._until = now() - timedelta(hours=1)
        lease.check()
        assert expiry(store) > now()


def test_edits_by_people_need_no_lease_and_come_between_the_batches_of_a_run(store: Store, url: str) -> None:
    other = open_store(url)
    with store.lease("shop", "run 1"), other.work("shop") as work:
        work.describe(actor="ann", reason="by hand")
        work.mapping.tick("a", "C100")
    with store.view("shop") as view:
        assert view.mapping.version() == 1
    other.close()


def test_a_run_that_fails_gives_the_lease_back(store: Store) -> None:
    with pytest.raises(RuntimeError, match="broken"), store.lease("shop", "run 1"):
        raise RuntimeError("broken")
    assert leases(store) == 0


def test_the_lease_of_a_run_that_is_known_to_have_ended_can_be_freed_but_no_other(store: Store, url: str) -> None:
    with another_process(url):
        assert store.release("shop", "run 9") is False
        assert store.release("outlet", "run 1") is False
        assert store.release("shop", "run 1") is True
        with store.lease("shop", "run 2"):
            assert leases(store) == 1
