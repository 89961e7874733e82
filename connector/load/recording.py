"""What a run remembers beside its writes: links, moved bases, and what waits for people."""

from __future__ import annotations

import zlib

import orjson

from connector.core.approval import approved_of
from connector.core.plan import Orphan, Plan
from connector.load.landing import put_bases
from connector.load.run import Run
from connector.store import Work

__all__ = ["record_findings", "record_links"]

_BATCH = 2000


def record_links(run: Run, plan: Plan) -> int:
    """Commit new links, changed numbers and bases on which both sides agree; needs no remote write.

    Returns:
        How many customers were linked.
    """
    gone = [orphan for orphan in plan.orphans if orphan.action != "report"]
    if plan.links or plan.renumbered or gone:
        with run.store.work(run.code) as work:
            work.describe(actor=run.actor, reason="synchronisation", run_id=run.run_id)
            for orphan in gone:
                _settle_orphan(work, orphan)
            work.mapping.link_many(
                MappingRow(link.bc_id, plan.numbers.get(link.bc_id, ""), link.webstore_id, True) for link in plan.links
            )
            for bc_id, number in plan.renumbered:
                work.mapping.renumber(bc_id, number)
    for start in range(0, len(plan.agreements), _BATCH):
        with run.store.work(run.code) as work:
            put_bases(run, work, plan.agreements[start : start + _BATCH])
        run.progress(
            "Recording what both sides agree on", min(start + _BATCH, len(plan.agreements)), len(plan.agreements)
        )
    return len(plan.links)


def record_findings(run: Run, plan: Plan, selected: frozenset[str | int] | None) -> None:
    """Remember what waits for people (conflicts, ambiguous customers, quarantine), and the plan itself.

    A full run replaces what earlier runs found, a selected one only what concerns its customers.
    """
    only = None if selected is None else {key for key in selected if isinstance(key, str)}
    with run.store.work(run.code) as work:
        work.conflicts.replace(
            [
                {
                    "bc_id": s.bc_id,
                    "bc_number": s.bc_number or "",
                    "webstore_id": s.webstore_id,
                    "field": s.field,
                    "base": s.base,
                    "webstore": s.webstore,
                    "business_central": s.business_central,
                }
                for s in plan.conflicts
            ],
            run_id=run.run_id,
            only_bc_ids=only,
        )
        if selected is None:
            work.quarantine.replace(
                [
                    {
                        "system": q.system,
                        "key": q.bc_number or (f"woo:{q.webstore_id}" if q.webstore_id else q.bc_id or ""),
                        "field": q.field,
                        "reason": q.reason,
                    }
                    for q in plan.quarantined
                ],
                run_id=run.run_id,
            )
        for bc_id, webstore_id, field in plan.spent_decisions:
            work.decisions.remove(bc_id, webstore_id, field)
        for orphan in plan.orphans:
            if orphan.erased:
                work.tombstones.add(bc_id=orphan.bc_id, webstore_id=orphan.webstore_id, reason="erased in the webstore")
        table = plan.table().astype(object)
        document = approved_of(plan).as_document() | {
            "rows": table.where(table.notna(), None).to_dict(orient="records")
        }
        work.plans.put(plan.hash, run_id=run.run_id, document=zlib.compress(orjson.dumps(document)))


def _settle_orphan(work: Work, orphan: Orphan) -> None:
    """A row whose customer has gone: without its link when the account is to be made anew, or gone itself."""
    if orphan.action == "recreate":
        work.mapping.set_webstore_id(orphan.bc_id, None)
    else:
        work.mapping.forget(orphan.bc_id)
