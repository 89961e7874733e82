"""How many requests run at one time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from connector.clients.pacing import Pacing


def run_good(pacing: Pacing, seconds: float = 0.0, kind: str = "page") -> None:
    with pacing.slot(kind) as turn:
        time.sleep(seconds)
        turn.is_good = True


class Gauge:
    """How many are inside at one time."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


def test_never_more_than_the_setup_allows_at_one_time() -> None:
    pacing, gauge = Pacing(3), Gauge()

    def ask(_: int) -> None:
        with pacing.slot("page") as turn, gauge:
            time.sleep(0.004)
            turn.is_good = True

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(100)))
    assert gauge.most == 3 == pacing.allowed


def test_it_begins_with_two_and_grows_while_answers_stay_quick() -> None:
    pacing = Pacing(8)
    assert pacing.allowed == 2
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: run_good(pacing, 0.002), range(300)))
    assert pacing.allowed > 2


def test_it_does_not_grow_while_nobody_needs_it() -> None:
    pacing = Pacing(8)
    for _ in range(50):
        run_good(pacing)
    assert pacing.allowed == 2


def test_slow_answers_make_it_shrink_to_two_and_no_further() -> None:
    pacing = Pacing(8)
    pacing._allowed = 8.0
    run_good(pacing, 0.002)
    for _ in range(120):
        run_good(pacing, 0.006)
        pacing._quickest["page"] = 0.002
    assert pacing.allowed == 2


def test_kinds_of_requests_are_not_compared_with_each_other() -> None:
    pacing = Pacing(8)
    pacing._allowed = 8.0
    run_good(pacing, 0.0, "page")
    run_good(pacing, 0.02, "batch")
    assert pacing.allowed == 8


def test_a_refusal_halves_it_once_for_requests_that_were_refused_together() -> None:
    pacing = Pacing(8)
    pacing._allowed = 8.0
    for _ in range(3):
        pacing.push_back()
    assert pacing.allowed == 4
    pacing = Pacing(1)
    pacing.push_back()
    assert pacing.allowed == 1


def test_everybody_waits_as_long_as_the_server_asked_for() -> None:
    pacing = Pacing(4)
    pacing.push_back(0.1)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run_good(pacing), range(4)))
    assert time.monotonic() - began >= 0.1


def test_never_more_than_the_window_allows() -> None:
    pacing = Pacing(4, per_window=5, window_seconds=0.2)
    began = time.monotonic()
    for _ in range(11):
        run_good(pacing)
    assert time.monotonic() - began >= 0.4


def test_a_request_that_fails_gives_its_place_back() -> None:
    pacing = Pacing(1)
    for _ in range(3):
        try:
            with pacing.slot():
                raise ValueError
        except ValueError:
            continue
    run_good(pacing)
