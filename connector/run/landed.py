"""What a run that came to no end had landed of one side, as it is told to the run that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.clients import Census
from connector.core.customer import Side

__all__ = ["Landed", "Newest"]

# by what the newest of a side is found, and what is told of him
_NEWEST = {
    Side.WEBSTORE: ("webstore_id", ("webstore_id", "username", "created")),
    Side.BUSINESS_CENTRAL: ("lastModifiedDateTime", ("bc_id", "lastModifiedDateTime")),
}


@dataclass(frozen=True)
class Landed:
    """One side, landed to its end in the partitions' folder; a file beside its rows says this.

    Attributes:
        form: how it is told; another version of the product may tell it in another way.
        run_id: which run has read it; read_from, read_to: when.
        reading: digest of what decides who is read and which columns of him (setup, rules, page, versions).
        told: what the side told of itself, as in `Sides`.
        rows: how many customers were landed; census: how the read went.
        metadata_shown: whether the webstore showed `meta_data`.
        newest: of the newest account its id, user name and registration; of the card that was changed last its id and stamp;
            () = there was nobody.
        url: the folder that has it, as fsspec understands it; told by where the file is.
    """

    form: int
    side: Side
    run_id: str
    read_from: datetime
    read_to: datetime
    reading: str
    told: dict[str, str]
    rows: int
    census: Census
    metadata_shown: bool
    newest: tuple[str, ...]
    url: str = ""


class Newest:
    """Finds, page by page, the newest account, or the card that was changed last; `told` is as in Landed.newest, `began`
    when the first page was asked for."""

    def __init__(self, side: Side) -> None:
        self._by, self._told = _NEWEST[side]
        self.began = datetime.now(UTC)
        self._greatest: Any = None
        self.told: tuple[str, ...] = ()

    def look(self, table: pa.Table) -> None:
        """Look at the customers of a page."""
        greatest = pc.max(table[self._by]).as_py()
        if greatest is None or (self._greatest is not None and greatest <= self._greatest):
            return
        self._greatest = greatest
        row = table.slice(pc.index(table[self._by], greatest).as_py(), 1)
        self.told = tuple(str(row[name][0].as_py() or "") for name in self._told)
