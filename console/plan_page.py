"""Plan: what would be written, customer by customer; leaving some of them out; approving exactly it, or rejecting it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from connector.desk.customer_list import lines_of
from connector.errors import InputError
from connector.run.request import Answer, RunRequest
from connector.setup import Setup
from connector.store import View
from console.guard import RequestRefused
from console.page import Page, action, shown_page
from console.people import Right
from console.plan_rows import KINDS, PlannedCustomer, chosen
from console.plan_state import KnownPlan, Standing, known_plan

__all__ = ["ROUTES"]

_A_PAGE = 50
_FILTERS = ("", "all", "left", *KINDS)
# a form holds no more fields than these
_MOST_LEFT_OUT = 2_000
_NAMED = 50


def _plan(page: Page) -> Response:
    kind, field = page.query.choice("kind", _FILTERS, ""), page.query.text("field")
    name, offset = page.query.text("search"), page.query.number("offset", 0)
    with page.webstore.view() as view:
        plan = known_plan(view, page.request.path_params["hash"])
        search = page.session.search(name)
        found = chosen(plan.work.customers, kind=kind, field_name=field, search=search)
        shown = found[offset : offset + _A_PAGE]
        names = _names(view, page.webstore.setup, shown)
    left_out = _left_out(page, plan)
    # nobody ticks what cannot be written
    may_choose = plan.is_open and page.person.may(Right.APPROVE)
    return page.show(
        "plan.html", plan=plan, shown=shown, names=names, total=len(found), offset=offset, limit=_A_PAGE, kind=kind,
        field=field, search=search, search_name=name, left_out=left_out, may_choose=may_choose, kinds=KINDS,
        counts=plan.work.counts_without(left_out), left=plan.work.left, Standing=Standing,
    )  # fmt: skip


def _names(view: View, setup: Setup, customers: Sequence[PlannedCustomer]) -> dict[str, str]:
    """Customer's key → name: as the directory or the mapping table has it, or as it would be written."""
    lines = {line.key: line for line in lines_of(view, setup, [one.key for one in customers])}
    names = {}
    for one in customers:
        line = lines.get(one.key)
        planned = next((row.after for row in one.rows if row.field == "name" and row.after), "")
        names[one.key] = (line.bc_name or line.webstore_name if line is not None else "") or planned
    return names


def _left_out(page: Page, plan: KnownPlan) -> frozenset[str]:
    return page.session.choice(f"plan {page.webstore.code} {plan.hash}")


def _look(page: Page) -> Response:
    """Keep what is ticked and what is searched for, and go where the button leads."""
    with page.webstore.view() as view:
        plan = known_plan(view, page.request.path_params["hash"])
    here = ("plans", plan.hash)
    if page.person.may(Right.APPROVE) and plan.is_open:
        known = {one.key for one in plan.work.customers if one.acts}
        on_page, ticked = set(page.form.all("on_page")) & known, set(page.form.all("write"))
        left_out = (_left_out(page, plan) - on_page) | (on_page - ticked)
        if page.form.flag("all"):
            left_out = frozenset()
        if len(left_out) > _MOST_LEFT_OUT:
            raise InputError(
                f"More than {_MOST_LEFT_OUT:,} customers cannot be left out of one plan.",
                hint="Synchronize the few that you want by selecting them in the list of customers.",
            )
        page.session.keep_choice(f"plan {page.webstore.code} {plan.hash}", frozenset(left_out))
    for what in ("approve", "reject"):
        if page.form.flag(what):
            return page.go(page.path(*here, what))
    kind = page.form.choice("kind", _FILTERS, "") if page.form.text("kind") else page.form.text("kind_now")
    if page.form.text("kind") == "acting":
        kind = ""
    offset = page.form.number("offset", 0) if not page.form.flag("show") else 0
    search = page.session.keep_search(page.form.text("search")[:200])
    return page.go(page.path(*here, kind=kind, field=page.form.text("field"), search=search, offset=offset or ""))


