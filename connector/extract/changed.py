"""Runs that read less: between two reads of everybody, those who may have changed since a run looked last.

The webstore cannot be asked who has changed (decision 1): its webhooks say so, and start runs of their own. Business Central can
be asked. Besides both, whoever was edited in the mapping table or decided about is looked at. Where anything else may have
happened (other rules or settings, a run that was not done with all of its customers, a delivery that nothing could be done
about), everybody is read: whoever was left is found by that. What webhooks miss is found by the next full read, and counted.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from connector.core.counting import counted
from connector.core.customer import Direction
from connector.core.customer_key import customer_key
from connector.core.plan import Plan
from connector.extract.hidden_cards import OVERLAP_SECONDS, company_seen_until
from connector.extract.sifting import sift
from connector.run.run import Run
from connector.store import EVERYTHING, LEFT_TO_THE_SCHEDULE, RUNS_OVER_ALL, View
from connector.store.columns import now

__all__ = ["Everybody", "changed_customers", "count_missed", "looked_until", "note_look", "why_everybody"]

_NAME = "changes looked at"
_MISSED = "missed"


class Everybody(StrEnum):
    """Why a scheduled run reads everybody though it may read less."""

    UNFINISHED = "the last run over all customers did not do all that there was to do"
    DUE = "it is time to"
    OTHER_RULES = "setup or rules have changed"
    LEFT = "webhooks have left customers to it"
    NOT_DONE = "a run was not done with all of its customers"
    MANY = "more customers may have changed than a selected run takes"


@dataclass(frozen=True)
class Looked:
    """How far the runs have looked.

    Attributes:
        company: the id of the company.
        seen_until: the latest change in Business Central that was seen.
        version: of the mapping table, when the last run began to look.
        settings: digest of the rules and of what the setup says of customers.
        full_run: the run that has read everybody last.
    """

    company: str
    seen_until: str
    version: int
    settings: str
    full_run: str


def why_everybody(run: Run) -> Everybody | None:
    """Why a scheduled run must read everybody; None = those who may have changed are enough."""
    hours = run.setup.synchronization.hours_between_full_reads
    with run.store.view(run.code) as view:
        last, known, counters = view.runs.last_full(besides=run.run_id), _known(view), view.webhooks.counters()
        left = last is not None and view.runs.left_somebody(last["started_at"], besides=run.run_id)
    if last is None or known is None or last["run_id"] != known.full_run:
        return Everybody.UNFINISHED
    if not timedelta(0) <= now() - last["started_at"] < timedelta(hours=hours):
        return Everybody.DUE
    if known.settings != _settings(run) or known.company != run.business_central.company_id:
        return Everybody.OTHER_RULES
    if any(
        counters[name][1] >= last["started_at"] for name in (LEFT_TO_THE_SCHEDULE, RUNS_OVER_ALL) if name in counters
    ):
        return Everybody.LEFT
    return Everybody.NOT_DONE if left else None


def looked_until(run: Run) -> int:
    """The mapping table's version, to be asked before a run looks at anybody."""
    with run.store.view(run.code) as view:
        return view.mapping.version()


def changed_customers(run: Run) -> tuple[tuple[str, ...] | None, str]:
    """Who may have changed since a run looked last.

    Returns:
        Names for a selected run, of customers that were there just now; None = too many, everybody is to be read. And the
        latest change in Business Central that was seen.

    Raises:
        RemoteTrouble, SetupError: they cannot be read.
    """
    with run.store.view(run.code) as view:
        known = _known(view)
        assert known is not None  # noqa: S101 - why_everybody has seen it
        edited = set(view.mapping.diff(known.version, view.mapping.version())["bc_id"])
        keys = {change.key for change in view.webhooks.changes()} - {EVERYTHING}
        keys |= {f"bc:{bc_id}" for bc_id in edited | {row["bc_id"] for row in view.decisions.rows()}}
        keys |= _released(view)

    def keep(records: list[dict[str, Any]]) -> None:
        keys.update(f"bc:{str(record['id']).lower()}" for record in records)

    census = run.business_central.read_customers(
        keep, select=["id"], changed_since=known.seen_until, overlap_seconds=OVERLAP_SECONDS
    )
    seen = [moment for moment in (known.seen_until, census.watermark) if moment]
    return sift(run, keys, run.setup.webhooks.selected_at_most).customers, max(seen, key=datetime.fromisoformat)


def note_look(run: Run, version: int, seen_until: str | None = None) -> None:
    """Keep how far a completed run has looked.

    Args:
        version: as `looked_until` gave it before.
        seen_until: of a run of the changed ones; None = this run has read everybody.
    """
    with run.store.work(run.code) as work:
        before = _known(work)
        everybody = seen_until is None
        until = company_seen_until(work) if everybody else seen_until
        if not until or (not everybody and before is None):
            work.watermarks.remove(_NAME)
            return
        # a clock that was wrong once must not hide what is changed until then
        until = min(until, datetime.now(UTC).isoformat(), key=datetime.fromisoformat)
        full_run = run.run_id if everybody or before is None else before.full_run
        looked = Looked(run.business_central.company_id, until, version, _settings(run), full_run)
        work.watermarks.set(_NAME, orjson.dumps(asdict(looked)).decode())


def count_missed(run: Run, plan: Plan) -> None:
    """Say and count how many accounts a full read has found changed of which no webhook had told.

    A hook that is still on its way counts as missed, too.
    """
    with run.store.view(run.code) as view:
        told = {change.key for change in view.webhooks.changes()}
    changed = {customer_key(None, write.webstore_id) for write in plan.of(Direction.PULL) if write.webstore_id}
    run.missed_by_webhooks = len(changed - told)
    if not run.missed_by_webhooks:
        return
    run.warnings.append(
        f"Of {counted(run.missed_by_webhooks, 'account')} that had changed since everybody was read last no webhook had told. "
        "Look at customer-sync webhooks list; where many are missed, read everybody more often (hours_between_full_reads)."
    )
    with run.store.work(run.code) as work:
        work.webhooks.count({_MISSED: run.missed_by_webhooks})


def _known(view: View) -> Looked | None:
    text = view.watermarks.get(_NAME)
    return Looked(**orjson.loads(text)) if text else None


def _released(view: View) -> set[str]:
    """Customers of whom a write failed, and no later one succeeded: also those whose hold somebody has released."""
    return {
        row["key"]
        for row in view.holds.rows()
        if not row["on_hold"]
        and row["last_failed_at"]
        and not (row["last_synchronized_at"] and row["last_synchronized_at"] >= row["last_failed_at"])
    }


def _settings(run: Run) -> str:
    """Whatever decides what is done about a customer whose values stay as they are."""
    parts = run.setup.model_dump_json(include={"synchronization", "accounts", "matching", "templates", "approval"})
    return hashlib.sha256(f"{run.rules.digest} {parts}".encode()).hexdigest()[:16]
