"""The order of a run, from opening to report. Who carries out a step is given: this process, or tasks of Prefect.

One pass of a run is:

 1. open: rules, store, the webstore's lease, who both sides are, templates
 2. settle writes that an earlier run left open
 3. look up the approved plan, if one was named; a hash or a name that nobody knows is refused before anything is read
 4. divide the mapping table, and extract both sides, at the same time; of a selected run its customers
 5. check the extracts as wholes: complete, not shrunk, not empty
 6. confirm by id who is missing, or older than before
 7. validate what was read, set apart whoever fails, leave the directory of all customers, and keep what was read
 8. compare: join, match and merge; the result is the plan
 9. validate the plan, and keep of it what was approved
10. remember the plan and what waits for people; show it
11. stop where a breaker trips; wait where a person must approve: then all of this is done again, with the answer
12. record links and agreements, then push and pull at the same time
13. report

A scheduled run that may read less begins with 4 about those who may have changed (connector/extract/changed.py).
Selected runs, dry runs, approved plans and partitions are this list with other arguments. An undo reads its plan from the
journal instead of 4 to 9. Nothing is written in either system before 12.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from connector.core.approval import Approved, Lost
from connector.core.customer import Direction
from connector.core.plan import Plan
from connector.errors import CustomerSyncError, InputError
from connector.extract.changed import (
    Changes,
    Everybody,
    Look,
    changed_customers,
    count_missed,
    look,
    note_look,
    why_everybody,
)
from connector.extract.findings import stop_on_findings
from connector.extract.keeping import forget_extracts, keep_answers
from connector.extract.memory_partition import forget_landed, partitions_of_run
from connector.load.directions import directions_wanted, pull_customers, push_customers, recover_open_writes
from connector.load.news import new_conflicts, newly_held
from connector.load.recording import record_findings, record_links, record_plan
from connector.load.undo import created_rows, plan_undo, unlink_created
from connector.planning.approvals import (
    approval_reason,
    approved_part,
    known_plan,
    plan_shown,
    unnamed_losses,
    waiting_plan,
)
from connector.planning.comparison import compare_customers
from connector.planning.plan_validation import validate_plan
from connector.planning.readiness_report import report_of_readiness
from connector.reading import read_and_validate
from connector.report.run_page import leave_report, report_wanted
from connector.report.run_tables import report_of
from connector.report.summary import summary_of
from connector.run.breakers import stop_on_plan
from connector.run.close_run import close_run
from connector.run.names_given import keys_left_out
from connector.run.open_run import Opened, open_run
from connector.run.request import RunReport, RunRequest, Skipped
from connector.run.result import LoadResult
from connector.run.run import Run
from connector.run.setup_source import opened_view
from connector.run.sides import confirm_sides
from connector.runtime import Runtime
from connector.setup import Runner, Setup
from connector.store import StandingConflict

__all__ = ["assess_readiness", "carry_out", "one_pass"]

_LOADS = {Direction.PUSH: push_customers, Direction.PULL: pull_customers}
# longer than the largest batch of creates takes a shop
_LAST_BATCH_SECONDS = 25.0


def carry_out(request: RunRequest, runtime: Runtime) -> RunReport | Skipped:
    """A run: one pass, or, where a person must approve its plan, a pass that plans, a question, and a pass that writes.

    Between the passes the run holds neither the webstore nor a connection. Its process may end there: the run that is resumed
    finds in the store, by its own id, which plan it had shown. (Prefect counts a resumed run as no second one.) The answer is
    to that plan; what somebody has changed since is dropped from it and named, and nobody is asked again about the rest.

    Raises:
        CustomerSyncError: see `one_pass`.
    """
    setup = request.setup
    if runtime.trigger == "scheduled" and not setup.synchronization.enabled and request.undone_run is None:
        return Skipped(f"The setup of webstore {setup.webstore_code} is not enabled: scheduled runs do nothing.")
    shown = waiting_plan(setup, runtime.run_id)
    reason = "the run was resumed"
    while True:
        if shown:
            answer = runtime.ask(setup, plan_shown(setup, shown, reason))
            if not answer.approved:
                close_run(setup, runtime.run_id, "rejected")
                by = f" by {answer.by}" if answer.by else ""
                return Skipped(f"The plan {shown[:12]} was rejected{by}; nothing was written.", "Rejected")
            left_out = (*request.leave_out, *answer.leave_out)
            request = replace(request, approved_plan=shown, leave_out=left_out, approved_by=answer.by, answered=True)
        try:
            report = one_pass(request, runtime)
        finally:
            _leave_page(request, runtime)
        if not report.waiting:
            return report
        shown, reason = report.plan.hash, report.waiting
        if runtime.trigger == "scheduled" and (other := runtime.waits_elsewhere(setup, report.plan)):
            close_run(setup, runtime.run_id, "rejected")
            return Skipped(f"The same plan {shown[:12]} already waits for approval in run {other}.")
        runtime.plan_waits(setup, shown, reason)


def one_pass(request: RunRequest, runtime: Runtime) -> RunReport:
    """Plan, and write what may be written. `waiting` of the report says that nothing was written yet, and why.

    Raises:
        SetupError, InputError: what was asked for cannot be done.
        LeaseHeld: another run is at work on the webstore.
        PremiseBroken: a breaker tripped, or the data are not what every run relies on.
        RemoteTrouble, StoreError: one of the systems, or the store, cannot be used.
    """
    with (
        _opened_run(request.setup, runtime, request.mode, dry_run=request.dry_run) as opened,
        ExitStack() as until_the_end,  # before the webstore is let go of: the next run has the same folder
    ):
        run = opened.run
        approved = _approved_plan(run, request)
        looking = look(run) if _may_read_less(run, request, approved) else None
        request, seen_until = _reading_less(run, runtime, request, looking)
        opened.mode = request.mode
        if request.undone_run is not None:
            how = {"delete_accounts": request.delete_accounts, "its_flags": request.its_flags}
            draft = _Draft(plan_undo(run, request.undone_run, **how))
            if not run.dry_run:
                forget_landed(run.setup)
        else:
            draft = _drafted(run, runtime, request, approved, until_the_end)
        plan = draft.plan
        lost: tuple[Lost, ...] = ()
        if approved is not None:
            plan, lost = approved_part(plan, approved, request.leave_out, request.left_out_by(run.actor))
            run.warnings += unnamed_losses(plan, approved, lost)
        if run.why_everybody == Everybody.DUE and not run.taken_over:
            count_missed(run, plan)
        news = _remembered(run, request, plan, draft.selected)
        report = report_of(run, plan, selected=not request.of_all, where=runtime.where)
        runtime.plan_made(run, report)
        waiting = "" if run.dry_run or approved is not None else approval_reason(run.setup, plan)
        if waiting and not runtime.can_ask:
            raise InputError(
                f"The plan {plan.hash[:12]} needs an approval: {waiting}. Nothing was written.",
                hint=f"Look at it, then write exactly it: customer-sync {request.command} --plan {plan.hash[:12]}",
            )
        asked = approved is not None or bool(waiting)
        runtime.call(stop_on_plan, run, plan, draft.extracted, not request.of_all, asked, request.command)
        results, created = {}, created_rows(plan)
        if not run.dry_run and not waiting:
            results = _written(run, runtime, request, plan)
            if plan.undone_creates:
                created = unlink_created(run, plan, results.setdefault(Direction.PUSH, LoadResult()))
                if plan.deletions:
                    forget_extracts(run)  # the accounts in them are gone
        summary = summary_of(
            run, request, plan, results, extracted=draft.extracted, approved=approved, lost=lost,
            shown=report.fingerprints, seen_at=runtime.seen_at, seconds=opened.seconds,
        )  # fmt: skip
        opened.told = summary.as_json()
        opened.status = "waiting" if waiting else "stopped" if summary.stopped else "completed"
        if created:
            runtime.creates_undone(run, created)
        runtime.conflicts_found(run, news)
        runtime.customers_held(run, newly_held(run, results))
        if looking is not None and opened.status == "completed" and not run.taken_over:
            note_look(run, looking, seen_until)
        if not waiting:
            runtime.run_ended(run, summary)
        return RunReport(summary, plan, waiting, created)


def assess_readiness(setup: Setup, runtime: Runtime) -> dict[str, Any]:
    """Say what the first synchronisation would meet and do: 1 and 4 to 9 of a run. Writes nothing in either system.

    Returns:
        As `report_of_readiness`, with `run_id` and `seconds`.

    Raises:
        CustomerSyncError: see `one_pass`.
    """
    with (
        _opened_run(setup, runtime, "readiness", dry_run=True) as opened,
        partitions_of_run(opened.run, setup.partitions) as partitions,
        runtime.over_partitions(setup.partitions) as mappers,
    ):
        run = opened.run
        read = read_and_validate(run, runtime, partitions, mappers, approved=True)
        seconds = opened.seconds
        mapper = mappers("compare customers")
        report: dict[str, Any] = runtime.call(
            report_of_readiness, run, read.job, read.missing, read.extracted, mapper, seconds
        )
        report |= {"run_id": run.run_id, "seconds": round(opened.seconds, 2)}
        opened.told = {name: report[name] for name in ("forecast", "with_everything_on", "seconds")}
        opened.status = "completed"
        return report


@contextmanager
def _opened_run(setup: Setup, runtime: Runtime, mode: str, *, dry_run: bool) -> Iterator[Opened]:
    """An open run, the writes of its interrupted predecessors settled."""
    with open_run(
        setup,
        run_id=runtime.run_id,
        mode=mode,
        trigger=runtime.trigger,
        actor=runtime.actor,
        dry_run=dry_run,
        progress=runtime.progress,
        enqueue=runtime.enqueue,
        clients=runtime.clients,
        lately=runtime.lately,
    ) as opened:
        if not dry_run:
            runtime.call(recover_open_writes, opened.run)
        try:
            yield opened
        finally:
            keep_answers(opened.run)


@dataclass(frozen=True)
class _Draft:
    """A plan before it is restricted to what was approved, and what it was made of."""

    plan: Plan
    selected: frozenset[str | int] | None = None
    extracted: dict[str, int] = field(default_factory=lambda: {"webstore": 0, "business_central": 0})


def _drafted(
    run: Run, runtime: Runtime, request: RunRequest, approved: Approved | None, until_the_end: ExitStack
) -> _Draft:
    """Read, validate, compare, and validate the plan. What was read, and a plan of millions, stay in
    the partitions' folder until the run has ended; what was read stays longer if it is killed."""
    settings = run.setup.partitions
    if not request.of_all:  # they are few: no cluster is started for them
        settings = settings.model_copy(update={"runner": Runner.THREADS})
    everybody = request.of_all and not run.dry_run
    place = partitions_of_run(run, settings, everybody=everybody, takes_over=approved is None)
    partitions = until_the_end.enter_context(place)
    with runtime.over_partitions(settings) as mappers:
        read = read_and_validate(
            run,
            runtime,
            partitions,
            mappers,
            request.customers,
            approved=approved is not None,
            seen=request.changed_only,
        )
        plan = runtime.call(compare_customers, run, read.job, read.missing, mappers("compare customers"))
    plan, findings = runtime.call(validate_plan, run, plan, read.job.selected is not None)
    runtime.findings_made(run, "plan", findings)
    stop_on_findings(findings)
    return _Draft(plan, read.job.selected, read.extracted)


