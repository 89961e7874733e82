"""What the store knows of refused writes: the newest of each customer and direction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pandas as pd

from connector.core.plan import Plan
from connector.core.refusals import Refusal
from connector.store import View

__all__ = ["held_writes", "refusals_of"]


def held_writes(view: View) -> Mapping[tuple[str, str], Refusal | None]:
    """Who is on hold, by key and direction, with what was refused last; None where the journal does not know it any more."""
    holds = view.holds.read()
    held = holds[holds["on_hold"].astype(bool)]
    found = {}
    for key, direction in zip(held["key"], held["direction"], strict=True):
        system, _, number = key.partition(":")
        who: dict[str, Any] = {"bc_id": number} if system == "bc" else {"webstore_id": int(number)}
        journal = _settled(view.journal.of_customer(**who), direction)
        journal = journal[journal["outcome"] == "refused"]
        found[key, direction] = _refusal(journal, 0) if len(journal) else None
    return found


def refusals_of(view: View, plan: Plan) -> Mapping[tuple[str, str], Refusal]:
    """The newest refusals of customers in the plan who have not been written since."""
    holds = view.holds.read()
    failed = holds[holds["last_error"] != ""]
    known = set(zip(failed["key"], failed["direction"], strict=True))
    if not known:
        return {}
    planned = {place: write for write in plan.writes if (place := (write.key, str(write.direction))) in known}
    found = {}
    for key, direction, attempts in zip(failed["key"], failed["direction"], failed["failed_attempts"], strict=True):
        write = planned.get((key, direction))
        if write is None:
            continue
        journal = _settled(view.journal.of_customer(bc_id=write.bc_id, webstore_id=write.webstore_id), direction)
        if len(journal) and journal["outcome"].iloc[-1] == "refused":
            found[key, direction] = _refusal(journal, int(attempts))
    return found


def _settled(journal: pd.DataFrame, direction: str) -> pd.DataFrame:
    return journal[(journal["direction"] == direction) & journal["outcome"].notna()]


def _refusal(journal: pd.DataFrame, attempts: int) -> Refusal:
    """The last row."""
    row = journal.iloc[-1]
    return Refusal(str(row["operation"]), orjson.loads(row["payload"]), str(row["code"]), str(row["message"]), attempts)
