"""Applying exactly an approved plan: what the new plan still has in common with it; whatever has changed since is dropped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.core.plan import Plan

__all__ = ["Approved", "approved_of", "restricted"]


@dataclass(frozen=True)
class Approved:
    """What was approved: the digests of writes, the links, and the rows that were to be unlinked or recreated."""

    hash: str
    writes: frozenset[str]
    links: frozenset[tuple[str, int]]
    orphans: frozenset[tuple[str, str]]

    def as_document(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "hash": self.hash,
            "writes": sorted(self.writes),
            "links": sorted(list(link) for link in self.links),
            "orphans": sorted(list(orphan) for orphan in self.orphans),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Approved:
        """The inverse of `as_document`."""
        return cls(
            hash=str(document["hash"]),
            writes=frozenset(document["writes"]),
            links=frozenset((str(bc_id), int(webstore_id)) for bc_id, webstore_id in document["links"]),
            orphans=frozenset((str(action), str(bc_id)) for action, bc_id in document["orphans"]),
        )


def approved_of(plan: Plan) -> Approved:
    """What approving this plan approves."""
    return Approved(
        plan.hash,
        frozenset(write.digest for write in plan.writes),
        frozenset((link.bc_id, link.webstore_id) for link in plan.links),
        frozenset((orphan.action, orphan.bc_id) for orphan in plan.orphans),
    )


def restricted(plan: Plan, approved: Approved, left_out: Collection[str] = ()) -> tuple[Plan, int]:
    """The part of a new plan that was approved.

    Args:
        left_out: customers (number, Business Central id or `woo:ID`) that were approved not to be written.

    Returns:
        The plan, and how many approved writes and links it does not have any more (or that were left out).
    """
    out = {name.lower() for name in left_out}
    numbers = plan.numbers
    links = tuple(
        link
        for link in plan.links
        if (link.bc_id, link.webstore_id) in approved.links
        and not out & {numbers.get(link.bc_id, "").lower(), link.bc_id, f"woo:{link.webstore_id}"}
    )
    # a pair that is not linked after all must not be written as one
    unlinked = {(link.bc_id, link.webstore_id) for link in plan.links if link not in links}
    kept = tuple(
        write
        for write in plan.writes
        if write.digest in approved.writes
        and (write.bc_id, write.webstore_id) not in unlinked
        and not out & {str(write.bc_number).lower(), str(write.bc_id), f"woo:{write.webstore_id}"}
    )
    orphans = tuple(
        orphan
        if (orphan.action, orphan.bc_id) in approved.orphans
        and not out & {orphan.bc_number.lower(), orphan.bc_id, f"woo:{orphan.webstore_id}"}
        else replace(orphan, action="report")
        for orphan in plan.orphans
    )
    agreements = tuple(one for one in plan.agreements if (one.bc_id, one.webstore_id) not in unlinked)
    dropped = len(approved.writes) - len(kept) + len(approved.links) - len(links)
    return replace(plan, writes=kept, links=links, orphans=orphans, agreements=agreements), dropped
