"""What a run remembers beside its writes: links, moved bases, and what waits for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import orjson
import pyarrow as pa

from connector.core.approval import approved_of
from connector.core.customer import Direction, Side
from connector.core.customer_key import customer_key
from connector.core.many import in_pieces
from connector.core.matching import Ambiguity, Match
from connector.core.plan import Orphan, Plan
from connector.extract.keeping import forget_extracts
from connector.load.bases import put_bases
from connector.load.recheck import same_value
from connector.run.run import Run
from connector.store import ChangedValue, MappingRow, QuarantinedField, StandingConflict, StandingSuggestion, Work

__all__ = ["record_findings", "record_links", "record_plan", "standing_conflicts"]

_BATCH = 2000
_LINKS = 50_000
# ambiguous customers that could be more pairs than these are only counted
MOST_PAIRS = 25


def record_links(run: Run, plan: Plan) -> int:
    """Commit new links, changed numbers and bases on which both sides agree; needs no remote write.

    What somebody has edited in the mapping table since the plan was made stays as it is.

    Returns:
        How many customers were linked.
    """
    gone = [orphan for orphan in plan.orphans if orphan.action != "report"]
    linked = 0
    if plan.links or plan.renumbered or gone:
        with run.store.work(run.code) as work:
            work.describe(actor=run.actor, reason="synchronisation", run_id=run.run_id)
            for orphan in gone:
                _settle_orphan(work, orphan)
            rejected, taken = work.mapping.rejections(), set()
            for some in in_pieces(plan.links, _LINKS):
                links = _still_free(work, some, rejected)
                work.mapping.link_many(MappingRow(link.bc_id, link.bc_number, link.webstore_id, True) for link in links)
                linked += len(links)
                taken |= {(link.bc_id, link.webstore_id) for link in some} - {(x.bc_id, x.webstore_id) for x in links}
            for table in plan.linked:
                work.bases.sight(_without_pairs(table, taken), anew=True)
            for bc_id, number in plan.renumbered:
                if work.mapping.row(bc_id=bc_id) is not None:
                    work.mapping.renumber(bc_id, number)
    done = 0
    for agreements in in_pieces(plan.agreements, _BATCH):
        with run.store.work(run.code) as work:
            put_bases(run, work, agreements)
        done += len(agreements)
        run.progress("Recording what both sides agree on", done, len(plan.agreements))
    return linked


def _still_free(work: Work, links: Sequence[Match], rejected: Collection[tuple[str, int]]) -> list[Match]:
    """The links of whose customers nobody was linked to somebody else, or said that they are not the same."""
    rows = work.mapping.rows_by_bc_id(link.bc_id for link in links)
    linked_c = {bc_id for bc_id, row in rows.items() if row.webstore_id is not None}
    linked_w = work.mapping.rows_by_webstore_id(link.webstore_id for link in links).keys()
    return [
        link
        for link in links
        if link.bc_id not in linked_c
        and link.webstore_id not in linked_w
        and (link.bc_id, link.webstore_id) not in rejected
    ]


def record_findings(run: Run, plan: Plan, selected: frozenset[str | int] | None) -> None:
    """Remember what waits for people (conflicts, ambiguous customers, quarantine), who has not moved, and the plan itself.

    A full run replaces what earlier runs found, a selected one only what concerns its customers: also under the other id that
    they got by being linked just now.
    """
    if selected is not None:
        pairs: list[frozenset[str | int]] = [frozenset((link.bc_id, link.webstore_id)) for link in plan.links]
        selected = selected.union(*(pair for pair in pairs if not selected.isdisjoint(pair)))
    only = None if selected is None else {key for key in selected if isinstance(key, str)}
    with run.store.work(run.code) as work:
        work.conflicts.replace(standing_conflicts(run, plan), only_bc_ids=only)
        work.quarantine.replace(
            (
                QuarantinedField(q.system, customer_key(q.bc_id, q.webstore_id), q.field, q.reason, run.run_id)
                for q in plan.quarantined
            ),
            only_keys=None if selected is None else _keys(selected),
        )
        work.suggestions.replace(_suggestions(plan.ambiguous), only_bc_ids=only)
        # a dry run may be under other flags: it forgets nothing that somebody said
        for bc_id, webstore_id, field in plan.spent_decisions if not run.dry_run else ():
            work.decisions.remove(bc_id, webstore_id, field)
        for orphan in plan.orphans if not run.dry_run else ():
            if orphan.erased:
                work.tombstones.add(orphan.bc_id, orphan.webstore_id, "erased in the webstore")
                work.directory.remove([orphan.bc_id], [orphan.webstore_id] if orphan.webstore_id is not None else [])
        if plan.settled is not None:
            work.bases.saw(plan.settled)
        if plan.sighted is not None:
            work.bases.sight(plan.sighted)
        work.changes.replace(changed_values(run, plan), only_bc_ids=only)
        _put_plan(work, run, plan)
    if not run.dry_run and any(orphan.erased for orphan in plan.orphans):
        forget_extracts(run)


def record_plan(run: Run, plan: Plan) -> None:
    """Remember a plan, so that it can be approved by its hash."""
    with run.store.work(run.code) as work:
        _put_plan(work, run, plan)


def _put_plan(work: Work, run: Run, plan: Plan) -> None:
    table = plan.table().astype(object)
    rows = table.where(table.notna(), None).to_dict(orient="records")
    document = orjson.dumps(approved_of(plan).as_document() | {"rows": rows})
    work.plans.put(plan.hash, document, {"writes": len(plan.writes), "links": len(plan.links)}, run_id=run.run_id)


def standing_conflicts(run: Run, plan: Plan) -> list[StandingConflict]:
    """The plan's conflicts as the store keeps them."""
    return [
        StandingConflict(
            s.bc_id or "",
            s.bc_number or "",
            s.webstore_id or 0,
            s.field,
            s.base,
            s.webstore,
            s.business_central,
            run.run_id,
        )
        for s in plan.conflicts
    ]


