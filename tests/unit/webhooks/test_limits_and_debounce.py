"""How much is taken, and when what waits becomes a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.store import Waiting
from connector.webhooks.debouncing import due_in, patience
from connector.webhooks.limits import Bucket, Counters, Offenders

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def ago(first: float, last: float) -> Waiting:
    return Waiting(3, NOON - timedelta(seconds=first), NOON - timedelta(seconds=last))


@pytest.mark.parametrize(
    ("first", "last", "seconds"),
    [(5, 5, 15), (20, 20, 0), (100, 1, 19), (290, 1, 10), (300, 0, 0), (900, 0, 0), (-50, -50, 20)],
)
def test_a_run_is_due_after_a_quiet_while_and_at_last_after_the_longest_wait(
    first: int, last: int, seconds: int
) -> None:
    assert due_in(ago(first, last), NOON, 20, 300) == seconds


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_nothing_ever_waits_longer_than_the_longest_wait(first: float, last: float) -> None:
    assert due_in(ago(max(first, last), min(first, last)), NOON, 20, 300) <= max(300 - first, 0) + 20


def test_failures_are_waited_for_longer_and_longer_but_not_for_ever() -> None:
    waits = [patience(failures, 20) for failures in range(12)]
    assert waits[:4] == [0, 40, 80, 160]
    assert max(waits) == 900


def test_a_burst_is_taken_at_once_and_what_goes_beyond_it_later() -> None:
    bucket = Bucket(60)
    assert [bucket.take(100.0) for _ in range(60)] == [0.0] * 60
    assert bucket.take(100.0) == pytest.approx(1.0)
    assert bucket.take(101.01) == 0.0
    assert bucket.take(101.01) > 0


def test_an_address_that_keeps_sending_what_is_refused_is_blocked_for_a_while_and_no_other() -> None:
    offenders = Offenders(per_minute=30)
    for _ in range(29):
        offenders.refused("198.51.100.7", 10.0)
    assert not offenders.blocked("198.51.100.7", 10.0)
    offenders.refused("198.51.100.7", 10.0)
    assert offenders.blocked("198.51.100.7", 10.0)
    assert not offenders.blocked("198.51.100.8", 10.0)
    assert not offenders.blocked("198.51.100.7", 13.0)


def test_whoever_invents_addresses_fills_no_memory() -> None:
    offenders = Offenders(most=100)
    for number in range(1000):
        offenders.refused(f"address {number}", 1.0)
    assert len(offenders) == 100


def test_counters_are_taken_once() -> None:
    counters = Counters()
    counters.add("forged")
    counters.add("forged", 2)
    counters.add("nothing", 0)
    assert counters.taken() == {"forged": 3}
    assert counters.taken() == {}
