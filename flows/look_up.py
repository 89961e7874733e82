"""The flow that only looks: runs, versions of the mapping table, the history of a customer, who is left out; as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from prefect import flow
from pydantic import Field

from connector.core.counting import counted
from connector.desk import activity, editing, inbox, versions
from connector.desk.mapping_list import list_mapping
from connector.desk.quarantine import list_quarantine
from connector.desk.rules_look import look_at_rules
from connector.desk.same_customer import list_doubts
from connector.errors import InputError
from connector.run.setup_source import opened_view
from connector.setup import Setup
from connector.store import View
from console.run_words import counts_of, kind_of
from flows.naming import run_name
from flows.outcomes import EXPLAINED, Told, concluded
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice
from flows.setup_paths import possible_path
from flows.setups import resolve_setup
from tasks.looked_up import publish_looked_up

__all__ = ["Subject", "look_up"]

Rows = list[dict[str, Any]]


class Subject(StrEnum):
    """What is looked up."""

    RUNS = "runs and what they wrote"
    RUN = "one run, write by write"
    LOG = "the newest writes"
    FAILED = "writes that failed"
    CUSTOMERS = "customers"
    HISTORY = "the history of a customer"
    VERSIONS = "versions of the mapping table"
    COMPARE = "two versions compared"
    CONFLICTS = "conflicts"
    HOLDS = "customers on hold"
    QUARANTINE = "customers in quarantine"
    DOUBTS = "customers in doubt"
    RULES = "the field rules"


@flow(name="look-up", flow_run_name=run_name("look up {subject} of {setup}"), **EXPLAINED)
def look_up(
    subject: Subject = Subject.RUNS,
    setup: SetupChoice = "setup.toml",
    customer: str = "",
    search: str = "",
    filter: str = "",  # noqa: A002 - as the command's option
    run_id: str = "",
    older: int | None = None,
    newer: int | None = None,
    folder: str = "",
    rows: Annotated[int, Field(ge=1, le=500)] = 100,
) -> Told:
    """Look something up, and show it as a table. Nothing is changed, and neither system is asked.

    Args:
        subject: What. The fields below belong to one subject each; the others are passed over.
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        customer: The history of a customer: number, Business Central id, or woo:ID.
        search: Customers: words that all must be found: number, id, name, e-mail, place. Empty = all of them.
        filter: Customers: only those who are linked, conflict, to push, in step … (a wrong word is answered with all of them).
        run_id: One run: its id, or the beginning of it. Empty = the newest.
        older: Two versions compared: the older one; 0 is the empty table. Empty = the one before the newer.
        newer: Two versions compared: the newer one. Empty = the table as it is now.
        folder: The field rules: a folder of rule files, on the machine of the worker. Empty = those of the setup.
        rows: How many rows are shown at most.
    """

    def body() -> Any:
        made = setup_of_run(setup, with_secrets=False)
        if subject is Subject.RULES:
            wanted = possible_path(Path(folder.strip()), "folder") if folder.strip() else None
            look = look_at_rules(made, lambda: resolve_setup(setup), wanted)
            found, told = look.rows, f"The rules can work: {counted(len(look.rows), 'field')}. {look.page}".strip()
        else:
            with opened_view(made) as view:
                found, told = _found(view, made, subject, _Wish(customer, search, filter, run_id, older, newer, rows))
        publish_looked_up(made, subject.value, [_in_minutes(row) for row in found[:rows]], len(found), told)
        return Told(told, found)

    return concluded(setup, body)  # type: ignore[no-any-return]


class _Wish:
    """The fields of the form beside the subject."""

    def __init__(
        self, customer: str, search: str, only: str, run_id: str, older: int | None, newer: int | None, rows: int
    ) -> None:
        self.customer, self.search, self.only, self.run_id = (
            customer.strip(),
            search.strip(),
            only.strip(),
            run_id.strip(),
        )
        self.older, self.newer, self.rows = older, newer, rows


def _found(view: View, setup: Setup, subject: Subject, wish: _Wish) -> tuple[Rows, str]:
    """The rows, and one sentence about them.

    Raises:
        InputError: what is looked for is not named, or not there.
    """
    if subject is Subject.RUN:
        return _run(view, wish.run_id)
    if subject is Subject.COMPARE:
        return _compared(view, wish.older, wish.newer)
    if subject is Subject.HISTORY:
        if not wish.customer:
            raise InputError(
                "Whose history? No customer is named.", hint="Give a number, a Business Central id, or woo:ID."
            )
        found = versions.customer_history(view, **editing.ids_of(view, wish.customer))
        return [_of_run(row) for row in found], f"{counted(len(found), 'change')} of {wish.customer}."
    if subject is Subject.CUSTOMERS:
        lines = list_mapping(view, setup, filter=wish.only, search=wish.search)
        columns = ("bc_number", "bc_name", "webstore_id", "webstore_name", "webstore_customer", "states", "last_error")
        kept = [{name: row[name] for name in columns} | {"states": ", ".join(row["states"])} for row in lines]
        return kept, f"{counted(len(kept), 'customer')}."
    if subject is Subject.RUNS:
        runs = [_told(row) for row in view.runs.recent(wish.rows)]
        return runs, f"The newest {len(runs)} of {counted(view.runs.count(), 'run')}."
    lists: Mapping[Subject, Any] = {
        Subject.LOG: lambda: activity.activity_log(view, limit=wish.rows),
        Subject.FAILED: lambda: activity.activity_log(view, limit=wish.rows, failed_only=True),
        Subject.VERSIONS: lambda: versions.list_versions(view)[::-1],
        Subject.CONFLICTS: lambda: inbox.list_conflicts(view),
        Subject.HOLDS: lambda: activity.list_holds(view),
        Subject.QUARANTINE: lambda: list_quarantine(view),
        Subject.DOUBTS: lambda: list_doubts(view),
    }
    found = [_of_run(row) for row in lists[subject]()]
    return found, f"{subject.value[0].upper()}{subject.value[1:]}: {counted(len(found), 'row')}."


def _told(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run in one row, with what it wrote."""
    wrote = ", ".join(f"{name} {count}" for name, count in counts_of(run).items() if count)
    return {
        "run": run["run_id"][:8], "began": run["started_at"], "what": kind_of(run), "by": run["actor"] or run["trigger"],
        "status": run["status"], "wrote": wrote or "nothing",
    }  # fmt: skip


