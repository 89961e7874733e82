"""Runs that read less: between two reads of everybody, those who may have changed since a run looked last.

The webstore cannot be asked who has changed (decision 1): its webhooks say so, and start runs of their own. Business Central can
be asked. Besides both, whoever was edited in the mapping table or decided about is looked at. Where anything else may have
happened (other rules or settings, a run that was not done with all of its customers, a delivery that nothing could be done
about), everybody is read: whoever was left is found by that. What webhooks miss is found by the next full read, and counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from connector.core import business_central_customer
from connector.core.counting import counted
from connector.core.customer import Direction
from connector.core.customer_key import customer_key
from connector.core.identity import marks_shown
from connector.core.plan import Plan
from connector.extract.asking_once import note_cards
from connector.extract.hidden_cards import OVERLAP_SECONDS, company_seen_until
from connector.extract.sifting import sift
from connector.run.run import Run
from connector.store import EVERYTHING, LEFT_TO_THE_SCHEDULE, RUNS_OVER_ALL, NotedChange, View
from connector.store.columns import now

__all__ = ["Changes", "Everybody", "Look", "changed_customers", "count_missed", "look", "note_look", "why_everybody"]

_NAME = "changes looked at"
_MISSED = "missed"


class Everybody(StrEnum):
    """Why a scheduled run reads everybody though it may read less."""

    UNFINISHED = "the last run over all customers did not do all that there was to do"
    DUE = "it is time to"
    OTHER_RULES = "setup or rules have changed"
    LEFT = "webhooks have left customers to it"
    NOT_DONE = "a run was not done with all of its customers"
    WENT_BACK = "what was the newest on one side is gone; was that side restored?"
    MANY = "more customers may have changed than a selected run takes"


@dataclass(frozen=True)
class Looked:
    """How far the runs have looked.

    Attributes:
        company: the id of the company.
        seen_until: the latest change in Business Central that was seen.
        account, marks: the newest account, and its marks as a number; null = the webstore does not tell them.
        version: of the mapping table, when the last run began to look.
        settings: digest of the rules and of what the setup says of customers.
        full_run: the run that has read everybody last.
    """

    company: str
    seen_until: str
    account: int
    marks: int | None
    version: int
    settings: str
    full_run: str


@dataclass(frozen=True)
class Look:
    """What is asked before a run looks at anybody: the mapping table's version, the newest accounts (id → user name and moment
    of registration), and the changes that webhooks have started runs for."""

    version: int
    accounts: Mapping[int, tuple[str, str]]
    handed: Sequence[NotedChange]


@dataclass(frozen=True)
class Changes:
    """Who may have changed.

    Attributes:
        customers: names for a selected run, of customers that were there just now; None = everybody is to be read, for `why`.
        seen_until: the latest change in Business Central that was seen.
    """

    customers: tuple[str, ...] | None
    seen_until: str = ""
    why: Everybody | None = None


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


def look(run: Run) -> Look:
    """Ask for what a later run begins with."""
    with run.store.view(run.code) as view:
        version, handed = view.mapping.version(), view.webhooks.handed()
    return Look(version, run.webstore.newest_accounts(), handed)


def changed_customers(run: Run, looking: Look) -> Changes:
    """Who may have changed since a run looked last.

    Raises:
        RemoteTrouble, SetupError: they cannot be read.
    """
    with run.store.view(run.code) as view:
        known = _known(view)
        if known is None:
            return Changes(None, why=Everybody.UNFINISHED)
        edited = set(view.mapping.diff(known.version, looking.version)["bc_id"])
        keys = {change.key for change in (*view.webhooks.changes(), *looking.handed)} - {EVERYTHING}
        keys |= {f"bc:{bc_id}" for bc_id in edited | {row["bc_id"] for row in view.decisions.rows()}}
        keys |= _not_written(view)

    def keep(records: list[dict[str, Any]]) -> None:
        keys.update(f"bc:{str(record['id']).lower()}" for record in records)
        if len(keys) <= run.setup.webhooks.selected_at_most:  # else everybody is read anyway
            note_cards(run, records)

    select = business_central_customer.api_fields(run.rules.fields)
    census = run.business_central.read_customers(
        keep, select=select, changed_since=known.seen_until, overlap_seconds=OVERLAP_SECONDS
    )
    until = census.watermark or ""
    if not until or _moment(until) < _moment(known.seen_until) or _is_older(looking.accounts, known):
        return Changes(None, why=Everybody.WENT_BACK)
    if looking.accounts and min(looking.accounts) > known.account:
        return Changes(None, why=Everybody.MANY)
    # somebody who registers is not left to the hooks alone
    keys |= {customer_key(None, account) for account in looking.accounts if account > known.account}
    chosen = sift(run, keys, run.setup.webhooks.selected_at_most).customers
    return Changes(chosen, until, None if chosen is not None else Everybody.MANY)


def note_look(run: Run, looking: Look, seen_until: str = "") -> None:
    """Keep how far a completed run has looked.

    Args:
        looking: as `look` gave it before.
        seen_until: of a run of the changed ones; "" = this run has read everybody.
    """
    with run.store.work(run.code) as work:
        before = _known(work)
        work.webhooks.looked_at(looking.handed)
        until = seen_until or company_seen_until(work)
        if not until or not looking.accounts or (seen_until and before is None):
            work.watermarks.remove(_NAME)
            return
        # a clock that was wrong once must not hide what is changed until then
        until = min(until, now().isoformat(), key=_moment)
        newest = max(looking.accounts)
        looked = Looked(
            company=run.business_central.company_id, seen_until=until, account=newest,
            marks=marks_shown(*looking.accounts[newest])[0], version=looking.version, settings=_settings(run),
            full_run=before.full_run if seen_until and before else run.run_id,
        )  # fmt: skip
        work.watermarks.set(_NAME, orjson.dumps(asdict(looked)).decode())


def count_missed(run: Run, plan: Plan) -> None:
    """Say and count how many accounts a full read has found changed of which no webhook had told.

    A hook that is still on its way counts as missed, too.
    """
    with run.store.view(run.code) as view:
        told = {change.key for change in (*view.webhooks.changes(), *view.webhooks.handed())}
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


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_older(accounts: Mapping[int, tuple[str, str]], known: Looked) -> bool:
    """Whether the account that was the newest is not among them, or is somebody else: a restored shop gives an id anew."""
    if known.account in accounts:
        return marks_shown(*accounts[known.account])[0] != known.marks
    return not accounts or min(accounts) < known.account


def _not_written(view: View) -> set[str]:
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
    shop, company = run.setup.webstore, run.setup.business_central
    places = [shop.url, shop.customer_role_filter, company.base_url, company.company]
    return hashlib.sha256(f"{run.rules.digest} {parts} {places}".encode()).hexdigest()[:16]
