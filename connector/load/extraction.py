"""Reads the customers of both systems into frames: all of them, or only selected ones with their counterparts.

Pages become columns as soon as they arrive; parsed records are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from connector.clients import Census
from connector.core import business_central_customer, webstore_customer
from connector.core.base_comparison import suspects
from connector.core.customer import Side
from connector.core.naming import Kind, read_name
from connector.core.pairing import pair
from connector.core.partitioning import Numbers
from connector.core.stamps import stamps_of
from connector.errors import InputError
from connector.load.bases import stamp_of_record
from connector.load.partitions import Partitions
from connector.load.run import Run

__all__ = [
    "Asked",
    "Extraction",
    "Missing",
    "kept_out",
    "read_again",
    "read_all",
    "read_company",
    "read_company_countries",
    "read_missing",
    "read_selected",
]


@dataclass(frozen=True)
class Extraction:
    """The customers of one side, one row each, columns as its module's SCHEMA, and what the server announced.

    Attributes:
        frame: empty, when the customers were landed in partitions.
        landed: how many were landed; None = they are in the frame.
        metadata_shown: whether the webstore showed `meta_data`, of landed customers.
    """

    frame: pd.DataFrame
    census: Census
    landed: int | None = None
    metadata_shown: bool = True

    @property
    def rows(self) -> int:
        """How many customers they are."""
        return len(self.frame) if self.landed is None else self.landed


@dataclass(frozen=True)
class Missing:
    """Mapped customers that the extracts did not show, or showed older than they were seen before, asked for by id.

    Attributes:
        webstore, business_central: rows of those that are there after all (an account of another role, a late row), or as
            they really are.
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
class Selected:
    """A selected run's customers: who was selected, and everybody needed to decide about them.

    Attributes:
        keys: Business Central ids and webstore ids; who is linked is selected by both, whichever was named.
    """

    webstore: Extraction
    business_central: Extraction
    keys: frozenset[str | int]


def _module(side: Side) -> Any:
    return webstore_customer if side is Side.WEBSTORE else business_central_customer


def table_of(run: Run, side: Side, records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Records of one system as columns."""
    table: pa.Table = _module(side).columns(list(records), run.rules.fields)
    return table


def frame_of(table: pa.Table) -> pd.DataFrame:
    """The same columns as a dataframe with pyarrow-backed columns."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def read_all(
    run: Run,
    side: Side,
    partitions: Partitions | None = None,
    parts_of: Callable[[pa.Table], Numbers] | None = None,
) -> Extraction:
    """Read every customer of one side.

    Args:
        partitions: where the customers are landed instead of being kept; parts_of: the partition of each row.
    """
    module, rules = _module(side), run.rules.fields
    schema = module.schema(rules)
    if partitions is not None and parts_of is not None:
        shown: list[bool] = []
        with partitions.landing(str(side), schema, parts_of) as landing:

            def land(records: list[dict[str, Any]]) -> None:
                table = module.columns(records, rules)
                shown.append(side is Side.BUSINESS_CENTRAL or webstore_customer.meta_shown(table))
                landing.add(table)

            census = _read_all(run, side, land)
        return Extraction(frame_of(schema.empty_table()), census, landing.rows, all(shown))
    tables = [schema.empty_table()]

    def keep(records: list[dict[str, Any]]) -> None:
        tables.append(module.columns(records, rules))

    census = _read_all(run, side, keep)
    return Extraction(frame_of(pa.concat_tables(tables).combine_chunks()), census)


def _read_all(run: Run, side: Side, keep: Callable[[list[dict[str, Any]]], None]) -> Census:
    module, rules = _module(side), run.rules.fields
    if side is Side.WEBSTORE:
        census = run.webstore.read_customers(
            keep,
            fields=module.api_fields(rules),
            on_progress=lambda done, total: run.progress("Reading the webstore", done, total),
        )
        run.accounts_announced = census.announced or census.rows
        return census
    return run.business_central.read_customers(
        keep,
        select=module.api_fields(rules),
        on_progress=lambda done, total: run.progress("Reading Business Central", done, total),
    )


