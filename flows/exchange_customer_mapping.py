"""The mapping table as a file or as text: export, and import that shows its plan and waits for a yes."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger
from pydantic import Field

from connector.core.counting import counted
from connector.desk import exchange
from connector.desk.desk import at_desk
from connector.errors import InputError, Overtaken
from connector.report.literal import lines_as_they_are, table_as_it_is, text_as_it_is
from connector.report.run_tables import masked_rows
from connector.report.wrapping import FORM
from connector.run.request import Skipped
from connector.run.setup_source import opened_view
from connector.setup import PersonalData, Setup
from flows.flow_run import actor_of_run
from flows.forms import Decision, SignedForm
from flows.naming import run_name
from flows.outcomes import HOOKS, Told, concluded
from flows.run_tags import setup_of_run, sign
from flows.setup_choice import SetupChoice
from flows.setup_paths import possible_path
from flows.waiting import Question, answered
from tasks.looked_up import publish_looked_up
from tasks.report import artifact_key

__all__ = ["MappingApproval", "export_customer_mapping", "import_customer_mapping"]

_SHOWN = 20
_COLUMNS = ("line", "change", "bc_number", "name", "webstore_id", "webstore_id_before")
# of a text in an artifact; a larger table is a file
_LARGEST_TEXT = 400_000
PASTED = "pasted table.csv"


class MappingApproval(SignedForm):
    """The answer to an import that waits. Imported is exactly what was shown, or nothing."""

    decision: Decision = Field(title="Decision", description="approve: import exactly this. reject: change nothing.")


@flow(name="import-customer-mapping", flow_run_name=run_name("import the mapping of {setup}"), **HOOKS)
def import_customer_mapping(
    table: str = "",
    file: str = "",
    replace_all: bool = False,
    reason: str = "",
    dry_run: bool = False,
    setup: SetupChoice = "setup.toml",
    your_name: str = "",
) -> Told:
    """Take a table into the mapping table: all of its rows, or none, as one version. Its plan is shown first, and waits for a yes.

    Args:
        table: Rows pasted from a spreadsheet or CSV file, with their headings: bc_number and webstore_id, or as an export has them.
        file: Instead: path of a .csv or .xlsx file on the machine of the worker. Customers that are pasted stand in the run's parameters.
        replace_all: Remove the rows of the mapping table that the table does not have.
        reason: Why, for the version.
        dry_run: Only show what would change, or what is wrong.
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
        your_name: Your name; it stands in the version, and where this run is shown. Left empty = whom Prefect knows.
    """  # noqa: E501 - the form shows a parameter's description only as far as its first line

    def body() -> Any:
        with _source(table, file) as source:
            made = setup_of_run(setup, with_secrets=exchange.names_customers(source))
            while True:
                try:
                    return _imported(made, source, replace_all=replace_all, reason=reason, dry_run=dry_run)
                except Overtaken as overtaken:  # what it would change may be something else by now
                    get_run_logger().info("%s", overtaken)

    return concluded(setup, body)  # type: ignore[no-any-return]


def _imported(setup: Setup, source: Path, *, replace_all: bool, reason: str, dry_run: bool) -> Any:
    """Show what a file would change, wait for a yes, and import exactly that.

    Raises:
        InputError: something is wrong with the file, or nobody answered.
        Overtaken: somebody has edited the mapping table since the plan was made; nothing was imported.
    """
    with at_desk(setup, actor=actor_of_run()) as desk:
        plan = exchange.import_mapping(desk, source, dry_run=True, replace_all=replace_all)
    if plan.problems:
        raise InputError(f"Nothing was imported from {source.name}:", problems=plan.problems)
    words = f"{plan.added} added, {plan.changed} changed, {plan.removed} removed, {plan.unchanged} stay"
    publish_looked_up(setup, "what an import changes", plan.rows[: setup.reports.rows], len(plan.rows), f"{words}.")
    if dry_run or not plan.rows:
        return Told(f"{'Would be' if dry_run else 'Nothing is to be changed'}: {words}.", plan)
    # another plan is another question, and the same one is not asked twice
    key = hashlib.sha256(repr((plan.rows, replace_all)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    asked = Question(f"import-{key}", f"an import into the mapping table ({words})", "nothing is imported")
    answer = answered(setup, _form(setup, plan, words), asked)
    by = sign(answer.name) or actor_of_run()
    if answer.decision is Decision.REJECT:
        return Skipped(f"The import was rejected by {by}; nothing was changed.", "Rejected")
    with at_desk(setup, actor=by) as desk:
        seen = replace(desk, expected_version=plan.mapping_version)
        done = exchange.import_mapping(seen, source, reason=reason, replace_all=replace_all)
    return Told(f"{words}. Version {done.mapping_version} of the mapping table.", done)


@contextmanager
def _source(table: str, file: str) -> Iterator[Path]:
    """The table as a file; a pasted one is a file of this process for as long as it is read.

    Raises:
        InputError: there is none, or there are two.
    """
    if bool(table.strip()) == bool(file.strip()):
        raise InputError(
            "Which table? " + ("Both a pasted one and a file are given." if table.strip() else "None is given."),
            hint="Paste rows with their headings, or name a file; an export shows how it looks.",
        )
    if file.strip():
        yield possible_path(Path(file.strip()), "file")
        return
    with tempfile.TemporaryDirectory(prefix="customer-sync-") as folder:
        path = Path(folder) / PASTED
        path.write_text(table.strip("\r\n") + "\n", encoding="utf-8", errors="surrogatepass", newline="")
        yield path


def _form(setup: Setup, plan: exchange.Imported, words: str) -> type[MappingApproval]:
    rows = [dict(row) for row in plan.rows[:_SHOWN]]
    if setup.reports.personal_data is PersonalData.MASK:
        rows = masked_rows(rows)
    cells = [["" if row[name] is None else row[name] for name in _COLUMNS] for row in rows]
    headings = ["line", "change", "customer", "name", "Webstore ID", "before"]
    more = f"\n\nThe first {len(rows)} of {len(plan.rows)} rows." if len(plan.rows) > len(rows) else ""
    table = table_as_it_is(headings, cells, width=FORM)
    text = f"### Import into the mapping table of {setup.webstore_code}\n\n{words}.\n\n{table}{more}"
    return MappingApproval.with_initial_data(description=text)


@flow(name="export-customer-mapping", flow_run_name=run_name("export the mapping of {setup}"), **HOOKS)
def export_customer_mapping(
    file: str = "",
    version: int | None = None,
    ids_only: bool = False,
    overwrite: bool = False,
    setup: SetupChoice = "setup.toml",
) -> Told:
    """Write the mapping table to a file, or show it as text to be copied into a spreadsheet. Nothing is changed.

    Args:
        file: Path of the .csv or .xlsx file to write, on the machine of the worker. Empty = as text in an artifact.
        version: An older version. Empty = as it is now.
        ids_only: Without names and user names, for tables that others may see.
        overwrite: Replace the file if it is there.
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
    """

    def body() -> Any:
        made = setup_of_run(setup, with_secrets=False)
        masked = made.reports.personal_data is PersonalData.MASK and not file.strip()
        how: dict[str, Any] = {"version": version, "ids_only": ids_only or masked, "overwrite": overwrite}
        key = artifact_key("export", made.webstore_code)
        if file.strip():
            target = possible_path(Path(file.strip()), "file").absolute()
            with opened_view(made) as view:
                rows = exchange.export_mapping(view, target, **how)
            told = f"{counted(rows, 'row')} of the mapping table in {target}, on the machine of this run."
            create_markdown_artifact(key=key, markdown=lines_as_they_are([told]))
            return Told(told, {"rows": rows, "file": str(target)})
        with tempfile.TemporaryDirectory(prefix="customer-sync-") as folder:
            path = Path(folder) / "mapping.csv"
            with opened_view(made) as view:
                rows = exchange.export_mapping(view, path, **how)
            text = path.read_text(encoding="utf-8-sig")
        if len(text) > _LARGEST_TEXT:
            raise InputError(f"{rows} rows are too many for a text in an artifact.", hint="Name a file to be written.")
        told = f"{counted(rows, 'row')} of the mapping table" + (
            ", without names, as the setup masks them" if masked else ""
        )
        create_markdown_artifact(key=key, markdown=f"**{told}**, to be copied\n\n{text_as_it_is(text)}")
        return Told(f"{told}: as text in the artifact {key}.", {"rows": rows})

    return concluded(setup, body)  # type: ignore[no-any-return]
