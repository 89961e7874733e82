"""When records were touched, as numbers, and which records are older than what was seen of them before.

A server can only add to the past: a record whose stamp went back is an old copy (a cache, a lagging database) or came out of
a backup. It is no edit of anybody. Stamps of one side are compared with stamps of the same side only, so clocks need not agree.

A stamp says when the record was touched, not what was changed: in WooCommerce a login plugin or a paid order moves it, and a
direct change of the database does not. So the same stamp, or a newer one, says nothing; only an older one does. After a clock
that was wrong is set back, the next edit of a record that was touched meanwhile looks old, too: one question too many.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["BACK", "older", "stamp_of", "stamps_of"]

Mask = np.ndarray[Any, np.dtype[np.bool_]]
# what is remembered instead of a stamp of a record that went back: whatever it says from then on, its changes are questions,
# until both sides hold their base again
BACK = 1 << 60
_FORM = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$"


def stamps_of(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Milliseconds since 1970 of texts such as `2026-11-27T10:00:00` (UTC, as both systems write it); null = there is none."""
    texts = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    fine = pc.fill_null(pc.match_substring_regex(texts, _FORM), False)
    texts = pc.if_else(fine, texts, pa.scalar(None, texts.type))
    # three digits behind the point are all that is compared
    texts = pc.replace_substring_regex(texts, r"(\.\d{1,3})\d*", r"\1")
    texts = pc.utf8_rtrim(texts, "Z")
    moments = pc.cast(texts, pa.timestamp("ms"), safe=False)
    return moments.cast(pa.int64())


def stamp_of(text: str | None) -> int | None:
    """The same of one text."""
    if not text or not re.match(_FORM, text):
        return None
    found: int | None = stamps_of(pa.array([text], pa.large_string()))[0].as_py()
    return found


def older(now: pa.Array, seen: pa.Array) -> Mask:
    """Where a record is older than what was seen of it: an earlier stamp, or none where there was one."""
    known = pc.is_valid(seen)
    earlier = pc.fill_null(pc.less(now, seen), True)
    result: Mask = pc.and_(known, earlier).to_numpy(zero_copy_only=False).astype(np.bool_)
    return result
