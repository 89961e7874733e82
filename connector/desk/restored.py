"""After one side went back in time: who differs since, and a person's answer for all of them at once.

The ways out are three: the other side is right, so that its values are written again; the side itself is right, so that its old
values count as the newest; or nothing is said, because a cache or a lagging database will show the present by itself.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from connector.core.customer import Side
from connector.core.stamps import BACK
from connector.desk.desk import Desk
from connector.errors import InputError
from connector.run.decisions import decisions_of
from connector.store import StoredDecision, View

__all__ = ["answer_restored", "list_restored"]

TAKES = ("webstore", "business-central")


def list_restored(view: View, side: str) -> list[dict[str, Any]]:
    """The fields that wait for a person because the record of this side is older than what was seen of it.

    Returns:
        One row per customer and field: `bc_id`, `bc_number`, `webstore_id`, `field`, `base`, `webstore`,
        `business_central`, `since`, and `decided` ("" or what the next run will take), in order of number.

    Raises:
        InputError: there is no such side.
    """
    return _waiting(view, _system(side))


def answer_restored(desk: Desk, side: str, take: str, *, also_decided: bool = False) -> int:
    """Decide all of them for one side; the next run applies it to whoever was not edited since.

    Args:
        take: "webstore" or "business-central": whose values are right.
        also_decided: those that a person has decided already, too; they keep their answer otherwise.

    Returns:
        How many fields were decided.

    Raises:
        InputError: there is no such side, or nothing waits.
    """
    if take not in TAKES:
        raise InputError("Say which side is right.", hint="Give --take webstore or --take business-central.")
    system = _system(side)
    with desk.work(f"take {take} since the {side} went back") as work:
        waiting = _waiting(work, system)
        rows = [row for row in waiting if also_decided or not row["decided"]]
        if not rows:
            raise InputError(
                f"Nothing of the {side} waits because it went back."
                if not waiting
                else f"All {len(waiting)} fields are decided already; the next run applies it.",
                hint="A run notices it: customer-sync plan." if not waiting else "--also-decided decides them anew.",
            )
        for row in rows:
            work.decisions.put(
                StoredDecision(
                    bc_id=row["bc_id"],
                    webstore_id=row["webstore_id"],
                    field=row["field"],
                    take=cast('Literal["webstore", "business-central"]', take),
                    webstore_seen=row["webstore"],
                    business_central_seen=row["business_central"],
                    actor=desk.actor,
                )
            )
    return len(rows)


def _waiting(view: View, system: Side) -> list[dict[str, Any]]:
    """As list_restored."""
    back = view.bases.with_stamp(str(system), BACK)
    conflicts, decisions = view.conflicts.all(), decisions_of(view)
    rows = []
    for record in conflicts.to_dict(orient="records"):
        row = {str(name): value for name, value in record.items()} | {"webstore_id": int(record["webstore_id"])}
        if (row["bc_id"], row["webstore_id"]) not in back:
            continue
        decision = decisions.get((row["bc_id"], row["webstore_id"], row["field"]))
        about = decision and (decision.webstore_seen, decision.business_central_seen)
        # an answer about other values does not count any more
        fits = about == (row["webstore"], row["business_central"])
        rows.append(row | {"decided": decision.take if decision is not None and fits else ""})
    return sorted(rows, key=lambda row: (row["bc_number"], row["field"]))


def _system(side: str) -> Side:
    named = {"webstore": Side.WEBSTORE, "business-central": Side.BUSINESS_CENTRAL}
    if side not in named:
        raise InputError(f"There is no side {side!r}.", hint="Say webstore or business-central.")
    return named[side]
