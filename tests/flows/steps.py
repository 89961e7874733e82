"""The steps of the flows in their order, one after the other and without Prefect: a run takes a tenth of a second.

tests/flows/test_same_steps.py holds them against the flows: the same requests, the same plan, the same store.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.core.approval import Approved, Lost
from connector.core.customer import Direction, Side
from connector.core.plan import Plan
from connector.load.applying import approval_reason, approved_part, known_plan
from connector.load.breaking import stop_on_extracts, stop_on_plan
from connector.load.deciding import decide_run, table_from
from connector.load.extraction import (
    Extraction,
    read_all,
    read_company,
    read_company_countries,
    read_missing,
    read_selected,
)
from connector.load.late import find_late_writes
from connector.load.naming import checked_wish, keys_left_out
from connector.load.opening import Opened, open_run
from connector.load.partitioned import (
    confirm_partitions,
    decide_partitions,
    in_threads,
    job_of,
    land_known,
    places,
    validate_partitions,
)
from connector.load.partitions import partitions_at
from connector.load.pull import pull
from connector.load.push import push
from connector.load.recording import record_findings, record_links, record_plan
from connector.load.recovery import recover
from connector.load.run import LoadResult, Run
from connector.load.summary import summary_of
from connector.load.undo import created_rows, plan_undo, unlink_created
from connector.load.validating import stops_of, validate_customers, validate_plan
from connector.setup import Setup

__all__ = ["Done", "synchronize", "undo"]

# refused requests are sent again at once: tests wait for nothing
BACKOFF = 0.001


def _nothing() -> None:
    return


@dataclass(frozen=True)
class Done:
    """What a run gave back; `waiting` says why its plan needs an approval ("" = the run is done)."""

    summary: dict[str, Any]
    plan: Plan
    waiting: str = ""
    created: list[dict[str, Any]] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self.summary["run_id"])


def synchronize(
    setup: Setup,
    customers: Sequence[str] = (),
    *,
    dry_run: bool = False,
    scheduled: bool = False,
    actor: str = "the office",
    approved_plan: str | None = None,
    leave_out: Sequence[str] = (),
    run_id: str = "",
    when_read: Callable[[], None] = _nothing,
    when_planned: Callable[[], None] = _nothing,
    page_size: int = 20_000,
    partitions: int = 0,
    side_by_side: bool = False,
) -> Done:
    """As flows/synchronize_customers.py.

    Args:
        customers: of a selected run; none = all.
        page_size: Business Central customers a page.
        partitions: of a run over all customers: into how many they are divided; 0 = they are not.
        side_by_side: read both systems at the same time, as the flows do; tests want the same order of requests every time.
        when_read: called when both systems and the mapping table have been read (not in a run over partitions).
        when_planned: called when everything has been read and decided, before anything is written.
    """
    checked_wish(approved_plan, leave_out)
    mode = "selected" if customers else "all"
    with _opened(setup, mode, dry_run, scheduled, actor, run_id, page_size) as opened:
        run = opened.run
        approved = _approved(run, approved_plan, leave_out)
        plan, webstore, business_central, selected = (
            _decided_in_parts(run, partitions, approved is not None)
            if partitions
            else _decided(run, customers, approved is not None, side_by_side, when_read)
        )
        plan, findings = validate_plan(run, plan, selected=selected is not None)
        stops_of(findings)
        lost: tuple[Lost, ...] = ()
        if approved is not None:
            plan, lost = approved_part(plan, approved, leave_out, actor)
        record_findings(run, plan, selected)
        waiting = "" if run.dry_run or approved is not None else approval_reason(run.setup, plan)
        extracted = {"webstore": webstore.rows, "business_central": business_central.rows}
        asked = approved is not None or bool(waiting)
        stop_on_plan(run, plan, extracted, selected=selected is not None, approved=asked)
        when_planned()
        results = {} if run.dry_run or waiting else _load(run, plan)
        opened.summary = summary_of(run, plan, results, extracted, opened.seconds, opened.mode, lost)
        opened.summary |= {"validated": run.validated}
        opened.summary |= {"dropped_from_plan": len(lost)} if approved is not None else {}
        opened.status = "waiting" if waiting else "stopped" if opened.summary["stopped"] else "completed"
        return Done(opened.summary, plan, waiting)


def undo(
    setup: Setup,
    undone_run: str,
    *,
    dry_run: bool = False,
    delete_accounts: bool = False,
    approved_plan: str | None = None,
    leave_out: Sequence[str] = (),
    actor: str = "the office",
    run_id: str = "",
    when_planned: Callable[[], None] = _nothing,
) -> Done:
    """As flows/undo_run.py."""
    checked_wish(approved_plan, leave_out)
    with _opened(setup, "undo", dry_run, False, actor, run_id) as opened:
        run = opened.run
        approved = _approved(run, approved_plan, leave_out)
        plan = plan_undo(run, undone_run, delete_accounts=delete_accounts)
        lost: tuple[Lost, ...] = ()
        if approved is not None:
            plan, lost = approved_part(plan, approved, leave_out, actor)
        record_plan(run, plan)
        waiting = "" if run.dry_run or approved is not None else approval_reason(run.setup, plan)
        nothing_read = {"webstore": 0, "business_central": 0}
        asked = approved is not None or bool(waiting)
        stop_on_plan(run, plan, nothing_read, selected=True, approved=asked, command=f"runs undo {undone_run}")
        when_planned()
        results: dict[Direction, LoadResult] = {}
        told = created_rows(plan)
        if not run.dry_run and not waiting:
            results = _write(run, plan, [d for d in Direction if plan.of(d)])
            if plan.undone_creates:
                told = unlink_created(run, plan, results.setdefault(Direction.PUSH, LoadResult()))
        opened.summary = summary_of(run, plan, results, nothing_read, opened.seconds, "undo", lost)
        opened.summary |= {"dropped_from_plan": len(lost)} if approved is not None else {}
        opened.status = "waiting" if waiting else "stopped" if opened.summary["stopped"] else "completed"
        return Done(opened.summary, plan, waiting, told)


def _approved(run: Run, approved_plan: str | None, leave_out: Sequence[str]) -> Approved | None:
    """As flows/passes.py."""
    if approved_plan is None:
        return None
    approved = known_plan(run, approved_plan)
    keys_left_out(approved, leave_out)
    return approved


def _opened(
    setup: Setup, mode: str, dry_run: bool, scheduled: bool, actor: str, run_id: str, page_size: int = 20_000
) -> Any:
    trigger = "scheduled" if scheduled else "manual"
    return _Opening(setup, mode, dry_run, trigger, actor, run_id or str(uuid.uuid4()), page_size)


class _SmallPages(BusinessCentralClient):
    """A client that asks for pages of any size, so that a small company has several."""

    page_size = 20_000

    def read_customers(self, keep: Any, **how: Any) -> Any:
        return super().read_customers(keep, page_size=self.page_size, **how)


class _Opening:
    """An open run with clients that do not wait, its interrupted predecessors settled."""

    def __init__(
        self, setup: Setup, mode: str, dry_run: bool, trigger: str, actor: str, run_id: str, page_size: int
    ) -> None:
        self._page_size = page_size
        self._run = open_run(setup, run_id=run_id, mode=mode, trigger=trigger, actor=actor, dry_run=dry_run)

    def __enter__(self) -> Opened:
        opened = self._run.__enter__()
        run = opened.run
        run.close()
        run.webstore = WooCommerceClient(run.setup.webstore, backoff=BACKOFF)
        run.business_central = _SmallPages(run.setup.business_central, backoff=BACKOFF)
        run.business_central.page_size = self._page_size
        try:
            if not run.dry_run:
                recover(run)
                find_late_writes(run)
        except BaseException as error:
            self._run.__exit__(type(error), error, error.__traceback__)
            raise
        return opened

    def __exit__(self, *error: Any) -> bool | None:
        return self._run.__exit__(*error)


def _decided(
    run: Run, customers: Sequence[str], approved: bool, side_by_side: bool, when_read: Callable[[], None]
) -> tuple[Plan, Extraction, Extraction, frozenset[str | int] | None]:
    webstore, business_central, selected = _extracts(run, customers, side_by_side)
    when_read()
    if selected is None:
        stop_on_extracts(run, webstore.census, business_central.census, approved=approved)
    missing = read_missing(run, table_from(webstore.frame), table_from(business_central.frame), selected)
    fit = validate_customers(run, webstore, business_central, missing, selected=selected is not None)
    stops_of(fit.findings)
    plan = decide_run(run, fit.webstore.frame, fit.business_central.frame, fit.missing, selected)
    run.forget_pairs()
    return plan, webstore, business_central, selected


def _decided_in_parts(run: Run, count: int, approved: bool) -> tuple[Plan, Extraction, Extraction, None]:
    """As flows/partitions.py."""
    folder = f"{run.setup.partitions.folder}/{run.code}"
    with partitions_at(folder, count) as partitions:
        placement = land_known(run, partitions)
        webstore, business_central = (read_all(run, side, partitions, places(side, placement)) for side in Side)
        run.know_countries(read_company_countries(run))
        stop_on_extracts(run, webstore.census, business_central.census, approved=approved)
        run.know_metadata(webstore.metadata_shown)
        job, mapper = job_of(run, partitions), in_threads()
        missing = confirm_partitions(run, job, placement, mapper)
        job, of_all = validate_partitions(run, job)
        plan, findings = decide_partitions(run, job, missing, mapper)
        stops_of([*of_all, *findings])
    return plan, webstore, business_central, None


def _extracts(
    run: Run, customers: Sequence[str], side_by_side: bool
) -> tuple[Extraction, Extraction, frozenset[str | int] | None]:
    if not customers:
        with ThreadPoolExecutor(2 if side_by_side else 1) as threads:
            reading = threads.submit(read_all, run, Side.WEBSTORE), threads.submit(read_company, run)
            webstore, business_central = (one.result() for one in reading)
        return webstore, business_central, None
    selected = read_selected(run, customers)
    run.know_countries(read_company_countries(run))
    return selected.webstore, selected.business_central, selected.keys


def _load(run: Run, plan: Plan) -> dict[Direction, LoadResult]:
    flags = run.setup.synchronization
    if plan.links or plan.agreements or plan.renumbered or plan.orphans:
        record_links(run, plan)
    wanted = {
        Direction.PUSH: str(flags.push_webstore_customers) != "None",
        Direction.PULL: str(flags.pull_webstore_customers) != "None",
    }
    return _write(run, plan, [direction for direction, on in wanted.items() if on and plan.of(direction)])


def _write(run: Run, plan: Plan, directions: Sequence[Direction]) -> dict[Direction, LoadResult]:
    """One direction after the other, where the flows write both at once: a test must find the same run again."""
    load = {Direction.PUSH: push, Direction.PULL: pull}
    return {direction: load[direction](run, plan, _look) for direction in directions}


def _look(run: Run, direction: Direction) -> frozenset[str]:
    return recover(run, direction).happened
