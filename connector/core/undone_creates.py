"""Customers that a run had created, when that run is undone: what becomes of each is part of the plan like any write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.core.customer import Direction

__all__ = ["DELETE", "KEEP", "UNLINK", "UndoneCreate"]

DELETE, UNLINK, KEEP = "delete", "unlink", "keep"


@dataclass(frozen=True, slots=True)
class UndoneCreate:
    """A customer that the undone run had created.

    Attributes:
        action: "delete" (the webstore account, and its link), "unlink" (the link only), or "keep" (nothing is done).
        direction: in which the customer was created; only a pushed one, an account, is ever deleted.
        held: what the created side holds, field by field; of one that is gone, what the run had left.
        reason: why this action.
    """

    action: str
    direction: Direction
    bc_id: str
    bc_number: str
    webstore_id: int
    held: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def identity(self) -> list[Any]:
        """What an approval of it covers. What an account holds counts only where it will be lost."""
        held = dict(self.held) if self.action == DELETE else {}
        return ["undo create", self.action, self.direction, self.bc_id, self.webstore_id, held]

    @property
    def digest(self) -> str:
        """16 hex digits of what is done: the same deletion in another plan has the same."""
        text = json.dumps(self.identity, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Its rows in the table of the plan: of a deletion one for each value that will be lost."""
        who = (self.bc_number, self.webstore_id)
        if self.action == DELETE:
            lost = [(name, value) for name, value in self.held.items() if value] or [("", "")]
            return [(DELETE, str(self.direction), *who, name, "", value, "", None, self.reason) for name, value in lost]
        return [(self.action, "", *who, "", "", "", "", None, self.reason)]
