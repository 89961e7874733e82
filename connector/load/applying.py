"""Plans that were made before: kept by their hash, approved, and applied as far as they still hold."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from connector.core.approval import Approved, restricted
from connector.core.plan import Plan
from connector.errors import InputError
from connector.load.run import Run

__all__ = ["approved_part", "known_plan"]


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
