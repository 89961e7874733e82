"""Reads both systems, and what the store knows of pairs, into the partitions of a run.

Pages become columns as soon as they arrive; parsed records are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from connector.clients import Census
from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Side
from connector.core.partitioning import Numbers, Placement, part_of_ids
from connector.errors import PremiseBroken
from connector.extract.hidden_cards import UnaskableCustomers, remember
from connector.extract.partitions import Partitions
from connector.run.landed import Newest
from connector.run.run import Run

__all__ = [
    "BASES",
    "BASES_SCHEMA",
    "IDS",
    "MAPPING",
    "MAPPING_SCHEMA",
    "Extraction",
    "divide_mapping",
    "extract_business_central",
    "extract_webstore",
    "places",
    "read_company_countries",
    "table_of",
]

# names of what is landed besides both sides' customers
MAPPING, BASES = "mapping", "bases"
MAPPING_SCHEMA = pa.schema(
    [
        ("bc_id", pa.large_string()),
        ("bc_number", pa.large_string()),
        ("webstore_id", pa.int64()),
        ("webstore_customer", pa.bool_()),
        ("name", pa.large_string()),
        ("username", pa.large_string()),
    ]
)
BASES_SCHEMA = pa.schema(
    [
        ("bc_id", pa.large_string()),
        ("webstore_id", pa.int64()),
        ("webstore_hash", pa.large_string()),
        ("business_central_hash", pa.large_string()),
        ("webstore_seen", pa.int64()),
        ("business_central_seen", pa.int64()),
        ("webstore_stamp", pa.int64()),
        ("business_central_stamp", pa.int64()),
        ("account_mark", pa.int64()),
    ]
)
IDS = {Side.WEBSTORE: "webstore_id", Side.BUSINESS_CENTRAL: "bc_id"}


@dataclass(frozen=True)
class Extraction:
    """What was read of one side: how many customers were landed, and what the server announced.

    Attributes:
        metadata_shown: whether the webstore showed `meta_data`.
    """

    census: Census
    rows: int
    metadata_shown: bool = True


def columns_of(side: Side) -> Any:
    """The module that makes columns of a side's records."""
    return webstore_customer if side is Side.WEBSTORE else business_central_customer


