"""A short soak; the long one is `make soak`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.soak import line_of, page_of, play

pytestmark = pytest.mark.live


def test_random_life_faults_kills_and_webhooks_leave_both_systems_in_order(tmp_path: Path) -> None:
    diary = play(tmp_path, minutes=0, seed=2, cycles=10, quiet=True)
    assert diary.problems == []
    assert diary.counts["checks at rest"] == 1
    assert sum(diary.faults.values()) > 0
    assert page_of(diary, 0, 2).splitlines()[-1] == line_of(diary)
