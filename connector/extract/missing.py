"""Customers that an extract does not show, or shows older than they were seen before: asked for by id, past every cache.

Only what the server denies counts as gone, and only what it says by id counts as old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from connector.core import webstore_customer
from connector.core.base_comparison import suspects
from connector.core.counting import counted
from connector.core.customer import Side
from connector.core.mapping_join import pair
from connector.core.partitioning import Placement
from connector.core.stamps import stamp_of_record, stamps_of
from connector.extract.extraction import IDS, MAPPING, places, table_of
from connector.extract.job import Job, Mapper, bases_in, frame_in
from connector.run.run import Run
from connector.run.shown_older import note_older

__all__ = ["Asked", "Missing", "confirm_missing", "kept_out", "missing_in"]


@dataclass(frozen=True)
class Missing:
    """Mapped customers that the extracts did not show, or showed older than they were seen before, asked for by id.

    Attributes:
        webstore, business_central: rows of those that are there after all (an account of another role, a late row), or as
            they really are; they are landed.
        gone_webstore, gone_business_central: ids that are not there: confirmed by the server.
        old_webstore, old_business_central: ids whose rows in the extracts are old copies and do not count.
        gone_back: the sides of which a record is older than before however it is asked for: a backup was restored, or the
            database lags.
        kept_out: accounts that are linked though the setup's role filter keeps them out.
    """

    webstore: pa.Table
    business_central: pa.Table
    gone_webstore: frozenset[int] = frozenset()
    gone_business_central: frozenset[str] = frozenset()
    old_webstore: frozenset[int] = frozenset()
    old_business_central: frozenset[str] = frozenset()
    gone_back: frozenset[Side] = frozenset()
    kept_out: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Asked:
    """Who is asked for by id: who is not shown, and who is shown older than before (id → the stamp that was seen)."""

    missing_webstore: Sequence[int] = ()
    missing_business_central: Sequence[str] = ()
    old_webstore: Mapping[int, int] = field(default_factory=dict)
    old_business_central: Mapping[str, int] = field(default_factory=dict)


def missing_in(job: Job, number: int) -> tuple[int, Asked]:
    """The mapped customers of a partition (of a selected run: the selected ones) that the extracts do not show, or show older
    than before; with its number."""
    w = job.partitions.read(str(Side.WEBSTORE), number, ["webstore_id", "modified"])
    c = job.partitions.read(str(Side.BUSINESS_CENTRAL), number, ["bc_id", "number", "lastModifiedDateTime"])
    mapping = frame_in(job, MAPPING, number)
    if job.selected is not None:
        bc_ids, webstore_ids = ([key for key in job.selected if isinstance(key, kind)] for kind in (str, int))
        mapping = mapping[mapping["bc_id"].isin(bc_ids) | mapping["webstore_id"].isin(webstore_ids)]
    found = pair(mapping, w, c)
    old = suspects(found.pairs, bases_in(job, number), stamps_of(w["modified"]), stamps_of(c["lastModifiedDateTime"]))
    missing_w, missing_c = found.missing_webstore["webstore_id"], found.missing_business_central["bc_id"]
    return number, Asked(missing_w.to_pylist(), missing_c.to_pylist(), *old)


def confirm_missing(run: Run, job: Job, placement: Placement, mapper: Mapper) -> Missing:
    """Ask by id for the mapped customers that no partition shows, or that are older there than before; those who are there
    after all are landed, in the place of their old copies."""
    found: dict[int, Asked] = dict(mapper(missing_in, job))
    missing = _read_again(
        run,
        Asked(
            [key for asked in found.values() for key in asked.missing_webstore],
            [key for asked in found.values() for key in asked.missing_business_central],
            {key: stamp for asked in found.values() for key, stamp in asked.old_webstore.items()},
            {key: stamp for asked in found.values() for key, stamp in asked.old_business_central.items()},
        ),
    )
    if job.selected is not None:  # who is selected by name is read whatever his role is
        columns = ["webstore_id", "role"]
        shown = [job.partitions.read(str(Side.WEBSTORE), number, columns) for number in found]
        missing = replace(missing, kept_out=kept_out(run, [*shown, missing.webstore]))
    for number, asked in found.items():
        job.partitions.drop(str(Side.WEBSTORE), number, IDS[Side.WEBSTORE], asked.old_webstore)
        job.partitions.drop(str(Side.BUSINESS_CENTRAL), number, IDS[Side.BUSINESS_CENTRAL], asked.old_business_central)
    for side, table in ((Side.WEBSTORE, missing.webstore), (Side.BUSINESS_CENTRAL, missing.business_central)):
        if table.num_rows:
            with job.partitions.landing(str(side), table.schema, places(side, placement), "late") as landing:
                landing.add(table)
    return missing


def _read_again(run: Run, asked: Asked) -> Missing:
    """Ask for customers by id, past whatever may answer instead of the system itself."""
    w_ids, c_ids = (
        [*asked.missing_webstore, *asked.old_webstore],
        [*asked.missing_business_central, *asked.old_business_central],
    )
    fields = webstore_customer.api_fields(run.rules.fields)
    w: dict[int, Any] = run.webstore.customers_by_id(w_ids, fields=fields) if w_ids else {}
    still = _older(Side.WEBSTORE, w, asked.old_webstore)
    if still:
        w |= run.webstore.customers_past_caches(still, fields=fields)
    found = run.business_central.customers_by_id(c_ids, past_caches=bool(asked.old_business_central)) if c_ids else {}
    c = {key.lower(): record for key, record in found.items()}
    back = {
        Side.WEBSTORE: _older(Side.WEBSTORE, w, asked.old_webstore),
        Side.BUSINESS_CENTRAL: _older(Side.BUSINESS_CENTRAL, c, asked.old_business_central),
    }
    for side, old in ((Side.WEBSTORE, asked.old_webstore), (Side.BUSINESS_CENTRAL, asked.old_business_central)):
        # what an earlier run had read is no old copy of anybody's
        copies = 0 if side in run.taken_over else len(old) - len(back[side])
        if copies or back[side]:
            note_older(run, side)
        if copies:
            name = "The webstore" if side is Side.WEBSTORE else "Business Central"
            run.warnings.append(
                f"{name} listed {counted(copies, 'customer as it was before', 'customers as they were before')}; asked for by id "
                f"{'it is' if copies == 1 else 'they are'} newer, "
                "and that counts. "
                "A cache in front of it, or a lagging copy of its database, does this: see customer-sync check."
            )
    webstore = table_of(run, Side.WEBSTORE, w.values())
    return Missing(
        webstore,
        table_of(run, Side.BUSINESS_CENTRAL, c.values()),
        frozenset(key for key in w_ids if key not in w),
        frozenset(key for key in c_ids if key not in c),
        frozenset(asked.old_webstore),
        frozenset(asked.old_business_central),
        frozenset(side for side, keys in back.items() if keys),
        kept_out(run, [webstore]),
    )


def _older(side: Side, records: Mapping[Any, Mapping[str, Any]], seen: Mapping[Any, int]) -> list[Any]:
    """Who is there, and older than what was seen."""
    stamps = {key: stamp_of_record(side, records[key]) for key in seen if key in records}
    return [key for key, stamp in stamps.items() if stamp is None or stamp < seen[key]]


def kept_out(run: Run, tables: Sequence[pa.Table]) -> frozenset[int]:
    """Accounts, read by id, that the list does not show for their role. One with several roles may be shown under another."""
    takes = run.setup.webstore.takes
    others = {
        key
        for table in tables
        for key, its in zip(table["webstore_id"].to_pylist(), table["role"].to_pylist(), strict=True)
        if not takes(its)
    }
    return frozenset(others - run.webstore.listed(others)) if others else frozenset()