def _open_plan(page: Page) -> KnownPlan:
    """The plan of the address, which can still be approved.

    Raises:
        RequestRefused: somebody has answered, or another run has written it.
    """
    with page.webstore.view() as view:
        plan = known_plan(view, page.request.path_params["hash"])
    if not plan.is_open:
        what = "does nothing" if not plan.work.acting else f"was {plan.standing} meanwhile"
        by = f" by {plan.run['actor']}" if plan.run is not None and plan.work.acting else ""
        raise RequestRefused(409, f"This plan {what}{by}. Nothing was done now.")
    return plan


def _ask(page: Page, reject: bool) -> Response:
    plan = _open_plan(page)
    left_out = sorted(_left_out(page, plan) & {one.key for one in plan.work.customers if one.acts})
    without = [one for one in plan.work.customers if one.key in set(left_out)]
    with page.webstore.view() as view:
        names = _names(view, page.webstore.setup, without[:_NAMED])
    counts = plan.work.counts_without(frozenset(left_out))
    return page.show(
        "plan_answer.html", plan=plan, reject=reject, left_out=left_out, without=without[:_NAMED], names=names,
        counts=counts, kinds=KINDS, Standing=Standing,
    )  # fmt: skip


def _approve(page: Page) -> Response:
    """Write exactly this plan, without those whom the form names."""
    plan = _open_plan(page)
    known = {one.key for one in plan.work.customers if one.acts}
    left_out = tuple(page.form.all("leave_out"))
    if not known.issuperset(left_out) or not known.difference(left_out):
        raise InputError("Nothing was written: nobody is left, or somebody is left out who is not in this plan.")
    title = f"Write the plan {plan.hash[:12]}"
    if plan.standing is Standing.WAITS:
        return _answered(page, plan, Answer(True, left_out, page.person.name), "The plan is approved")
    prefect = page.console.prefect
    request = plan.request(page.webstore.setup, left_out, by_hash=True)
    if prefect is not None and request.undone_run is None:
        seen_at = prefect.start(
            page.webstore.name, customers=None if request.customers is None else list(request.customers), dry_run=False,
            approved_plan=plan.hash, leave_out=list(left_out), actor=page.person.name,
        )  # fmt: skip
        return page.go(page.path("runs"), f"The plan is approved, and its run was handed to Prefect: {seen_at}")

    def anew(setup: Setup) -> RunRequest:
        return plan.request(setup, left_out, by_hash=True)

    page.webstore.runs.start(title, page.person.name, anew)
    return page.go(page.path("runs", "now"))


def _reject(page: Page) -> Response:
    plan = _open_plan(page)
    if plan.standing is not Standing.WAITS:
        raise RequestRefused(409, "No run waits with this plan. Nothing needs to be rejected.")
    return _answered(page, plan, Answer(False, (), page.person.name), "The plan is rejected")


def _answered(page: Page, plan: KnownPlan, answer: Answer, said: str) -> Response:
    """Tell the run that waits, wherever it does."""
    assert plan.run is not None  # noqa: S101 - a run waits
    run_id = str(plan.run["run_id"])
    prefect = page.console.prefect
    if prefect is not None and prefect.answer(run_id, answer):
        return page.go(page.path("runs"), f"{said}; the run goes on in Prefect.")
    page.webstore.runs.answer(run_id, answer, lambda setup: plan.request(setup, by_hash=False))
    return page.go(page.path("runs", "now"))


ROUTES = (
    shown_page("/{code}/plans/{hash}", _plan),
    action("/{code}/plans/{hash}/look", _look, Right.LOOK, lambda _: True),
    shown_page("/{code}/plans/{hash}/approve", lambda page: _ask(page, False), Right.APPROVE),
    action("/{code}/plans/{hash}/approve", _approve, Right.APPROVE),
    shown_page("/{code}/plans/{hash}/reject", lambda page: _ask(page, True), Right.APPROVE),
    action("/{code}/plans/{hash}/reject", _reject, Right.APPROVE),
)