def read_company(run: Run) -> Extraction:
    """Read all Business Central customers and the company's countries, then what the store knows of pairs: the company is
    read long before the webstore is.
    """
    extraction = read_all(run, Side.BUSINESS_CENTRAL)
    run.know_countries(read_company_countries(run))
    run.look_up_pairs()
    return extraction


def read_company_countries(run: Run) -> list[str]:
    """The company's Country/Region codes."""
    return [str(record["code"]) for record in run.business_central.reference("countriesRegions")]


def read_missing(
    run: Run, webstore: pa.Table, business_central: pa.Table, selected: frozenset[str | int] | None = None
) -> Missing:
    """Ask for the mapped customers (of a selected run: the selected ones) that an extract does not show, or shows older than
    they were seen before. Only what the server denies counts as gone, and only what it says by id counts as old.
    """
    mapping = run.mapping
    if selected is not None:
        mapping = mapping[mapping["bc_id"].isin(selected) | mapping["webstore_id"].isin(selected)]
    pairing = pair(mapping, webstore, business_central)
    asked = Asked(
        pairing.missing_webstore["webstore_id"].to_pylist(),
        pairing.missing_business_central["bc_id"].to_pylist(),
        *suspects(
            pairing.pairs,
            run.base_hashes,
            stamps_of(webstore["modified"]),
            stamps_of(business_central["lastModifiedDateTime"]),
        ),
    )
    missing = read_again(run, asked)
    return missing if selected is None else replace(missing, kept_out=kept_out(run, [webstore, missing.webstore]))


@dataclass(frozen=True)
class Asked:
    """Who is asked for by id: who is not shown, and who is shown older than before (id → the stamp that was seen)."""

    missing_webstore: Sequence[int] = ()
    missing_business_central: Sequence[str] = ()
    old_webstore: Mapping[int, int] = field(default_factory=dict)
    old_business_central: Mapping[str, int] = field(default_factory=dict)


def read_again(run: Run, asked: Asked) -> Missing:
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
        copies = len(old) - len(back[side])
        if copies:
            name = "The webstore" if side is Side.WEBSTORE else "Business Central"
            run.warnings.append(
                f"{name} listed {copies:,} customers as they were before; asked for by id they are newer, and that counts. "
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
    role = run.setup.webstore.customer_role_filter
    if role == "all":
        return frozenset()
    others = {
        key
        for table in tables
        for key, its in zip(table["webstore_id"].to_pylist(), table["role"].to_pylist(), strict=True)
        if its != role
    }
    return frozenset(others - run.webstore.listed(others)) if others else frozenset()


def read_selected(run: Run, identifiers: Sequence[str]) -> Selected:
    """Read selected customers and their mapped counterparts. If somebody among them may have to be created, read everybody:
    only all customers tell whether he is there already under another e-mail, by his VAT number or his phone.

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
    keys = with_counterparts(run.mapping, [*w, *c])
    if _may_be_created(run, run.mapping, keys):
        return Selected(_everybody(run, Side.WEBSTORE, w), _everybody(run, Side.BUSINESS_CENTRAL, c), keys)
    _add_counterparts(run, run.mapping, w, c)
    return Selected(_extraction(run, Side.WEBSTORE, w), _extraction(run, Side.BUSINESS_CENTRAL, c), keys)


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


def _everybody(run: Run, side: Side, chosen: Mapping[Any, dict[str, Any]]) -> Extraction:
    """All customers of one side, and those that were chosen though the list does not show them (accounts of other roles)."""
    extraction = read_all(run, side)
    listed = set(extraction.frame["webstore_id" if side is Side.WEBSTORE else "bc_id"])
    more = table_of(run, side, [record for key, record in chosen.items() if key not in listed])
    if not more.num_rows:
        return extraction
    return Extraction(pd.concat([extraction.frame, frame_of(more)], ignore_index=True), extraction.census)


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


def _extraction(run: Run, side: Side, records: Mapping[Any, dict[str, Any]]) -> Extraction:
    table = table_of(run, side, records.values())
    census = Census(rows=table.num_rows, announced=None, pages=0, requests=0, rereads=0, watermark=None)
    return Extraction(frame_of(table), census)
