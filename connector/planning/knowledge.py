"""What the store knows of some customers of a run, for whoever decides about them, in whichever process."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from connector.core.extracts import Known
from connector.extract.extraction import BASES_SCHEMA, MAPPING_SCHEMA
from connector.extract.job import Job, reader
from connector.planning.objections import replaced_by_writes

__all__ = ["Gone", "known_beside", "known_in"]


@dataclass(frozen=True)
class Gone:
    """Who is gone, and what becomes of it; each as in Known."""

    webstore: frozenset[int] = frozenset()
    business_central: frozenset[str] = frozenset()
    policy: str = "report"
    young: frozenset[str] = frozenset()


def known_in(job: Job, mapping: pd.DataFrame, bases: pd.DataFrame, gone: Gone | None = None) -> Known:
    """What is known of a partition's customers."""
    named, gone = mapping[mapping["username"] != ""], gone or Gone()
    return Known(
        mapping=mapping,
        base_hashes=bases,
        read_bases=reader(job, lambda view, ids: view.bases.read(ids)),
        rejected=job.rejected,
        tombstones=job.tombstones,
        selected=job.selected,
        gone_back=job.gone_back,
        read_replaced=reader(job, replaced_by_writes),
        read_changes=reader(job, lambda view, ids: view.changes.read(ids)),
        read_made=reader(job, lambda view, ids, names: view.journal.made(ids, names)),
        kept_out=job.kept_out,
        # the user names that mapping rows give to accounts to be created
        usernames=dict(zip(named["bc_id"], named["username"], strict=True)),
        gone_webstore=gone.webstore,
        gone_business_central=gone.business_central,
        orphan_policy=gone.policy,
        young=gone.young,
    )


def known_beside(job: Job, gone: Gone) -> Known:
    """What is known of customers without a pair."""
    return known_in(job, _none_of(MAPPING_SCHEMA), _none_of(BASES_SCHEMA), gone)


def _none_of(schema: pa.Schema) -> pd.DataFrame:
    frame: pd.DataFrame = schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame
