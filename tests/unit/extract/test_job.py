"""Partitions side by side: each is dealt with once, and no more results wait for whoever takes them than there are workers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from connector.extract.job import in_threads


def test_results_do_not_gather_while_nobody_takes_them() -> None:
    began: list[int] = []

    def act(_job: Any, number: int, more: int) -> int:
        began.append(number)
        return number + more

    job: Any = SimpleNamespace(alone=False, partitions=SimpleNamespace(count=50))
    found = []
    for result in in_threads(2)(act, job, 100):
        found.append(result)
        assert len(began) <= len(found) + 1  # the other worker's; this one's begins when it has been dealt with
    assert sorted(found) == list(range(100, 150))
