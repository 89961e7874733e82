"""Plans that were made before: kept by their hash, approved, and applied as far as they still hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connector.core.approval import Approved, Lost, restricted
from connector.core.counting import counted
from connector.core.customer import Direction
from connector.core.intended import intended_count
from connector.core.plan import Plan
from connector.errors import InputError
from connector.run.names_given import keys_left_out
from connector.run.run import Run
from connector.run.setup_source import opened_view
from connector.setup import ApprovalRequired, Setup

__all__ = ["PlanShown", "approval_reason", "approved_part", "known_plan", "plan_shown", "waiting_plan"]


@dataclass(frozen=True)
class PlanShown:
    """A plan that waits for a person.

    Attributes:
        approved: what approving it approves.
        rows: as `Plan.table` gives them, one dictionary per row.
        reason: why a person must look at it.
    """

    approved: Approved
    rows: tuple[dict[str, Any], ...]
    reason: str = ""

    @property
    def hash(self) -> str:
        """The plan's hash."""
        return self.approved.hash

    @property
    def counts(self) -> dict[str, int]:
        """What it does, in customers: `push create`, `pull update`, `link`, `unlink`, `push delete` and so on."""
        return dict(sorted(Counter(f"{one.direction} {one.action}".strip() for one in self.approved.customers).items()))


def approval_reason(setup: Setup, plan: Plan) -> str:
    """Why a person must approve this plan by the setup's rules; "" = nobody needs to."""
    rules = setup.approval
    writes = intended_count(plan)
    creates = sum(len(plan.of(direction, "create")) for direction in Direction)
    deletions = len(plan.deletions)
    if rules.required is ApprovalRequired.NEVER or not writes:
        return ""
    if rules.required is ApprovalRequired.ALWAYS:
        return "every plan needs an approval"
    reasons = (
        [f"{counted(creates, 'create is', 'creates are')} more than {rules.max_creates}"]
        if creates > rules.max_creates
        else []
    )
    # an account that goes weighs as much as one that comes
    reasons += [f"{deletions} deletions are more than {rules.max_creates}"] if deletions > rules.max_creates else []
    reasons += (
        [f"{counted(writes, 'write is', 'writes are')} more than {rules.max_writes}"]
        if writes > rules.max_writes
        else []
    )
    return " and ".join(reasons)


def waiting_plan(setup: Setup, run_id: str) -> str | None:
    """Hash of the plan that this run showed before its process ended; None if it showed none."""
    with opened_view(setup) as view:
        run = view.runs.show(run_id)
    return str(run["plan_hash"]) if run is not None and run["status"] == "waiting" and run["plan_hash"] else None


def plan_shown(setup: Setup, plan_hash: str, reason: str = "") -> PlanShown:
    """A plan that is kept, for showing.

    Raises:
        InputError: it is not kept any more.
    """
    with opened_view(setup) as view:
        stored = view.plans.get(plan_hash)
    if stored is None:
        raise InputError(f"The plan {plan_hash[:12]} is not kept any more.", hint="Start a new run.")
    document = orjson.loads(stored.document)
    return PlanShown(Approved.from_document(document), tuple(document["rows"]), reason)


def known_plan(run: Run, plan_hash: str) -> Approved:
    """What a plan of an earlier run intended.

    Args:
        plan_hash: the plan's hash, or its beginning.

    Raises:
        InputError: it is empty or no hash, no such plan is kept, or several begin like this.
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


def approved_part(
    plan: Plan, approved: Approved, left_out: Sequence[str] = (), by: str = ""
) -> tuple[Plan, tuple[Lost, ...]]:
    """The plan as it was approved, without what has changed since; and everything that it lost by that.

    Args:
        left_out: customers by number, Business Central id or `woo:ID`.
        by: who left them out.

    Raises:
        InputError: a name is not in the approved plan or not clear, or the plan deletes accounts and the approved one did not.
    """
    if plan.deletions and not approved.deletes:
        raise InputError(
            f"The plan {approved.hash[:12]} deletes nobody, and {counted(len(plan.deletions), 'account')} would be deleted now. "
            "Nothing was written.",
            hint="Leave out --delete-accounts, or look at the plan that has it (--dry-run --delete-accounts) and approve that.",
        )
    return restricted(plan, approved, keys_left_out(approved, left_out), by)
