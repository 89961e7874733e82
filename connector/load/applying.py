"""Plans that were made before: kept by their hash, approved, and applied as far as they still hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from connector.core.approval import Approved, restricted
from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.errors import InputError
from connector.load.run import Run
from connector.load.session import opened_store
from connector.setup import ApprovalRequired, Setup

__all__ = ["PlanShown", "approval_reason", "approved_part", "known_plan", "plan_shown", "waiting_plan"]


@dataclass(frozen=True)
class PlanShown:
    """A plan that waits for a person.

    Attributes:
        rows: as `Plan.table` gives them, one dictionary per row.
        reason: why a person must look at it.
    """

    hash: str
    rows: tuple[dict[str, Any], ...]
    reason: str = ""

    @property
    def customers(self) -> frozenset[str]:
        """How the customers that it writes or links can be named: numbers and `woo:ID`, in small letters."""
        numbers = {str(row["bc_number"]).lower() for row in self._acting if row["bc_number"]}
        return frozenset(numbers | {f"woo:{row['webstore_id']}" for row in self._acting if row["webstore_id"]})

    @property
    def counts(self) -> dict[str, int]:
        """What it does, in customers: `push create`, `pull update`, `link` and so on."""
        acting = {(r["action"], r["direction"], r["bc_number"], r["webstore_id"]) for r in self._acting}
        counts: dict[str, int] = {}
        for action, direction, *_ in sorted(acting, key=str):
            name = f"{direction} {action}".strip()
            counts[name] = counts.get(name, 0) + 1
        return counts

    @property
    def _acting(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["action"] in {"create", "update", "link"}]


def approval_reason(setup: Setup, plan: Plan) -> str:
    """Why a person must approve this plan by the setup's rules; "" = nobody needs to."""
    rules = setup.approval
    unlinked = sum(orphan.action != "report" for orphan in plan.orphans)
    writes = len(plan.writes) + len(plan.links) + unlinked
    creates = sum(len(plan.of(direction, "create")) for direction in Direction)
    if rules.required is ApprovalRequired.NEVER or not writes:
        return ""
    if rules.required is ApprovalRequired.ALWAYS:
        return "every plan needs an approval"
    reasons = [f"{creates} creates are more than {rules.max_creates}"] if creates > rules.max_creates else []
    reasons += [f"{writes} writes are more than {rules.max_writes}"] if writes > rules.max_writes else []
    return " and ".join(reasons)


def waiting_plan(setup: Setup, run_id: str) -> str | None:
    """Hash of the plan that this run showed before its process ended; None if it showed none."""
    with opened_store(setup) as (_, store), store.view(setup.webstore_code) as view:
        run = view.runs.show(run_id)
    return str(run["plan_hash"]) if run is not None and run["status"] == "waiting" and run["plan_hash"] else None


def plan_shown(setup: Setup, plan_hash: str, reason: str = "") -> PlanShown:
    """A plan that is kept, for showing.

    Raises:
        InputError: it is not kept any more.
    """
    with opened_store(setup) as (_, store), store.view(setup.webstore_code) as view:
        stored = view.plans.get(plan_hash)
    if stored is None:
        raise InputError(f"The plan {plan_hash[:12]} is not kept any more.", hint="Start a new run.")
    return PlanShown(stored.hash, tuple(orjson.loads(stored.document)["rows"]), reason)


def known_plan(run: Run, plan_hash: str) -> Approved:
    """What a plan of an earlier run intended.

    Args:
        plan_hash: the plan's hash, or its beginning.

    Raises:
        InputError: no such plan is kept, or several begin like this.
    """
    with run.store.view(run.code) as view:
        stored = view.plans.get(plan_hash)
    if stored is None:
        raise InputError(
            f"No plan {plan_hash[:12]} of webstore {run.code} is kept.",
            hint="Make one with customer-sync plan; its hash stands below it. Nothing was written.",
        )
    content: dict[str, Any] = orjson.loads(stored.document)
    return Approved.from_document(content)


def approved_part(plan: Plan, approved: Approved, left_out: Collection[str]) -> tuple[Plan, int]:
    """The plan as it was approved, without what has changed since; and how much was dropped."""
    return restricted(plan, approved, left_out)