def _run(view: View, run_id: str) -> tuple[Rows, str]:
    if not run_id:
        newest = view.runs.recent(1)
        if not newest:
            raise InputError("There was no run yet.", hint="Start synchronize-customers.")
        run_id = str(newest[0]["run_id"])
    run = activity.show_run(view, run_id)
    told = _told(run)
    writes = [{name: value for name, value in row.items() if name not in {"run_id", "rule"}} for row in run["writes"]]
    return writes, f"{told['what']} ({told['run']}) by {told['by']}, {told['status']}: {told['wrote']}."


def _compared(view: View, older: int | None, newer: int | None) -> tuple[Rows, str]:
    last = view.mapping.version() if newer is None else newer
    first = max(last - 1, 0) if older is None else older
    found = [_of_run(row) for row in versions.compare_versions(view, first, last)]
    return found, f"From version {first} to {last}: {counted(len(found), 'row')} of the mapping table."


def _in_minutes(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose moments are short enough for a panel."""
    shown = {
        name: f"{value:%Y-%m-%d %H:%M}"
        for name, value in row.items()
        if isinstance(value, datetime) and pd.notna(value)
    }
    return {**row, **shown}


def _of_run(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose run is named as short as people type it, and without ids that nobody reads."""
    short = {"run": str(row["run_id"] or "")[:8]} if "run_id" in row else {}
    return {name: value for name, value in row.items() if name not in {"run_id", "bc_id"}} | short
