"""Which partition a customer belongs to: both records of a pair, its mapping row and its base always to the same one.

The Business Central id decides, by its hash. A webstore customer goes where its mapping row is, one that no row names where its
own id says. So every partition can be joined and compared by itself, and what remains are the customers without a counterpart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

__all__ = ["IN_ONE", "Numbers", "Placement", "part_of_ids", "split"]

Numbers = np.ndarray[Any, np.dtype[np.int64]]


def part_of_ids(bc_ids: pa.ChunkedArray | pa.Array, count: int) -> Numbers:
    """The partition of each Business Central id."""
    column = bc_ids.combine_chunks() if isinstance(bc_ids, pa.ChunkedArray) else bc_ids
    texts = column.cast(pa.large_binary()).to_numpy(zero_copy_only=False)
    hashed = pd.util.hash_array(texts, categorize=False)
    return (hashed % np.uint64(count)).astype(np.int64)


class Placement:
    """Where webstore customers go: nine bytes for each that is mapped."""

    def __init__(self, count: int, webstore_ids: Numbers, parts: Numbers) -> None:
        """`parts[n]` is the partition of the mapping row that names `webstore_ids[n]`; no id stands twice."""
        self.count = count
        order = np.argsort(webstore_ids, kind="stable")
        self._ids = webstore_ids[order]
        self._parts = parts[order].astype(np.uint16)

    def of(self, webstore_ids: pa.ChunkedArray | pa.Array) -> Numbers:
        """The partition of each webstore customer."""
        ids: Numbers = np.asarray(webstore_ids.to_numpy(), dtype=np.int64)
        if not len(self._ids):
            return ids % self.count
        at = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        result: Numbers = np.where(self._ids[at] == ids, self._parts[at], ids % self.count).astype(np.int64)
        return result


# everybody together
IN_ONE = Placement(1, np.zeros(0, np.int64), np.zeros(0, np.int64))


def split(table: pa.Table, parts: Numbers) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each partition that has any; a row whose part is negative goes nowhere."""
    if len(parts) and parts[0] >= 0 and (parts[1:] >= parts[:-1]).all():
        ordered, sorted_parts = table, parts
    else:
        order = np.argsort(parts, kind="stable")[np.count_nonzero(parts < 0) :]
        ordered, sorted_parts = table.take(pa.array(order)), parts[order]
    there, starts = np.unique(sorted_parts, return_index=True)
    ends = np.append(starts[1:], len(sorted_parts))[: len(starts)]
    for part, start, end in zip(there.tolist(), starts.tolist(), ends.tolist(), strict=True):
        yield part, ordered.slice(start, end - start)
