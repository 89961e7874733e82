"""What one run knows: the customers of both sides as they were read, and what the store says of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connector.core import business_central_customer, webstore_customer
from connector.core.customer import Side
from connector.core.fingerprints import raw_fingerprints, reading_key
from connector.core.identity import marks_of
from connector.core.normalize import key_columns, row_hashes
from connector.core.stamps import stamps_of
from connector.core.terms import Terms

__all__ = ["Extract", "Known", "ReadBases", "ReadReplaced", "Replaced", "extract_of", "shaped"]

ReadBases = Callable[[Sequence[str]], pd.DataFrame]
# side, Business Central id, webstore id, field → canonical values that confirmed writes replaced
Replaced = Mapping[tuple[Side, str, int, str], Collection[str]]
# of some Business Central ids those whose pair a run has made, or given one of some fields
ReadMade = Callable[[Collection[str], Collection[str]], Collection[str]]
ReadReplaced = Callable[[Sequence[str], Collection[Side]], Replaced]


def _nothing_replaced(_bc_ids: Sequence[str], _sides: Collection[Side]) -> Replaced:
    return {}


def _nobody_made(_bc_ids: Collection[str], _fields: Collection[str]) -> frozenset[str]:
    return frozenset()


def _no_changes(_bc_ids: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=["bc_id", "webstore_id", "field", "system", "value", "since"])


class Extract:
    """The customers of one side. What their texts mean is worked out when it is asked for, and only once.

    Attributes:
        raw: one row per customer, as the API gave them.
        malformed: the rows that are not shaped like a customer, or are set apart; they are nowhere else.
    """

    def __init__(self, side: Side, raw: pa.Table, malformed: pa.Table, terms: Terms) -> None:
        self.side = side
        self.raw = raw
        self.malformed = malformed
        self._module = webstore_customer if side is Side.WEBSTORE else business_central_customer
        self._terms = terms

    @cached_property
    def canonical(self) -> pa.Table:
        """Canonical values of all customers, row by row those of `raw`."""
        return self._canonical(self.raw)

    @cached_property
    def fingerprints(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """What `raw` says of each customer, as one number (fingerprints.py)."""
        return raw_fingerprints(self.raw, reading_key(self._terms.rules, self._terms.geography))

    @cached_property
    def stamps(self) -> pa.Array:
        """When each record was touched (stamps.py)."""
        return stamps_of(self.raw["modified" if self.side is Side.WEBSTORE else "lastModifiedDateTime"])

    def marks_of(self, rows: pa.Array) -> pa.Array:
        """Whose some records are (identity.py); a customer card has no marks besides its id."""
        if self.side is Side.BUSINESS_CENTRAL:
            return pa.nulls(len(rows), pa.int64())
        return marks_of(self.raw.select(["username", "created"]).take(rows))

    @cached_property
    def hashes(self) -> list[str]:
        """Fingerprints of all customers' comparison keys, comparable with those of bases."""
        return self.hashes_of(self.canonical)

    @property
    def fields(self) -> tuple[str, ...]:
        """The canonical fields."""
        return self._terms.rules.names

    def canonical_of(self, rows: pa.Array) -> pa.Table:
        """Canonical values of some customers, in the order of their row numbers."""
        if "canonical" in self.__dict__:
            return self.canonical.take(rows)
        return self._canonical(self.raw.take(rows))

    def hashes_of(self, canonical: pa.Table) -> list[str]:
        """Fingerprints of the comparison keys of canonical values."""
        return row_hashes(key_columns(canonical, self._terms.rules.normalizers))

    def _canonical(self, raw: pa.Table) -> pa.Table:
        return self._module.canonical(raw, self._terms.rules, self._terms.geography)


@dataclass(frozen=True)
class Known:
    """What the store and the remote systems say beside the extracts.

    Attributes:
        mapping: current mapping rows (`bc_id`, `bc_number`, `webstore_id`, `webstore_customer`).
        base_hashes: `bc_id`, `webstore_id`, `webstore_hash`, `business_central_hash` of every base, and the fingerprints of the
            records that were last found to hold it: `webstore_seen`, `business_central_seen` (null = none yet).
        read_bases: bases of some Business Central ids: `bc_id`, `webstore_id` and the JSON texts of both sides.
        rejected: pairs (Business Central id, webstore id) that a person said are not the same.
        gone_webstore, gone_business_central: ids whose absence was confirmed by a 404.
        selected: Business Central ids and webstore ids of a selected run; None = all.
        tombstones: Business Central ids and webstore ids of erased customers: they are never created again.
        orphan_policy: report, unlink or recreate.
        usernames: Business Central id → user name that the mapping row gives to an account to be created.
        gone_back: the sides of which a record was confirmed to be older than it was seen before.
        read_replaced: what confirmed writes replaced, as some sides may hold it again, of some Business Central ids.
        read_changes: values that differ from their base since earlier runs, of some Business Central ids (see
            connector.store.Changes).
        read_made: which of some Business Central ids are of a pair that a run has made, by creating one half of it, or has given
            one of some fields.
        kept_out: accounts that the setup's role filter keeps out of the list; they may be linked nevertheless.
        young: Business Central ids of gone pairs that were written a moment ago: a lagging database does not know them yet.
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
    gone_back: frozenset[Side] = frozenset()
    read_replaced: ReadReplaced = _nothing_replaced
    read_changes: ReadBases = _no_changes
    read_made: ReadMade = _nobody_made
    kept_out: frozenset[int] = frozenset()
    young: frozenset[str] = frozenset()


def extract_of(side: Side, raw: pa.Table, terms: Terms) -> Extract:
    """The customers of one side; records that are not shaped like a customer are set apart."""
    fine, malformed = shaped(raw)
    return Extract(side, fine, malformed, terms)


def shaped(raw: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The rows that are shaped like a customer, and the others."""
    fine = pc.equal(raw["malformed"], "")
    if pc.all(fine, min_count=0).as_py():
        return raw, raw.schema.empty_table()  # a slice would hold all rows
    return raw.filter(fine), raw.filter(pc.invert(fine))
