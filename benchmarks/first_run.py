"""The first run: nobody is mapped yet, and everybody is compared with everybody.

    python -m benchmarks.first_run [--customers 200000] [--plan 200000] [--folder DIR]

So many customers on each side, three of five of them on both, are landed in partitions as an extraction lands them, in random
order, and decided about with both directions on. Two of three have no VAT number, some no phone number; of a hundred two share a
mailbox with twenty, one of a thousand has the mailbox of nobody (none@), and some are written differently on the two sides.
Making them is not measured.

A plan is also made by a process that is killed (SIGKILL) when half of its lots are landed, and made again by another one of what
was read, as a run that goes on does (benchmarks.killed_run counts what such a run asks for): it must be the same plan.

Beside it are programs written by hand for less: they read the same files and join both sides by e-mail, then by VAT number, each
where it is unique on both sides; they know nothing of names, phone numbers, doubts, or whom to create. Each is a process of its
own. Peak memory counts from the process's very start; the disk is that of the partitions.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.customers import both_sides
from benchmarks.growth import chunks, the_run
from benchmarks.measuring import Part, alone, answer, peak_mb
from connector.core.across_partitions import Leftover, gathered
from connector.core.customer import Direction, Side
from connector.extract.extraction import divide_mapping, places
from connector.extract.file_partitions import FilePartitions
from connector.extract.job import Job, Mapper, in_threads, job_of
from connector.extract.missing import Missing
from connector.planning import lots
from connector.planning.comparison import compare_customers, decide_in
from connector.planning.knowledge import Gone
from connector.planning.leftovers import matched_in
from connector.planning.lots import divide
from connector.run.run import Run
from connector.store import open_store

RATIO, TWO_GB = 2.0, 2048
_ONLY_THERE = 0.4  # of each side, whom the other has not got
_PARTITION = 100_000


def sides_of(numbers: np.ndarray, size: int) -> tuple[pa.Table, pa.Table]:
    """Some customers of the webstore, and as many of Business Central."""
    w, _ = both_sides(numbers)
    other = numbers + int(size * _ONLY_THERE)
    _, c = both_sides(other)
    w = _otherwise(w, numbers, "email", "meta:vat", "billing.phone")
    c = _otherwise(c, other, "email", "taxRegistrationNumber", "phoneNumber")
    w = _where(w, "email", numbers % 10 == 1, pc.utf8_upper)
    w = _where(w, "email", numbers % 25 == 9, _blank)
    return w, _where(c, "displayName", other % 40 == 11, lambda names: pc.replace_substring(names, "Sons", "Daughters"))


def _otherwise(table: pa.Table, numbers: np.ndarray, email: str, vat: str, phone: str) -> pa.Table:
    crowd = pa.array([f"info@mail{n}.example" for n in (numbers // 1000).tolist()], pa.large_string())
    table = _where(table, email, numbers % 50 == 7, lambda _: crowd)
    table = _where(table, email, numbers % 1000 == 3, lambda texts: _all(texts, "none@none.example"))
    table = _where(table, vat, numbers % 3 != 0, _blank)
    return _where(table, phone, numbers % 4 == 0, _blank)


def _where(table: pa.Table, name: str, mask: np.ndarray, function: Callable[[pa.Array], pa.Array]) -> pa.Table:
    column = table[name].combine_chunks()
    return table.set_column(
        table.column_names.index(name), name, pc.if_else(pa.array(mask), function(column), column).cast(column.type)
    )


def _all(texts: pa.Array, text: str) -> pa.Array:
    return pa.repeat(pa.scalar(text, texts.type), len(texts))


def _blank(texts: pa.Array) -> pa.Array:
    return _all(texts, "")


def land(folder: Path, size: int, partitions: int) -> int:
    """Land both extracts."""
    open_store(f"sqlite:///{folder}/store.sqlite").close()
    with the_run(folder) as run:
        landed = FilePartitions(f"{folder}/partitions", partitions)
        placement = divide_mapping(run, landed)
        w_columns, c_columns = (table.schema for table in both_sides(np.arange(1)))
        with (
            landed.landing(str(Side.WEBSTORE), w_columns, places(Side.WEBSTORE, placement)) as webstore,
            landed.landing(str(Side.BUSINESS_CENTRAL), c_columns, places(Side.BUSINESS_CENTRAL, placement)) as company,
        ):
            for numbers in chunks(size):
                w, c = sides_of(numbers, size)
                webstore.add(w)
                company.add(c)
    return answer()


@contextmanager
def read(folder: Path, partitions: int) -> Iterator[tuple[Run, Job, Mapper]]:
    """What a run has when it has read both sides; the mapping table is empty."""
    with the_run(folder) as run:
        landed = FilePartitions(f"{folder}/partitions", partitions)
        divide_mapping(run, landed)
        yield run, job_of(run, landed), in_threads(2)


def matched(folder: Path, partitions: int) -> int:
    """Only who is the same as whom, in this process."""
    with read(folder, partitions) as (_, job, mapper):
        began = time.perf_counter()
        rest = gathered(decided.leftover for decided in mapper(decide_in, job))
        division = divide(job, rest, mapper)
        landing = time.perf_counter() - began
        links = sum(mapper(links_in, job, rest)) if division.count > 1 else links_in(job, 0, rest)
        return answer(
            seconds=time.perf_counter() - began, landing=landing, links=links, peak_mb=peak_mb(), disk_mb=_disk(folder)
        )


def links_in(job: Job, number: int, rest: Leftover) -> int:
    """How many links the ladder finds in a lot."""
    return len(matched_in(job, number, rest, Gone()).matches)


def planned(folder: Path, partitions: int) -> int:
    """The whole plan, in this process, in lots however few the customers are."""
    lots.ONE_LOT = 0
    with read(folder, partitions) as (run, job, mapper):
        began = time.perf_counter()
        plan = compare_customers(run, job, Missing(pa.table({}), pa.table({})), mapper)
        return answer(
            seconds=time.perf_counter() - began, peak_mb=peak_mb(), hash=plan.hash, links=len(plan.links),
            creates=len(plan.of(Direction.PULL, "create")),
        )  # fmt: skip


def killed(folder: Path, size: int, partitions: int) -> int:
    """Begin a plan and kill whoever makes it, half way; gives how many lots had been decided about. Only what was read stays."""
    command = [sys.executable, "-m", "benchmarks.first_run", "--act", "planned", "--customers", str(size)]
    victim = subprocess.Popen([*command, "--folder", str(folder)], stdout=subprocess.DEVNULL)  # noqa: S603
    there = folder / "partitions"
    known = {path.name for path in there.glob("plan/linked/*")}
    while (done := len({path.name for path in there.glob("plan/linked/*")} - known)) < partitions // 2:
        if victim.poll() is not None:
            raise AssertionError("the plan was made before anybody could be killed")
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    for path in there.iterdir():
        if path.name not in set(map(str, Side)):
            shutil.rmtree(path)
    return done


def by_duckdb(folder: Path, _: int) -> int:
    """Links by hand, in SQL that spills to disk."""
    sql = """
        CREATE TABLE w AS SELECT webstore_id AS id, lower(trim(email)) AS email, upper(replace("meta:vat", ' ', '')) AS vat
            FROM read_parquet('{folder}/partitions/webstore/*.parquet');
        CREATE TABLE c AS SELECT bc_id AS id, lower(trim(email)) AS email,
            upper(replace("taxRegistrationNumber", ' ', '')) AS vat
            FROM read_parquet('{folder}/partitions/business_central/*.parquet');
        CREATE TABLE links AS SELECT * FROM (SELECT email, any_value(id) AS w FROM w WHERE email <> '' GROUP BY email
            HAVING count(*) = 1) JOIN (SELECT email, any_value(id) AS c FROM c GROUP BY email HAVING count(*) = 1) USING (email);
        INSERT INTO links SELECT * FROM (SELECT vat, any_value(id) AS w FROM w WHERE vat <> ''
            AND NOT EXISTS (FROM links WHERE links.w = w.id) GROUP BY vat HAVING count(*) = 1) JOIN
            (SELECT vat, any_value(id) AS c FROM c WHERE NOT EXISTS (FROM links WHERE links.c = c.id)
            GROUP BY vat HAVING count(*) = 1) USING (vat);
        SELECT count(*) FROM links;"""
    with duckdb.connect(str(folder / "by_hand.duckdb"), config={"memory_limit": "2GB"}) as connection:
        began = time.perf_counter()
        rows = connection.execute(sql.replace("{folder}", str(folder))).fetchall()
        return answer(seconds=time.perf_counter() - began, links=rows[0][0], peak_mb=peak_mb())


def by_polars(folder: Path, _: int) -> int:
    """Links by hand, in data frames."""
    import polars as pl  # noqa: PLC0415 - no part of our memory

    def side(name: str, key: str, vat: str) -> Any:
        columns = pl.scan_parquet(f"{folder}/partitions/{name}/*.parquet").select(
            pl.col(key).alias(key), pl.col("email").str.strip_chars().str.to_lowercase(),
            pl.col(vat).str.replace_all(" ", "").str.to_uppercase().alias("vat"),
        )  # fmt: skip
        return columns.collect()

    def joined(w: Any, c: Any, by: str) -> Any:
        one, other = (side.filter((pl.col(by) != "") & pl.col(by).is_unique()) for side in (w, c))
        return one.join(other, on=by).select("webstore_id", "bc_id")

    began = time.perf_counter()
    w, c = side("webstore", "webstore_id", "meta:vat"), side("business_central", "bc_id", "taxRegistrationNumber")
    links = joined(w, c, "email")
    rest = [one.join(links, on=key, how="anti") for one, key in ((w, "webstore_id"), (c, "bc_id"))]
    found = links.height + joined(rest[0], rest[1], "vat").height
    return answer(seconds=time.perf_counter() - began, links=found, peak_mb=peak_mb())


def _disk(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20


ACTS: Mapping[str, Callable[..., int]] = {
    "matched": matched, "planned": planned, "by duckdb": by_duckdb, "by polars": by_polars
}  # fmt: skip


def measure(size: int = 5_000_000, plan_of: int = 200_000, folder: str | None = None) -> list[Part]:
    """Matching against the faster program by hand, and a whole plan of fewer customers."""
    with landed(size, folder) as place:
        told = {one: acted(one, size, place) for one in ("matched", "by duckdb", "by polars")}
    with landed(plan_of, folder) as place:
        whole = acted("planned", plan_of, place)
        done = killed(place, plan_of, _partitions(plan_of))
        again = acted("planned", plan_of, place)
    if again["hash"] != whole["hash"]:
        raise AssertionError(f"after a kill another plan was made: {whole}, {again}")
    ours, fastest = told["matched"], min(("by duckdb", "by polars"), key=lambda name: told[name]["seconds"])
    note = f"{ours['landing']:.0f} s dividing, {ours['links']:,} links, {ours['disk_mb']:,} MB on disk"
    there, most = f"{size:,} + {size:,} unmapped customers", max(whole["peak_mb"], again["peak_mb"])
    made = (
        f"{whole['seconds']:.0f} s, {whole['links']:,} links, {whole['creates']:,} creates; killed after {done} of "
        f"{_partitions(plan_of)} lots and made again of what was read: the same plan hash"
    )
    other = f"{told[fastest]['links']:,} links, {told[fastest]['peak_mb']:,} MB"
    return [
        Part(f"match {there}, against {fastest}", ours["seconds"], told[fastest]["seconds"],
             ours["seconds"] / told[fastest]["seconds"], RATIO, peak_mb=ours["peak_mb"], note=f"{note}; by hand {other}",
             limit=1, bound="joining two columns"),
        Part(f"peak memory of matching {there}", ours["peak_mb"], TWO_GB, ours["peak_mb"] / TWO_GB, 1, "MB"),
        Part(f"peak memory of the plan of {plan_of:,} + {plan_of:,}", most, TWO_GB, most / TWO_GB, 1, "MB", note=made),
    ]  # fmt: skip


def acted(name: str, size: int, folder: Path) -> Any:
    """What a program tells, in a process of its own."""
    return alone("benchmarks.first_run", "--act", name, "--customers", str(size), "--folder", str(folder))


@contextmanager
def landed(size: int, folder: str | None) -> Iterator[Path]:
    """A folder of customers."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        acted("land", size, Path(name))
        yield Path(name)


def _partitions(size: int) -> int:
    return max(2, size // _PARTITION)


def main() -> int:
    """Measure and print, or act for another process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--plan", type=int, default=200_000, help="customers of the whole plan")
    parser.add_argument("--folder", help="where there is room on disk")
    parser.add_argument("--act", choices=["land", *ACTS], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    partitions = _partitions(arguments.customers)
    if arguments.act == "land":
        return land(Path(arguments.folder), arguments.customers, partitions)
    if arguments.act:
        return ACTS[arguments.act](Path(arguments.folder), partitions)
    parts = measure(arguments.customers, arguments.plan, arguments.folder)
    sys.stdout.write("".join(f"{part.line}  {part.note}\n" for part in parts))
    return 0 if all(part.holds for part in parts if part.gates) else 1


if __name__ == "__main__":
    sys.exit(main())