def _may_read_less(run: Run, request: RunRequest, approved: Approved | None) -> bool:
    """Whether it is to be known how far this run has looked, so that others need not read everybody."""
    reads_less = bool(run.setup.synchronization.hours_between_full_reads)
    return reads_less and request.of_all and not run.dry_run and approved is None


def _reading_less(run: Run, runtime: Runtime, request: RunRequest, looking: Look | None) -> tuple[RunRequest, str]:
    """The request, of those who may have changed where that is enough; then with the latest change that was seen."""
    if looking is None or runtime.trigger != "scheduled":
        return request, ""
    why = why_everybody(run)
    changes = Changes(None, why=why) if why else runtime.call(changed_customers, run, looking)
    if changes.customers is None:
        run.why_everybody = str(changes.why)
        return request, ""
    with run.store.work(run.code) as work:
        work.runs.reads_less(run.run_id)
    return replace(request, customers=changes.customers, changed_only=True), changes.seen_until


def _approved_plan(run: Run, request: RunRequest) -> Approved | None:
    """The plan that was approved, and nobody unknown is to be left out of it; None = the new plan is to be carried out."""
    if request.approved_plan is None:
        return None
    approved = known_plan(run, request.approved_plan)
    keys_left_out(approved, request.leave_out)
    return approved


