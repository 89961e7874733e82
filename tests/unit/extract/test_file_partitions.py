"""Partitions on disk and in memory: what lands comes back, and nothing stays when the run is over."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pytest

from connector.errors import PremiseBroken, SetupError
from connector.extract.file_partitions import partitions_at, remove_left
from connector.setup import PartitionSettings, Runner
from flows.prefect_runtime import runner_of

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.large_string())])


def rows(*numbers: int) -> pa.Table:
    return pa.table({"n": list(numbers), "text": [f"row {n}" for n in numbers], "more": [0] * len(numbers)})


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_what_lands_is_read_again_from_its_partition_and_removed_at_the_end(kind: str, tmp_path: Path) -> None:
    url = str(tmp_path / "parts") if kind == "folder" else "memory://parts"
    files, root = fsspec.core.url_to_fs(url)
    files.makedirs(f"{root}/webstore", exist_ok=True)
    files.pipe(f"{root}/webstore/0001-0.parquet", b"what a killed run left")
    with partitions_at(url, 3) as partitions:
        with partitions.landing("webstore", SCHEMA, lambda table: np.asarray(table["n"]) % 3) as landing:
            landing.add(rows(1, 2, 4))
            landing.add(rows(5))
        with partitions.landing("webstore", SCHEMA, lambda table: np.asarray(table["n"]) % 3, "late") as late:
            late.add(rows(8))
        assert landing.rows == 4
        found = [partitions.read("webstore", part) for part in range(3)]
        assert [table["n"].to_pylist() for table in found] == [[], [1, 4], [2, 5, 8]]
        assert all(table.schema == SCHEMA for table in found)
        assert partitions.read("webstore", 1, ["text"]).to_pydict() == {"text": ["row 1", "row 4"]}
    assert not files.exists(root)


def test_nothing_stays_when_the_run_fails(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        partitions_at(str(tmp_path / "parts"), 2) as partitions,
        partitions.landing("webstore", SCHEMA, lambda table: np.asarray(table["n"]) % 2) as landing,
    ):
        landing.add(rows(1))
        raise ZeroDivisionError
    assert not (tmp_path / "parts").exists()


@pytest.mark.parametrize("what", ["cut short", "zeros"])
def test_a_damaged_file_is_told_with_its_folder(what: str, tmp_path: Path) -> None:
    with partitions_at(str(tmp_path / "parts"), 2) as partitions:
        with partitions.landing("webstore", SCHEMA, lambda table: np.asarray(table["n"]) % 2) as landing:
            landing.add(rows(1, 2))
        file = next((tmp_path / "parts").glob("webstore/0001-*.parquet"))
        whole = file.read_bytes()
        file.write_bytes(whole[:-20] if what == "cut short" else bytes(len(whole)))
        for ask in (lambda: partitions.read("webstore", 1), lambda: partitions.drop("webstore", 1, "n", [1])):
            with pytest.raises(PremiseBroken, match=r"cannot be read again in .*parts: [^.]+"):
                ask()


@pytest.mark.parametrize("url", ["nowhere://bucket/parts", "/dev/null/parts"])
def test_a_place_that_cannot_hold_partitions_is_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(SetupError, match=r"Partitions cannot be kept in .*") as refused, partitions_at(url, 2):
        raise AssertionError
    assert "[partitions] folder" in str(refused.value.hint)


def test_a_runner_that_is_not_installed_is_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    with pytest.raises(SetupError, match=r"partitions.runner = dask needs prefect_dask") as refused:
        runner_of(PartitionSettings(runner=Runner.DASK))
    assert "'.[dask]'" in str(refused.value.hint)


@pytest.mark.parametrize("late", [False, True])
def test_what_was_read_and_is_gone_is_never_taken_for_nobody(tmp_path: Path, late: bool) -> None:
    with partitions_at(str(tmp_path / "parts"), 2) as partitions:
        with partitions.landing("webstore", SCHEMA, lambda table: np.asarray(table["n"]) % 2) as landing:
            landing.add(rows(1, 2))
        for file in (tmp_path / "parts" / "webstore").iterdir():
            file.unlink()
        if late:
            with partitions.landing("webstore", SCHEMA, lambda table: np.asarray(table["n"]) % 2, "late") as landing:
                landing.add(rows(3))
        with pytest.raises(PremiseBroken, match="not there any more"):
            partitions.read("webstore", 1)


def test_what_was_killed_beside_runs_is_removed_when_it_is_old(tmp_path: Path) -> None:
    for name in ("20260101-suggest-a", "20260110-suggest-b"):
        (tmp_path / name / "webstore").mkdir(parents=True)
    remove_left(str(tmp_path), date(2026, 1, 11))
    assert [path.name for path in tmp_path.iterdir()] == ["20260110-suggest-b"]
    remove_left(str(tmp_path / "nowhere"), date(2026, 1, 11))
