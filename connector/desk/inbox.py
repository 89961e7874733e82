"""The inbox of conflicts: what waits for a person, and what people decided.

A decision is kept with the two values it was made on; the next run applies it if both sides still hold them
(core/decisions.py), so that deciding slowly never overwrites an edit that came in between.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from connector.desk.desk import Desk
from connector.errors import InputError
from connector.run.decisions import decisions_of
from connector.store import StoredDecision, View

__all__ = ["decide", "list_conflicts", "take_back"]

TAKES = ("webstore", "business-central", "value")


def list_conflicts(view: View) -> list[dict[str, Any]]:
    """Fields that wait for a person, as the newest runs saw them, in order of number.

    Returns:
        `bc_id`, `bc_number`, `webstore_id`, `field`, `base` (None = never agreed), `webstore`, `business_central`, `since`,
        and `decided` ("" or what the next run will take).
    """
    found, decisions = view.conflicts.rows(), decisions_of(view)
    rows = []
    for row in sorted(found, key=lambda row: (row["bc_number"], row["field"])):
        decision = decisions.get((row["bc_id"], row["webstore_id"], row["field"]))
        row["decided"] = "" if decision is None else decision.take
        rows.append(row)
    return rows


def decide(
    desk: Desk,
    number: str,
    field: str,
    *,
    take: str = "",
    value: str | None = None,
    seen: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Answer one conflict; the next run applies it.

    Args:
        number: the Business Central customer's number.
        take: "webstore" or "business-central"; or `value`: a text for both sides.
        seen: what the webstore and Business Central held when the person decided; None = what the conflict says now.

    Raises:
        InputError: no such conflict, it is about other values than were seen, or not exactly one of `take` and `value`.
    """
    if (take in TAKES[:2]) == (value is not None):
        raise InputError(
            "Say which value is right.", hint="Give --take webstore, --take business-central, or --value TEXT."
        )
    with desk.work(f"decide {field} of {number}") as work:
        conflicts = work.conflicts.all()
        found = conflicts[(conflicts["bc_number"] == number) & (conflicts["field"] == field)]
        if not len(found):
            waiting = sorted(conflicts.loc[conflicts["bc_number"] == number, "field"])
            hint = f"Waiting for {number}: {', '.join(waiting)}." if waiting else "See customer-sync conflicts list."
            raise InputError(f"No conflict of customer {number} in field {field} waits for a decision.", hint=hint)
        row = found.iloc[0]
        if seen is not None and seen != (str(row["webstore"]), str(row["business_central"])):
            raise InputError(f"The conflict of customer {number} in field {field} is about other values by now.")
        work.decisions.put(
            StoredDecision(
                bc_id=str(row["bc_id"]),
                webstore_id=int(row["webstore_id"]),
                field=field,
                take=cast('Literal["webstore", "business-central", "value"]', take or "value"),
                value=value or "",
                webstore_seen=str(row["webstore"]),
                business_central_seen=str(row["business_central"]),
                actor=desk.actor,
            )
        )
    return {"bc_number": number, "field": field, "take": take or "value", "applied": "by the next run"}


def take_back(desk: Desk, number: str, field: str) -> bool:
    """Forget a decision that has not been applied; False if there was none."""
    with desk.work(f"take back what was decided of {field} of {number}") as work:
        conflicts = work.conflicts.all()
        found = conflicts[(conflicts["bc_number"] == number) & (conflicts["field"] == field)]
        return any(
            work.decisions.remove(str(row["bc_id"]), int(row["webstore_id"]), field)
            for row in found.to_dict(orient="records")
        )
