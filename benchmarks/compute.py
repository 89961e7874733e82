"""What it costs to decide a run: both extracts as raw columns, mapping and fingerprints in; the plan out.

    python -m benchmarks.compute [--customers 1000000] [--rounds 3] [--case edits]

Every customer is mapped, both extracts are in random order. *Edits*: one of a hundred has changed on each side. *New terms*:
thirty of a hundred have other payment terms in Business Central, as after an import. The references are programs written by
hand for this one question (contestants.py), each in processes of its own, best of the rounds and of two laps in turn, so that a
slow minute of the machine is not one contestant's; the goals count against the fastest of them. Peak memory is the process's,
its inputs included: theirs are the extracts and the bases, ours the extracts and the fingerprints, since a base is read only
where something moved.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
from pyarrow import feather

from benchmarks.customers import CHANGED, TERMS, both_sides, changed, mapping_of
from benchmarks.measuring import Part, alone, answer, best, peak_mb
from connector.core.comparison import compare
from connector.core.customer import Side
from connector.core.extracts import Known, extract_of

MEMORY = 0.6
_LAPS = 2
_NAMES = ("webstore", "company", "base_webstore", "base_company", "mapping", "hashes")


@dataclass(frozen=True)
class Case:
    """What has changed: which column of which rows, on either side; and how long the decision may take beside the fastest."""

    words: str
    ratio: float
    webstore: tuple[str, int, int]
    company: tuple[str, int, int]

    def rows(self, size: int) -> tuple[list[int], list[int]]:
        """The rows that have changed on both sides: so many of a hundred, from a row on."""
        sides = ([n for n in range(size) if first <= n % CHANGED < first + many] for _, first, many in
                 (self.webstore, self.company))  # fmt: skip
        return next(sides), next(sides)


CASES = {
    "edits": Case("1 % changed on each side", 0.9, ("billing.city", 3, 1), ("addressLine1", 7, 1)),
    "terms": Case("30 % changed on one side", 2.0, ("billing.city", 0, 0), ("paymentTermsId", 0, 30)),
}


def make(size: int, folder: Path, case: Case) -> None:
    """Write the inputs of all contestants."""
    dice = np.random.default_rng(1)
    base_w, base_c = both_sides(np.arange(size))
    rows_w, rows_c = case.rows(size)
    now_w = changed(base_w, case.webstore[0], rows_w).take(pa.array(dice.permutation(size)))
    now_c = changed(base_c, case.company[0], rows_c).take(pa.array(dice.permutation(size)))
    w, c = extract_of(Side.WEBSTORE, base_w, TERMS), extract_of(Side.BUSINESS_CENTRAL, base_c, TERMS)
    hashes = pa.table(
        {
            "bc_id": base_c["bc_id"], "webstore_id": base_w["webstore_id"],
            "webstore_hash": pa.array(w.hashes, pa.large_string()),
            "business_central_hash": pa.array(c.hashes, pa.large_string()),
            "webstore_seen": pa.array(w.fingerprints), "business_central_seen": pa.array(c.fingerprints),
        }
    )  # fmt: skip
    tables = (now_w, now_c, base_w, base_c, mapping_of(np.arange(size)), hashes)
    for name, table in zip(_NAMES, tables, strict=True):
        feather.write_feather(table.combine_chunks(), folder / f"{name}.arrow", compression="uncompressed")
    sides = ((w, "webstore_id"), (c, "bc_id"))
    texts = [map(orjson.dumps, side.canonical.drop_columns(key).to_pylist()) for side, key in sides]
    ids = (base_c["bc_id"].to_pylist(), base_w["webstore_id"].to_pylist())
    _Bases.write(folder, zip(*ids, *texts, strict=True))


def read(folder: Path, name: str) -> pa.Table:
    """One of the inputs."""
    return feather.read_table(folder / f"{name}.arrow", memory_map=False)


def contestant(name: str, folder: Path, rounds: int) -> int:
    """One program, measured in this process."""
    if name == "ours":
        return ours(folder, rounds)
    from benchmarks.contestants import CONTESTANTS, Inputs  # noqa: PLC0415 - their libraries are no part of our memory

    given = Inputs(*(read(folder, one) for one in _NAMES[:5]))
    seconds, found = best(rounds, lambda: CONTESTANTS[name](given))
    return answer(seconds=seconds, found=found, peak_mb=peak_mb())


def ours(folder: Path, rounds: int) -> int:
    """The plan, from the extracts and what the store gives."""
    webstore, company = read(folder, "webstore"), read(folder, "company")
    frames = [read(folder, name).to_pandas(types_mapper=_types) for name in ("mapping", "hashes")]
    known = Known(frames[0], frames[1], _Bases(folder).read)

    def decide() -> tuple[int, str]:
        sides = extract_of(Side.WEBSTORE, webstore, TERMS), extract_of(Side.BUSINESS_CENTRAL, company, TERMS)
        plan = compare(*sides, known, TERMS)
        return sum(len(write.changes) for write in plan.writes), ""

    seconds, (found, _) = best(rounds, decide)
    reading, _ = best(rounds, lambda: [_gone_over(table) for table in (webstore, company)])
    return answer(seconds=seconds, found=found, peak_mb=peak_mb(), reading=reading)


def _gone_over(table: pa.Table) -> int:
    """Go over every byte of a table once: less than that no comparison of all customers can do."""
    buffers = (buffer for column in table.columns for chunk in column.chunks for buffer in chunk.buffers() if buffer)
    return sum(int(np.bitwise_xor.reduce(np.frombuffer(buffer, np.uint8)[: len(buffer) // 8 * 8].view(np.uint64))) & 1
               for buffer in buffers if len(buffer) >= 8)  # fmt: skip


def _types(kind: pa.DataType) -> object:
    return pd.StringDtype("pyarrow", na_value=float("nan")) if pa.types.is_large_string(kind) else None


class _Bases:
    """The bases as the store gives them: JSON texts of the pairs that are asked for. They stay in a file, as those of a store
    do, and an index finds them; a file that is mapped into memory would count as memory, page by page."""

    def __init__(self, folder: Path) -> None:
        self._texts = os.open(folder / "bases.jsonl", os.O_RDONLY)
        self._ids, self._places = np.load(folder / "bases.ids.npy"), np.load(folder / "bases.places.npy")

    @staticmethod
    def write(folder: Path, bases: Iterable[tuple[str, int, bytes, bytes]]) -> None:
        """Business Central id, webstore id, and both sides, a line each."""
        ids, places, at = [], [], 0
        with (folder / "bases.jsonl").open("wb") as file:
            for bc_id, *values in bases:
                line = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
                ids.append(bc_id)
                places.append((at, len(line)))
                at += file.write(line)
        order = np.argsort(np.array(ids, np.bytes_))
        np.save(folder / "bases.ids.npy", np.array(ids, np.bytes_)[order])
        np.save(folder / "bases.places.npy", np.array(places, np.int64)[order])

    def read(self, bc_ids: Sequence[str]) -> pd.DataFrame:
        """`bc_id`, `webstore_id`, and both sides as JSON."""
        places = self._places[np.searchsorted(self._ids, np.array(bc_ids, np.bytes_))]
        rows = [os.pread(self._texts, size, at).decode().split("\n") for at, size in places.tolist()]
        webstore_ids, *texts = zip(*rows, strict=True)
        columns = {"bc_id": bc_ids, "webstore": texts[0], "business_central": texts[1]}
        table = pa.table({name: pa.array(column, pa.large_string()) for name, column in columns.items()})
        return table.to_pandas(types_mapper=_types).assign(webstore_id=[int(one) for one in webstore_ids])


def measure(size: int, rounds: int = 3, cases: Sequence[str] = tuple(CASES)) -> list[Part]:
    """Each case: time against the fastest, and memory against its."""
    return [part for case in cases for part in measure_case(size, rounds, case)]


def measure_case(size: int, rounds: int, case: str) -> list[Part]:
    """One case."""
    from benchmarks.contestants import CONTESTANTS  # noqa: PLC0415

    words, ratio = CASES[case].words, CASES[case].ratio
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_alone(size, folder, case)
        told: dict[str, Any] = {}
        for one in ("ours", *CONTESTANTS) * _LAPS:
            result = alone("benchmarks.compute", "--contestant", one, "--folder", name, "--rounds", str(rounds))
            told[one] = min(told.get(one, result), result, key=lambda its: its["seconds"])
    expected = sum(map(len, CASES[case].rows(size)))
    wrong = {one: result["found"] for one, result in told.items() if result["found"] != expected}
    if wrong:
        raise AssertionError(f"{expected} fields were changed, but these found others: {wrong}")
    mine = told.pop("ours")
    fastest = min(told, key=lambda one: told[one]["seconds"])
    parts = [
        Part(
            f"decide {size:,} pairs of 20 fields, {words}, against {one}", mine["seconds"], result["seconds"],
            mine["seconds"] / result["seconds"], ratio, peak_mb=mine["peak_mb"], gates=one == fastest,
            note="the fastest" if one == fastest else "", limit=mine["reading"] / result["seconds"],
            bound="going over both extracts once",
        )
        for one, result in told.items()
    ]  # fmt: skip
    memory = told[fastest]["peak_mb"]
    parts.append(
        Part(
            f"peak memory of it, {words}, against {fastest}",
            mine["peak_mb"],
            memory,
            mine["peak_mb"] / memory,
            MEMORY,
            "MB",
        )
    )
    return parts


def make_alone(size: int, folder: Path, case: str = "edits") -> None:
    """Make the inputs in a process of its own."""
    alone("benchmarks.compute", "--make", str(size), "--folder", str(folder), "--case", case)


def main() -> int:
    """Measure and print, or act for another process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", choices=CASES, help="only this one")
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.make, arguments.folder, CASES[arguments.case or "edits"])
        return answer()
    if arguments.contestant:
        return contestant(arguments.contestant, arguments.folder, arguments.rounds)
    parts = measure(arguments.customers, arguments.rounds, [arguments.case] if arguments.case else tuple(CASES))
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts if part.gates) else 1


if __name__ == "__main__":
    sys.exit(main())
