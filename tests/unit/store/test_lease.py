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

from connector.store import LeaseHeld, LeaseLost, Store, boot_seconds, open_store
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


def run_out(store: Store) -> None:
    """As if the time of the lease had passed."""
    set_lease(store, expires_at=now() - timedelta(seconds=1), expires_boot=boot_seconds() - 1)


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
        # nobody waits until it runs out: that takes 45 seconds
        with store.lease("shop", "run 2", wait_seconds=20):
            assert leases(store) == 1


def test_a_holder_that_stands_still_keeps_its_lease_until_it_runs_out(store: Store, url: str) -> None:
    with another_process(url) as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(LeaseHeld), store.lease("shop", "run 2"):
            pass
        run_out(store)
        with store.lease("shop", "run 2"):
            pass


def test_a_lease_ends_within_a_minute_of_its_last_heartbeat(store: Store) -> None:
    with store.lease("shop", "run 1"):
        assert timedelta(0) < expiry(store) - now() < timedelta(minutes=1)


def test_a_holder_on_another_machine_is_believed_until_its_lease_runs_out(store: Store, url: str) -> None:
    other = open_store(url)
    with store.lease("shop", "run 1"):
        set_lease(store, machine="another boot 12345", boot="another boot", host="elsewhere", pid=os.getpid())
        with pytest.raises(LeaseHeld, match="elsewhere"), other.lease("shop", "run 2"):
            pass
        run_out(store)
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
        run_out(store)
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
        run_out(store)
        lease._prolonged = boot_seconds() - 3600
        lease.check()
        assert expiry(store) > now()


def test_a_clock_that_jumps_forward_gives_nobody_the_lease_of_a_living_run(store: Store, url: str) -> None:
    other = open_store(url)
    with store.lease("shop", "run 1") as lease:
        set_lease(store, expires_at=now() - timedelta(days=1))
        with pytest.raises(LeaseHeld), other.lease("shop", "run 2"):
            pass
        lease.check()
    other.close()


def test_a_clock_that_was_months_ahead_keeps_nobody_out(store: Store, url: str) -> None:
    """The end by the time of day lies months ahead; by the machine's own clock the lease has run out."""
    with another_process(url) as process:
        process.send_signal(signal.SIGSTOP)
        set_lease(store, expires_at=now() + timedelta(days=90), expires_boot=boot_seconds() - 1)
        with store.lease("shop", "run 2"):
            pass


def test_who_has_to_wait_reads_on_which_day_the_lease_ends_and_how_to_free_it(store: Store, url: str) -> None:
    """Another machine took it while its clock was wrong, so only the time of day says when it ends."""
    other = open_store(url)
    with store.lease("shop", "run 1"):
        end = now() + timedelta(days=90)
        set_lease(store, machine="", boot="another boot", expires_at=end)
        words = rf"ends by itself at {end:%Y-%m-%d} .* UTC; `customer-sync store free-lease` frees it"
        with pytest.raises(LeaseHeld, match=words), other.lease("shop", "run 2"):
            pass
    other.close()


def test_a_machine_that_was_suspended_makes_sure_before_it_goes_on(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock that counts on while a machine is suspended the lease has ended; the time of day stood still."""
    other = open_store(url)
    with store.lease("shop", "run 1") as lease:
        monkeypatch.setattr("connector.store.lease.boot_seconds", lambda: boot_seconds() + 60)
        with other.lease("shop", "run 2"), pytest.raises(LeaseLost):
            lease.check()
    other.close()


def test_a_lease_that_was_taken_away_is_missed_before_anything_is_sent(store: Store, url: str) -> None:
    """By its own clock it is young: only the store can say that somebody has freed it."""
    other = open_store(url)
    with store.lease("shop", "run 1") as lease:
        lease.check()
        (held,) = other.leases()
        assert (held.name, held.holder, held.pid, held.state) == ("shop", "run 1", os.getpid(), "at work")
        assert other.free_lease(held)
        assert not other.free_lease(held)
        with pytest.raises(LeaseLost):
            lease.check()
    other.close()


@pytest.mark.parametrize(("signal_", "state"), [(signal.SIGSTOP, "ran out"), (signal.SIGKILL, "dead")])
def test_it_is_told_whether_the_holder_of_a_lease_lives(store: Store, url: str, signal_: int, state: str) -> None:
    with another_process(url) as process:
        process.send_signal(signal_)
        if signal_ == signal.SIGKILL:
            process.wait()
        run_out(store)
        (held,) = store.leases()
        assert (held.pid, held.state) == (process.pid, state)


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
