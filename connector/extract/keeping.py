"""Keeps what a run over all customers has read (kept.py), and brings it up to date with what later writes are answered with."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connector.core.customer import Side
from connector.errors import InputError
from connector.extract.extraction import IDS, Extraction
from connector.extract.job import Job, erased_in
from connector.extract.kept import (
    ANSWERS,
    FORM,
    KEPT,
    Kept,
    file_name,
    folders_in,
    kept_of,
    manifest_of,
    place_of,
    remove_extracts,
)
from connector.extract.memory_partition import forget_landed
from connector.extract.missing import Missing
from connector.extract.partitions import without_rows
from connector.private_files import private_file, write_private
from connector.run.run import Run

__all__ = ["forget_extracts", "keep_answers", "keep_extracts"]


def keep_extracts(run: Run, job: Job, missing: Missing, webstore: Extraction, business_central: Extraction) -> None:
    """Keep what a run over all customers has read, in the place of what an earlier one has kept; of a selected run nothing.

    Where the setup wants none, what is there is removed. What cannot be kept fails no run; its summary says so.
    """
    if job.selected is not None:
        return
    run.answers.clear()  # what was read since is newer
    try:
        if not run.setup.extracts.keep:
            remove_extracts(run.setup)
            return
        _keep(run, job, missing, {Side.WEBSTORE: webstore, Side.BUSINESS_CENTRAL: business_central})
    except (InputError, OSError) as error:
        run.warnings.append(f"What was read is not kept, so that no other rules can be tried on it: {error}")


def forget_extracts(run: Run) -> None:
    """Remove what is kept, since somebody in it is to be known no more; nor is it taken over. What cannot be removed ends no run
    that has written."""
    try:
        remove_extracts(run.setup)
        forget_landed(run.setup)
    except (InputError, OSError) as error:
        run.warnings.append(str(error))


def _keep(run: Run, job: Job, missing: Missing, read: Mapping[Side, Extraction]) -> None:
    place, folder = place_of(run.setup), secrets.token_hex(8)
    rows = dict.fromkeys(Side, 0)
    for made in (place, place / folder, *(place / folder / str(side) for side in Side)):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    for side in Side:
        for number in range(job.partitions.count):
            table = _rows(job, side, number)
            _write(place / folder / str(side) / file_name(number), table)
            rows[side] += table.num_rows
    kept = Kept(
        form=FORM,
        webstore_code=run.code,
        run_id=run.run_id,
        read_at=min([datetime.now(UTC), *(landed.read_to for landed in run.taken_over.values())]),
        company=run.business_central.company_id,
        folder=folder,
        count=job.partitions.count,
        columns={side: tuple(job.partitions.read(str(side), 0).column_names) for side in Side},
        rows=rows,
        census={side: extraction.census for side, extraction in read.items()},
        metadata_shown=read[Side.WEBSTORE].metadata_shown,
        gone=(missing.gone_webstore, missing.gone_business_central),
        old=(missing.old_webstore, missing.old_business_central),
        gone_back=missing.gone_back,
        kept_out=missing.kept_out,
        lists={name: tuple(records) for name, records in run.business_central.lists.items()},
        page=run.page,
    )
    write_private(manifest_of(run.setup), KEPT.dump_json(kept).decode(), overwrite=True)
    for other in folders_in(place):
        if other.name != folder:
            shutil.rmtree(other, ignore_errors=True)  # somebody reads it: the next run removes it
    with run.store.view(run.code) as view:
        erased = erased_in(view)
    if erased != job.tombstones:  # whoever was erased meanwhile was removed before this was there
        remove_extracts(run.setup)


def _known(run: Run) -> Kept | None:
    """What was kept before; None = nothing that this version understands."""
    try:
        return kept_of(run.setup)
    except InputError:
        return None


def _rows(job: Job, side: Side, number: int) -> pa.Table:
    """The customers of a partition but for those who were erased."""
    table, kind = job.partitions.read(str(side), number), int if side is Side.WEBSTORE else str
    erased = [key for key in job.tombstones if isinstance(key, kind)]
    return without_rows(table, IDS[side], erased) if erased else table


def _write(path: Path, table: pa.Table) -> None:
    with private_file(path) as part:
        # a third of the time without dictionaries and statistics, which nobody asks for here
        pq.write_table(table, part, compression="lz4", use_dictionary=False, write_statistics=False)


def keep_answers(run: Run) -> None:
    """Bring what is kept up to date with the records that a run's writes were answered with; where that fails, nothing counts as
    kept any more."""
    if not run.answers:
        return
    kept = _known(run)
    if kept is None:
        return
    answers, run.answers = run.answers, []
    folder = place_of(run.setup) / kept.folder / ANSWERS
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        for side in Side:
            # other rules read other columns: who was written under them is known by his stamp, and left out
            tables = [table for of, table in answers if of is side and tuple(table.column_names) == kept.columns[side]]
            if tables:
                _write(folder / f"{time.time_ns():020d}-{side}.parquet", pa.concat_tables(tables))
    except (InputError, OSError):
        with suppress(OSError):  # the run has written, and ends well all the same
            manifest_of(run.setup).unlink(missing_ok=True)