def _remembered(
    run: Run, request: RunRequest, plan: Plan, selected: frozenset[str | int] | None
) -> list[StandingConflict]:
    """Remember the plan and what waits for people; gives the conflicts that did not stand before."""
    if request.undone_run is not None:
        record_plan(run, plan)
        return []
    news = new_conflicts(run, plan)
    record_findings(run, plan, selected)
    return news


def _written(run: Run, runtime: Runtime, request: RunRequest, plan: Plan) -> dict[Direction, LoadResult]:
    """Record links and agreements, then write both directions side by side.

    When one fails, or the run is cancelled, the other finishes the batch that it is writing and records its outcome before
    the run is closed: no write is left whose answer nobody heard.
    """
    confirm_sides(run, plan)
    if request.undone_run is not None:
        directions = [direction for direction in Direction if plan.of(direction)]
    else:
        if plan.links or plan.agreements or plan.renumbered or plan.orphans:
            runtime.call(record_links, run, plan)
        directions = directions_wanted(run, plan)
    started = {direction: runtime.start(_LOADS[direction], run, plan) for direction in directions}
    try:
        return {direction: one.result() for direction, one in started.items()}
    except BaseException:
        run.ending.set()
        for one in started.values():
            one.wait(_LAST_BATCH_SECONDS)
        raise


def _leave_page(request: RunRequest, runtime: Runtime) -> None:
    """The HTML report of a pass, however it ended, where the setup wants one. One that cannot be written fails no run."""
    if not report_wanted(request.setup):
        return
    try:
        with opened_view(request.setup) as view:
            target = leave_report(view, request.setup, runtime.run_id)
    except CustomerSyncError as error:
        runtime.page_failed(request.setup, str(error))
        return
    if target is not None:
        runtime.page_written(request.setup, target)
