"""The first run: nobody is mapped yet, and everybody is compared with everybody.

    python -m benchmarks.first_run [--customers 200000] [--partitions 0]

So many customers on each side, three of five of them on both, are landed in partitions as an extraction lands them, in random
order, and decided about with both directions on. Two of three have no VAT number, some no phone number; of a hundred two share a
mailbox with twenty, one of a thousand has the mailbox of nobody (none@), and some are written differently on the two sides.
Making them is not measured.

Beside it are programs written by hand for less: they read the same files and join both sides by e-mail, then by VAT number, each
where it is unique on both sides; they know nothing of names, phone numbers, doubts, or whom to create. Each is a process of its
own. Peak memory counts from the process's very start; the disk is that of the partitions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.customers import both_sides
from benchmarks.growth import chunks, the_run
from benchmarks.measuring import answer, peak_mb
from connector.core.customer import Direction, Side
from connector.extract.extraction import divide_mapping, places
from connector.extract.file_partitions import FilePartitions
from connector.extract.job import in_threads, job_of
from connector.extract.missing import confirm_missing
from connector.extract.validation import validate_customers
from connector.planning.comparison import compare_customers
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


def land(folder: Path, size: int, partitions: int) -> float:
    """Land both extracts; seconds without the making of the customers."""
    open_store(f"sqlite:///{folder}/store.sqlite").close()
    seconds = 0.0
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
                began = time.perf_counter()
                webstore.add(w)
                company.add(c)
                seconds += time.perf_counter() - began
    return seconds


def ours(folder: Path, partitions: int) -> int:
    """Decide about everybody who was landed, in this process."""
    with the_run(folder) as run:
        job, mapper = job_of(run, FilePartitions(f"{folder}/partitions", partitions)), in_threads(2)
        placement = divide_mapping(run, job.partitions)
        missing = confirm_missing(run, job, placement, mapper)
        began = time.perf_counter()
        job, _ = validate_customers(run, job, mapper)
        validating = time.perf_counter() - began
        validated_mb = peak_mb()
        began = time.perf_counter()
        plan = compare_customers(run, job, missing, mapper)
        seconds = time.perf_counter() - began
        counts = {
            "links": len(plan.links), "creates": len(plan.of(Direction.PULL, "create")), "ambiguous": len(plan.ambiguous)
        }  # fmt: skip
        return answer(
            seconds=seconds,
            validating=validating,
            validated_mb=validated_mb,
            peak_mb=peak_mb(),
            hash=plan.hash,
            **counts,
        )
