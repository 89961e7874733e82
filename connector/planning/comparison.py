"""From what was read to the plan, with what the store knows.

A single partition knows everybody, and is compared as it is. Several are decided about one by one, and whoever waits for a
counterpart, lot by lot (leftovers.py), so that memory holds a part of the customers at a time, on one machine or several; the
plan is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connector.core.across_partitions import WHO, Leftover, gathered, leftover_of
from connector.core.comparison import compare
from connector.core.linked_pairs import Part, decide_pairs
from connector.core.mapping_join import pair
from connector.core.plan import Plan
from connector.core.updates import Decisions
from connector.extract.extraction import MAPPING
from connector.extract.job import Job, Mapper, bases_in, extracts_in
from connector.extract.missing import Missing
from connector.planning.knowledge import Gone, known_in
from connector.planning.leftovers import plan_of_leftovers
from connector.run.run import Run
from connector.store import View

__all__ = ["compare_customers"]

# a copy of a database may lag longer than a server works on one request
_SETTLING = 20


@dataclass(frozen=True)
class Decided:
    """What became of a partition: decisions about its pairs, and what is left."""

    part: Part
    leftover: Leftover


def compare_customers(run: Run, job: Job, missing: Missing, mapper: Mapper, *, remembers: bool = True) -> Plan:
    """Join, match and merge; what to write is in the plan, and nothing is written in either system.

    Args:
        remembers: what several partitions have settled is remembered at once, so that it need not be kept; False = the store
            is only read.
    """
    job = replace(job, gone_back=missing.gone_back, kept_out=missing.kept_out)
    if job.alone:
        webstore, business_central, mapping = extracts_in(job, 0)
        known = known_in(job, mapping, bases_in(job, 0), _gone(run, missing))
        return compare(webstore, business_central, known, job.terms)
    done, leftovers = Part(), []
    for ready, decided in enumerate(mapper(decide_in, job), start=1):
        if remembers:
            with run.store.work(run.code) as work:
                work.bases.saw(decided.part.settled)
                work.bases.sight(decided.part.sighted)
        done = _added(done, decided.part)
        leftovers.append(decided.leftover)
        run.progress("Comparing partitions", ready, job.partitions.count)
    plan = plan_of_leftovers(job, done, gathered(leftovers), _gone(run, missing), mapper, run.progress)
    return replace(plan, settled=None, sighted=None)


def decide_in(job: Job, number: int) -> Decided:
    """Decide about the pairs of a partition. Where the mapping table names nobody, nothing but who is there is read."""
    nobody = not job.partitions.read(MAPPING, number).num_rows
    webstore, business_central, mapping = extracts_in(job, number, WHO if nobody else None)
    known = known_in(job, mapping, bases_in(job, number))
    pairing = pair(mapping, webstore.raw, business_central.raw)
    part = Part() if nobody else decide_pairs(pairing, webstore, business_central, known, job.terms)
    return Decided(part, leftover_of(number, pairing, webstore, business_central, known, job.terms))


def _gone(run: Run, missing: Missing) -> Gone:
    """What only all partitions together know: who is gone."""
    with run.store.view(run.code) as view:
        young = _young_pairs(run, view, missing)
    policy = str(run.setup.synchronization.policies.orphan)
    return Gone(missing.gone_webstore, missing.gone_business_central, policy, young)


def _young_pairs(run: Run, view: View, missing: Missing) -> frozenset[str]:
    """Business Central ids of the gone pairs whose base moved a moment ago (some times [synchronization] settle_seconds): that is
    when this pipeline created or wrote one of the two."""
    if not missing.gone_webstore and not missing.gone_business_central:
        return frozenset()
    rows = view.mapping.rows_by_webstore_id(missing.gone_webstore).values()
    bases = view.bases.read({row.bc_id for row in rows} | missing.gone_business_central)
    since = datetime.now(UTC) - timedelta(seconds=_SETTLING * run.setup.synchronization.settle_seconds)
    return frozenset(bases.loc[bases["updated_at"] > since, "bc_id"])


def _added(done: Part, more: Part) -> Part:
    decisions = Decisions()
    for part in (done, more):
        decisions.extend(part.decisions)
    return Part(decisions, done.pairs + more.pairs, (*done.spent, *more.spent))
