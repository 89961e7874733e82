"""When records were touched, as numbers, and which records are older than what was seen of them before.

A server can only add to the past: a record whose stamp went back is an old copy (a cache, a lagging database) or came out of
a backup. It is no edit of anybody. Stamps of one side are compared with stamps of the same side only, so clocks need not agree.

A stamp says when the record was touched, not what was changed: in WooCommerce a login plugin or a paid order moves it, and a
direct change of the database does not. So the same stamp, or a newer one, says nothing; only an older one does. After a clock
that was wrong is set back, the next edit of a record that was touched meanwhile looks old, too: one question too many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connector.core.customer import Side

__all__ = ["BACK", "older", "stamp_of", "stamp_of_record", "stamps_of"]

_NAMES = {Side.WEBSTORE: "date_modified_gmt", Side.BUSINESS_CENTRAL: "lastModifiedDateTime"}
Mask = np.ndarray[Any, np.dtype[np.bool_]]
# what is remembered instead of a stamp of a record that went back: whatever it says from then on, its changes are questions,
# until both sides hold their base again
BACK = 1 << 60
# how long a text is that ends with its seconds, and one that ends with its milliseconds
_SECONDS, _MILLISECONDS = 19, 23


def stamps_of(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Milliseconds since 1970 of texts such as `2026-11-27T10:00:00` (UTC, as both systems write it); null = there is none."""
    texts = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    try:
        said = pc.utf8_rtrim(pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts), "Z")
        return pc.divide(pc.cast(said, pa.timestamp("us")).cast(pa.int64()), 1000)
    except pa.ArrowInvalid:  # one of them is no moment, such as WordPress' 0000-00-00: then each is looked at
        return pa.array([stamp_of(text) for text in texts.to_pylist()], pa.int64())


def stamp_of(text: str | None) -> int | None:
    """The same of one text; None for what is no moment."""
    said = (text or "").removesuffix("Z")
    if len(said) < _SECONDS or not said.isascii():
        return None
    try:
        moment = np.datetime64(said[:_MILLISECONDS], "ms")
    except ValueError:
        return None
    return int(moment.astype(np.int64))


def older(now: pa.Array, seen: pa.Array) -> Mask:
    """Where a record is older than what was seen of it: an earlier stamp, or none where there was one."""
    known = pc.is_valid(seen)
    earlier = pc.fill_null(pc.less(now, seen), True)
    result: Mask = pc.and_(known, earlier).to_numpy(zero_copy_only=False).astype(np.bool_)
    return result


def stamp_of_record(side: Side, record: Mapping[str, Any]) -> int | None:
    """When a record, as the API gave it, was touched."""
    return stamp_of(str(record.get(_NAMES[side]) or ""))