def changed_values(run: Run, plan: Plan) -> Iterator[ChangedValue]:
    """What differs from the base, side by side: what the plan leaves as it is, and what it would write, since a write may fail,
    wait for an approval, or carry a value that the other side cannot keep."""
    by_name = run.rules.fields.by_name
    updates = (plan.of(direction, "update") for direction in Direction)
    for write in chain(*updates, plan.held, plan.left_out):
        if write.operation != "update" or write.bc_id is None or write.webstore_id is None:
            continue
        source = str(write.direction.target.other)
        for change in write.changes:
            if change.field in by_name and change.base is not None and change.field not in write.both_sides:
                yield ChangedValue(write.bc_id, write.webstore_id, change.field, source, change.after, run.run_id)
    for s in plan.standing:
        rule = by_name.get(s.field)
        if rule is None or s.bc_id is None or s.webstore_id is None or s.base is None:
            continue
        for side, value in ((Side.WEBSTORE, s.webstore), (Side.BUSINESS_CENTRAL, s.business_central)):
            if not same_value(run, s.field, value, s.base):
                yield ChangedValue(s.bc_id, s.webstore_id, s.field, str(side), value, run.run_id)


def _without_pairs(rows: pa.Table, pairs: Collection[tuple[str, int]]) -> pa.Table:
    if not pairs:
        return rows
    keys = zip(rows["bc_id"].to_pylist(), rows["webstore_id"].to_pylist(), strict=True)
    return rows.filter(pa.array([key not in pairs for key in keys], pa.bool_()))


def _keys(selected: frozenset[str | int]) -> set[str]:
    return {customer_key(key, None) if isinstance(key, str) else customer_key(None, key) for key in selected}


def _suggestions(ambiguities: Iterable[Ambiguity]) -> list[StandingSuggestion]:
    """The pairs that ambiguous customers could be; a crowd behind one mailbox is no list of suggestions."""
    found: dict[tuple[str, int], StandingSuggestion] = {}
    for ambiguity in ambiguities:
        if len(ambiguity.bc_ids) * len(ambiguity.webstore_ids) > MOST_PAIRS:
            continue
        evidence: dict[str, Any] = {**ambiguity.evidence, "reason": ambiguity.reason}
        if ambiguity.contradictions:
            evidence["against"] = "; ".join(ambiguity.contradictions.values())
        elif ambiguity.unique:
            evidence["plain"] = True
        for bc_id in ambiguity.bc_ids:
            for webstore_id in ambiguity.webstore_ids:
                found.setdefault(
                    (bc_id, webstore_id), StandingSuggestion(bc_id, webstore_id, ambiguity.rung, evidence=evidence)
                )
    return list(found.values())


def _settle_orphan(work: Work, orphan: Orphan) -> None:
    """A row whose customer has gone: without its link when the account is to be made anew, or gone itself."""
    row = work.mapping.row(bc_id=orphan.bc_id)
    if row is None or row.webstore_id != orphan.webstore_id:
        return  # somebody was faster
    if orphan.action == "recreate":
        work.mapping.set_webstore_id(orphan.bc_id, None)
    else:
        work.mapping.forget(orphan.bc_id)
