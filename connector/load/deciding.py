"""From extracts to the plan, with what the store knows: the impure rim of core/comparison.py."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core import webstore_customer
from connector.core.comparison import compare
from connector.core.customer import Side
from connector.core.extracts import Known, extract_of
from connector.core.plan import Plan
from connector.load.extraction import Missing
from connector.load.knowing import replaced_by_writes
from connector.load.run import Run
from connector.store import View

__all__ = ["decide_run", "table_from", "usernames_of", "with_late", "young_pairs"]

# a copy of a database may lag longer than a server works on one request
_SETTLING = 20


def table_from(frame: pd.DataFrame) -> pa.Table:
    """The columns of a frame without copying."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def with_late(frame: pd.DataFrame, late: pa.Table, old: Collection[Any] = ()) -> pa.Table:
    """The rows of an extract and those that were asked for afterwards; nothing is copied when there are none.

    Args:
        old: ids whose rows in the extract do not count.
    """
    table = table_from(frame)
    if old:
        key = table["webstore_id" if "webstore_id" in table.column_names else "bc_id"]
        table = table.filter(pc.invert(pc.is_in(key, value_set=pa.array(list(old), key.type))))
    return pa.concat_tables([table, late], promote_options="permissive").combine_chunks() if late.num_rows else table


def usernames_of(mapping: pd.DataFrame) -> dict[str, str]:
    """Business Central id → user name that the mapping row gives to an account to be created."""
    given = mapping[mapping["username"] != ""]
    return dict(zip(given["bc_id"], given["username"], strict=True))


def young_pairs(run: Run, view: View, missing: Missing) -> frozenset[str]:
    """Business Central ids of the gone pairs whose base moved a moment ago (some times [synchronization] settle_seconds): that is
    when this pipeline created or wrote one of the two."""
    if not missing.gone_webstore and not missing.gone_business_central:
        return frozenset()
    rows = view.mapping.rows_by_webstore_id(missing.gone_webstore).values()
    bases = view.bases.read({row.bc_id for row in rows} | missing.gone_business_central)
    since = datetime.now(UTC) - timedelta(seconds=_SETTLING * run.setup.synchronization.settle_seconds)
    return frozenset(bases.loc[bases["updated_at"] > since, "bc_id"])


def decide_run(
    run: Run,
    webstore: pd.DataFrame,
    business_central: pd.DataFrame,
    missing: Missing,
    selected: frozenset[str | int] | None = None,
) -> Plan:
    """Compare both extracts under the setup's flags and policies; writes nothing."""
    w = with_late(webstore, missing.webstore, missing.old_webstore)
    c = with_late(business_central, missing.business_central, missing.old_business_central)
    run.know_metadata(webstore_customer.meta_shown(w))
    terms = run.terms
    with run.store.view(run.code) as view:
        stones = view.tombstones.all()
        known = Known(
            mapping=run.mapping,
            base_hashes=run.base_hashes,
            read_bases=view.bases.read,
            rejected=view.mapping.rejections(),
            gone_webstore=missing.gone_webstore,
            gone_business_central=missing.gone_business_central,
            selected=selected,
            tombstones=frozenset(stones["bc_id"].dropna()) | frozenset(stones["webstore_id"].dropna().astype(int)),
            orphan_policy=str(run.setup.synchronization.policies.orphan),
            usernames=usernames_of(run.mapping),
            gone_back=missing.gone_back,
            read_replaced=lambda bc_ids, sides: replaced_by_writes(view, bc_ids, sides),
            read_changes=view.changes.read,
            read_made=view.journal.made,
            kept_out=missing.kept_out,
            young=young_pairs(run, view, missing),
        )
        return compare(extract_of(Side.WEBSTORE, w, terms), extract_of(Side.BUSINESS_CENTRAL, c, terms), known, terms)