def table_of(run: Run, side: Side, records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Records of one system as columns."""
    table: pa.Table = columns_of(side).columns(list(records), run.rules.fields)
    return table


def divide_mapping(run: Run, partitions: Partitions) -> Placement:
    """Land the mapping table and the fingerprints of the bases.

    Returns:
        Where each webstore customer goes.

    Raises:
        PremiseBroken: a Webstore ID stands twice; the store itself does not allow that.
    """
    count = partitions.count

    def by_bc_id(table: pa.Table) -> Numbers:
        return part_of_ids(table["bc_id"], count)

    ids, parts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    with run.store.view(run.code) as view:
        with partitions.landing(MAPPING, MAPPING_SCHEMA, by_bc_id) as landing:
            for table in view.mapping.stream():
                landing.add(table)
                linked = table.filter(table["webstore_id"].is_valid())
                ids.append(linked["webstore_id"].to_numpy())
                parts.append(by_bc_id(linked))
        with partitions.landing(BASES, BASES_SCHEMA, by_bc_id) as landing:
            for table in view.bases.stream_hashes():
                landing.add(table)
    known = np.concatenate(ids)
    if len(np.unique(known)) != len(known):
        raise PremiseBroken(
            "A Webstore ID stands twice in the mapping table.",
            hint="Run `customer-sync mapping export`, look for the id, and unlink the wrong row.",
        )
    return Placement(count, known, np.concatenate(parts))


def extract_webstore(run: Run, partitions: Partitions, placement: Placement) -> Extraction:
    """Read all webstore customers, ordered by id, into partitions; or take them over."""
    if Side.WEBSTORE in run.taken_over:
        extraction = _landed_before(run, Side.WEBSTORE, partitions, placement)
        run.accounts_announced = extraction.census.announced or extraction.census.rows
        return extraction
    shown: list[bool] = []
    newest = Newest(Side.WEBSTORE)

    def read(keep: Callable[[list[dict[str, Any]]], None]) -> Census:
        census = run.webstore.read_customers(
            keep,
            fields=webstore_customer.api_fields(run.rules.fields),
            on_progress=lambda done, total: run.progress("Reading the webstore", done, total),
        )
        run.accounts_announced = census.announced or census.rows
        return census

    def see(table: pa.Table) -> None:
        shown.append(webstore_customer.meta_shown(table))
        newest.look(table)

    census, rows = _landed(run, Side.WEBSTORE, partitions, placement, read, see)
    if run.leaves_landed:
        from connector.extract.landed import leave_landed  # few runs need files

        leave_landed(run, partitions.url, Side.WEBSTORE, census, rows, newest, metadata_shown=all(shown))
    return Extraction(census, rows, all(shown))


def extract_business_central(run: Run, partitions: Partitions, placement: Placement) -> Extraction:
    """Read all Business Central customers, ordered by number, into partitions, or take them over; and the company's countries."""
    if Side.BUSINESS_CENTRAL in run.taken_over:
        extraction = _landed_before(run, Side.BUSINESS_CENTRAL, partitions, placement)
        run.know_countries(read_company_countries(run))
        return extraction

    def read(keep: Callable[[list[dict[str, Any]]], None]) -> Census:
        return run.business_central.read_customers(
            keep,
            select=business_central_customer.api_fields(run.rules.fields),
            on_progress=lambda done, total: run.progress("Reading Business Central", done, total),
        )

    unaskable, newest = UnaskableCustomers(), Newest(Side.BUSINESS_CENTRAL)

    def see(table: pa.Table) -> None:
        unaskable.look(table)
        newest.look(table)

    census, rows = _landed(run, Side.BUSINESS_CENTRAL, partitions, placement, read, see)
    remember(run, census, unaskable)
    if run.leaves_landed:
        from connector.extract.landed import leave_landed  # few runs need files

        leave_landed(run, partitions.url, Side.BUSINESS_CENTRAL, census, rows, newest)
    extraction = Extraction(census, rows)
    run.know_countries(read_company_countries(run))
    return extraction


def _landed(
    run: Run,
    side: Side,
    partitions: Partitions,
    placement: Placement,
    read: Callable[[Callable[[list[dict[str, Any]]], None]], Census],
    see: Callable[[pa.Table], None],
) -> tuple[Census, int]:
    rules = run.rules.fields
    with partitions.landing(str(side), columns_of(side).schema(rules), places(side, placement)) as landing:

        def keep(records: list[dict[str, Any]]) -> None:
            table = columns_of(side).columns(records, rules)
            see(table)
            landing.add(table)

        census = read(keep)
    return census, landing.rows


def _landed_before(run: Run, side: Side, partitions: Partitions, placement: Placement) -> Extraction:
    """What a run that came to no end had landed, each customer where his pair is now."""
    from connector.extract.landed import tables_of  # few runs need files

    before = run.taken_over[side]
    with partitions.landing(str(side), columns_of(side).schema(run.rules.fields), places(side, placement)) as landing:
        for table in tables_of(before):
            landing.add(table)
    return Extraction(before.census, landing.rows, before.metadata_shown)


def places(side: Side, placement: Placement) -> Callable[[pa.Table], Numbers]:
    """The partition of each row of a side's extract."""
    if side is Side.WEBSTORE:
        return lambda table: placement.of(table["webstore_id"])
    return lambda table: part_of_ids(table["bc_id"], placement.count)


def read_company_countries(run: Run) -> list[str]:
    """The company's Country/Region codes."""
    return [str(record["code"]) for record in run.business_central.reference("countriesRegions")]
