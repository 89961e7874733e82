"""What one run knows: the customers of both sides as they were read, and what the store says of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Side
from connector.core.normalize import key_columns, row_hashes
from connector.core.terms import Terms

__all__ = ["Extract", "Known", "ReadBases", "extract_of"]

ReadBases = Callable[[Sequence[str]], pd.DataFrame]


@dataclass(frozen=True)
class Extract:
    """The customers of one side: as the API gave them, canonical, and their fingerprints, row by row the same customers.

    Malformed records stand in `malformed` only (raw rows).
    """

    raw: pa.Table
    canonical: pa.Table
    hashes: list[str]
    malformed: pa.Table


@dataclass(frozen=True)
class Known:
    """What the store and the remote systems say beside the extracts.

    Attributes:
        mapping: current mapping rows (`bc_id`, `bc_number`, `webstore_id`, `webstore_customer`).
        base_hashes: `bc_id`, `webstore_id`, `webstore_hash`, `business_central_hash` of every base.
        read_bases: bases of some Business Central ids: `bc_id`, `webstore_id` and the JSON texts of both sides.
        rejected: pairs (Business Central id, webstore id) that a person said are not the same.
        gone_webstore, gone_business_central: ids whose absence was confirmed by a 404.
        selected: Business Central ids and webstore ids of a selected run; None = all.
        tombstones: Business Central ids and webstore ids of erased customers: they are never created again.
        orphan_policy: report, unlink or recreate.
        usernames: Business Central id → user name that the mapping row gives to an account to be created.
    """

    mapping: pd.DataFrame
    base_hashes: pd.DataFrame
    read_bases: ReadBases
    rejected: Collection[tuple[str, int]] = ()
    gone_webstore: frozenset[int] = frozenset()
    gone_business_central: frozenset[str] = frozenset()
    selected: frozenset[str | int] | None = None
    tombstones: frozenset[str | int] = frozenset()
    orphan_policy: str = "report"
    usernames: Mapping[str, str] = field(default_factory=dict)


def extract_of(side: Side, raw: pa.Table, terms: Terms) -> Extract:
    """Canonical values and fingerprints of raw columns; records that are not shaped like a customer are set apart."""
    fine = pc.equal(raw["malformed"], "")
    usable = raw.filter(fine).combine_chunks()
    module = webstore_customer if side is Side.WEBSTORE else business_central_customer
    canonical = module.canonical(usable, terms.rules, terms.geography)
    keys = key_columns(canonical, {rule.field: rule.normalizer for rule in terms.rules.rules})
    return Extract(usable, canonical, row_hashes(keys), raw.filter(pc.invert(fine)))
