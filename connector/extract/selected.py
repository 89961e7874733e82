"""Reads the customers of a selected run: those who were named, and everybody needed to decide about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from connector.clients import Census
from connector.core import webstore_customer
from connector.core.customer import Side
from connector.core.customer_references import Kind, read_name
from connector.core.partitioning import Placement
from connector.errors import InputError
from connector.extract.extraction import (
    IDS,
    Extraction,
    extract_business_central,
    extract_webstore,
    places,
    read_company_countries,
    table_of,
)
from connector.extract.partitions import Partitions
from connector.run.run import Run

__all__ = ["Selected", "extract_selected", "with_counterparts"]


@dataclass(frozen=True)
class Selected:
    """A selected run's customers: who was selected, and everybody needed to decide about them.

    Attributes:
        keys: Business Central ids and webstore ids; who is linked is selected by both, whichever was named.
    """

    webstore: Extraction
    business_central: Extraction
    keys: frozenset[str | int]


def extract_selected(run: Run, partitions: Partitions, placement: Placement, identifiers: Sequence[str]) -> Selected:
    """Read selected customers and their mapped counterparts into partitions. If one of them may have to be created, read
    everybody: only all customers tell whether he is there already under another e-mail, by his VAT number or his phone.

    Args:
        identifiers: Business Central numbers or ids, `woo:ID`, or e-mails, in any mix.

    Raises:
        InputError: naming every identifier that nobody has; nothing has been written.
    """
    wanted = [named for named in dict.fromkeys(map(read_name, identifiers)) if named.value]
    emails, guids, accounts, numbers = (
        [named.value for named in wanted if named.kind is kind]
        for kind in (Kind.EMAIL, Kind.ID, Kind.ACCOUNT, Kind.NUMBER)
    )
    webstore_ids = [int(key) for key in accounts]

    w = dict(run.webstore.customers_by_id(webstore_ids)) if webstore_ids else {}
    c = {key.lower(): record for key, record in (run.business_central.customers_by_id(guids) if guids else {}).items()}
    by_number = run.business_central.customers_by_number(numbers) if numbers else {}
    by_email = run.business_central.customers_by_email(emails) if emails else {}
    w_by_email = {email: run.webstore.customers_by_email(email) for email in emails}
    unknown = [f"woo:{key}" for key in webstore_ids if key not in w]
    unknown += [key for key in guids if key not in c]
    unknown += [number for number in numbers if number not in by_number]
    unknown += [email for email in emails if not by_email.get(email) and not w_by_email[email]]
    if not wanted or unknown:
        raise InputError(
            "No customer was selected." if not wanted else f"{len(unknown)} of the selected customers are unknown:",
            problems=[f"{text}: in neither system" for text in unknown],
            hint="Give Business Central numbers or ids, woo:ID, or e-mails. Nothing was written.",
        )
    c |= {str(record["id"]).lower(): record for record in by_number.values()}
    c |= {str(record["id"]).lower(): record for records in by_email.values() for record in records}
    w |= {int(record["id"]): record for records in w_by_email.values() for record in records}
    with run.store.view(run.code) as view:
        mapping = view.mapping.current()
    keys = with_counterparts(mapping, [*w, *c])
    if _may_be_created(run, mapping, keys):
        return Selected(*_everybody(run, partitions, placement, w, c), keys)
    _add_counterparts(run, mapping, w, c)
    run.know_countries(read_company_countries(run))
    return Selected(
        _extraction(run, Side.WEBSTORE, partitions, placement, w),
        _extraction(run, Side.BUSINESS_CENTRAL, partitions, placement, c),
        keys,
    )


def with_counterparts(mapping: pd.DataFrame, keys: Collection[str | int]) -> frozenset[str | int]:
    """Business Central ids and webstore ids, and those that they are linked to: whoever is meant by one of them is by both."""
    rows = mapping[mapping["webstore_id"].notna()]
    rows = rows[rows["bc_id"].isin(keys) | rows["webstore_id"].isin(keys)]
    return frozenset[str | int]([*keys, *rows["bc_id"], *rows["webstore_id"].astype(int)])


def _may_be_created(run: Run, mapping: pd.DataFrame, keys: frozenset[str | int]) -> bool:
    """Whether the flags want one of the selected customers on the other side, where nobody is linked to it yet."""
    flags = run.setup.synchronization
    new_accounts = {key for key in keys if isinstance(key, int)} - set(mapping["webstore_id"].dropna().astype(int))
    waiting = mapping[mapping["webstore_id"].isna() & mapping["webstore_customer"].astype(bool)]
    pulls = str(flags.pull_webstore_customers) == "All" and bool(new_accounts)
    return pulls or (str(flags.push_webstore_customers) != "None" and not keys.isdisjoint(waiting["bc_id"]))


def _everybody(
    run: Run, partitions: Partitions, placement: Placement, w: Mapping[int, Any], c: Mapping[str, Any]
) -> tuple[Extraction, Extraction]:
    """All customers of both sides, and those that were chosen though the list does not show them (accounts of other roles)."""
    extractions = {
        Side.WEBSTORE: extract_webstore(run, partitions, placement),
        Side.BUSINESS_CENTRAL: extract_business_central(run, partitions, placement),
    }
    for side, chosen in ((Side.WEBSTORE, w), (Side.BUSINESS_CENTRAL, c)):
        listed: set[Any] = set()
        for number in range(partitions.count):
            listed |= set(partitions.read(str(side), number, [IDS[side]])[IDS[side]].to_pylist()) & set(chosen)
        more = table_of(run, side, [record for key, record in chosen.items() if key not in listed])
        _land(side, partitions, placement, more, "chosen")
        extractions[side] = replace(extractions[side], rows=extractions[side].rows + more.num_rows)
    return extractions[Side.WEBSTORE], extractions[Side.BUSINESS_CENTRAL]


def _land(side: Side, partitions: Partitions, placement: Placement, table: pa.Table, piece: str = "0") -> None:
    with partitions.landing(str(side), table.schema, places(side, placement), piece) as landing:
        landing.add(table)


def _add_counterparts(
    run: Run, mapping: pd.DataFrame, w: dict[int, dict[str, Any]], c: dict[str, dict[str, Any]]
) -> None:
    """Fetch the mapped partner of everybody."""
    linked = mapping[mapping["webstore_id"].notna()]
    partner_w = dict(zip(linked["bc_id"], linked["webstore_id"].astype("int64"), strict=True))
    partner_c = {webstore_id: bc_id for bc_id, webstore_id in partner_w.items()}
    need_w = [partner_w[key] for key in c if key in partner_w and partner_w[key] not in w]
    need_c = [partner_c[key] for key in w if key in partner_c and partner_c[key] not in c]
    if need_w:
        w |= run.webstore.customers_by_id(need_w)
    if need_c:
        c |= {key.lower(): record for key, record in run.business_central.customers_by_id(need_c).items()}


def _extraction(
    run: Run, side: Side, partitions: Partitions, placement: Placement, records: Mapping[Any, dict[str, Any]]
) -> Extraction:
    table = table_of(run, side, records.values())
    _land(side, partitions, placement, table)
    census = Census(rows=table.num_rows, announced=None, pages=0, requests=0, rereads=0, watermark=None)
    return Extraction(census, table.num_rows, side is not Side.WEBSTORE or webstore_customer.meta_shown(table))
