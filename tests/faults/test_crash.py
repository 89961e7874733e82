"""Whatever is killed or stands still wherever: nobody is created twice, no acknowledged write is forgotten, no edit is lost.

The long one, through the flow itself and a Prefect server, is `make crash-test KILLS=500 STANDSTILLS=200`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.crash import play
from tests.servers.postgresql import PostgreSQL, postgresql

__all__ = ["postgresql"]

pytestmark = pytest.mark.live


def test_killed_runs_leave_no_duplicate_no_forgotten_write_and_no_lost_edit(tmp_path: Path) -> None:
    score, wrong = play(tmp_path, kills=40, seed=3)
    assert not wrong
    assert score.line() == "40 kills, 0 standstills: 0 duplicates, 0 forgotten writes, 0 lost edits"


def test_nor_do_runs_that_go_on_with_what_a_killed_one_had_read(tmp_path: Path) -> None:
    score, wrong = play(tmp_path, kills=30, standstills=4, seed=8, partitions=3)
    assert not wrong
    assert score.line() == "30 kills, 4 standstills: 0 duplicates, 0 forgotten writes, 0 lost edits"


def test_killed_runs_do_no_harm_with_a_store_on_postgresql_either(tmp_path: Path, postgresql: PostgreSQL) -> None:
    name = postgresql.create_database()
    score, wrong = play(tmp_path, kills=10, seed=4, store_url=postgresql.url(name))
    assert not wrong
    assert score.line() == "10 kills, 0 standstills: 0 duplicates, 0 forgotten writes, 0 lost edits"


def test_runs_that_stand_still_longer_than_their_lease_do_no_harm_when_they_go_on(tmp_path: Path) -> None:
    score, wrong = play(tmp_path, kills=0, standstills=8, seed=5)
    assert not wrong
    assert score.line() == "0 kills, 8 standstills: 0 duplicates, 0 forgotten writes, 0 lost edits"


def test_nor_with_a_store_on_postgresql(tmp_path: Path, postgresql: PostgreSQL) -> None:
    name = postgresql.create_database()
    score, wrong = play(tmp_path, kills=0, standstills=4, seed=6, store_url=postgresql.url(name))
    assert not wrong
    assert score.line() == "0 kills, 4 standstills: 0 duplicates, 0 forgotten writes, 0 lost edits"
