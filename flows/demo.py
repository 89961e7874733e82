"""A whole story on emulated systems, in a minute: check, link, synchronise, edit both sides, synchronise again.

It goes the way a user goes: through the setup file and the same pipeline. Only the people who edit customers between the runs
are played by the sandbox.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.desk.connection_check import check_connections
from connector.desk.desk import at_desk
from connector.desk.editing import tick
from connector.desk.mapping_list import list_mapping
from connector.errors import InternalError, PremiseBroken
from connector.quality import prepare
from connector.run.request import RunReport, RunRequest
from connector.run.setup_source import opened_store
from connector.run.summary import RunSummary
from connector.setup import load_setup
from flows import terminal
from flows.running import run_here
from sandbox.command import announcement, setup_text
from sandbox.server import Running, start

__all__ = ["run_demo", "sandbox_for_console"]

SHOWN = 5


def run_demo(*, quiet: bool) -> list[RunSummary]:
    """Play the story.

    Args:
        quiet: print nothing but errors.

    Returns:
        The summaries of the runs, in order.
    """
    tell = (lambda _text: None) if quiet else terminal.say
    prepare()  # while the sandbox starts
    folder = Path(tempfile.mkdtemp(prefix="customer-sync-demo-"))
    with start() as running:
        setup = folder / "setup.toml"
        setup.write_text(setup_text(running, webstore_code="demo", directory=folder), encoding="utf-8")
        setup.chmod(0o600)
        os.environ.update(announcement(running, setup)["env"])
        tell(f"A webstore at {running.webstore_url} and Business Central company {running.company!r} are running.\n")
        for finding in check_connections(load_setup(setup)):
            tell(f"  {finding.mark:7} {finding.system}: {finding.what}")
        summaries = [_first_run(running, setup, tell, quiet), _second_run(running, setup, tell, quiet)]
        summaries.append(_third_run(running, setup, tell, quiet))
        _stopped_run(running, setup, tell, quiet)
        tell(f"\nLook around: customer-sync mapping list --setup {setup}   (the sandbox itself ends with this demo)")
        tell("Keep one running: customer-sync sandbox. Your own systems: see the README, 'A real setup'.")
    return summaries


@contextmanager
def sandbox_for_console(*, quiet: bool) -> Iterator[Path]:
    """Both systems emulated with 2,123 accounts, nobody linked yet, and a plan that has read all of them; gives the setup."""
    tell = (lambda _text: None) if quiet else terminal.say
    folder = Path(tempfile.mkdtemp(prefix="customer-sync-console-"))
    with start() as running:
        setup = folder / "setup.toml"
        setup.write_text(setup_text(running, webstore_code="demo", directory=folder), encoding="utf-8")
        setup.chmod(0o600)
        os.environ.update(announcement(running, setup)["env"])
        tell(f"A webstore at {running.webstore_url} and Business Central company {running.company!r} are running.")
        tell("All customers are read once, for a plan; nothing is written …")
        run_here(RunRequest(load_setup(setup), dry_run=True), quiet=quiet, actor="demo")
        yield setup


def _first_run(running: Running, setup: Path, tell: Any, quiet: bool) -> RunSummary:
    tell("\n1. Two customers of Business Central are ticked as Webstore Customer, then everything is synchronised:")
    tell("   push = Mapped Only, pull = All; who has the same e-mail on both sides is linked.")
    with at_desk(setup, actor="demo", with_secrets=True) as desk:
        tick(desk, _without_account(running)[:2])
    report = _synchronize(setup, quiet)
    _show(report, quiet, ("link", "create", "update"))
    return report.summary


def _second_run(running: Running, setup: Path, tell: Any, quiet: bool) -> RunSummary:
    tell("\n2. Nobody edited anything. A second run reads both sides and writes nothing:")
    running.webstore_log.clear()
    running.business_central_log.clear()
    summary = _synchronize(setup, quiet).summary
    writes = len(running.webstore_log.writes()) + len(running.business_central_log.writes())
    tell(f"   write requests that reached the two systems: {writes}")
    if not quiet:
        terminal.show_summary(summary)
    return summary


def _third_run(running: Running, setup: Path, tell: Any, quiet: bool) -> RunSummary:
    with opened_store(setup) as (made, store), store.view(made.webstore_code) as view:
        linked = [row for row in list_mapping(view, made) if row["webstore_id"]]
    pushed, pulled, disputed = linked[10], linked[20], linked[30]
    running.business_central.people_update(pushed["bc_id"], {"phoneNumber": "+44 20 7946 0018"})
    running.webstore.people_update(pulled["webstore_id"], {"billing": {"address_2": "2nd floor"}})
    running.business_central.people_update(disputed["bc_id"], {"addressLine1": "1 Harbour Street"})
    running.webstore.people_update(disputed["webstore_id"], {"billing": {"address_1": "1 Station Road"}})
    tell(
        "\n3. People edit: a phone number in Business Central, an address in the webstore, and one address on both sides."
    )
    report = _synchronize(setup, quiet)
    _show(report, quiet, ("update", "conflict"))
    tell("   The conflict waits for a person; neither side was overwritten.")
    return report.summary


def _stopped_run(running: Running, setup: Path, tell: Any, quiet: bool) -> None:
    with opened_store(setup) as (made, store), store.view(made.webstore_code) as view:
        linked = [row for row in list_mapping(view, made) if row["webstore_id"]]
    spoiled = linked[: len(linked) * 2 // 3]
    for row in spoiled:
        running.webstore.people_update(row["webstore_id"], {"billing": {"city": "TEST"}})
    running.business_central_log.clear()
    tell(
        f"\n4. An import goes wrong in the webstore: the city of {len(spoiled):,} customers is TEST now. A breaker trips:"
    )
    try:
        _synchronize(setup, quiet)
    except PremiseBroken as stopped:
        tell(f"   {stopped}")
    else:
        raise InternalError("The breaker did not trip.")
    tell(f"   write requests that reached Business Central: {len(running.business_central_log.writes())}")


def _without_account(running: Running) -> list[str]:
    """Numbers of Business Central customers whose e-mail is theirs alone and has no account."""
    records = [running.business_central.people_get(key) for key in running.business_central.customer_ids()]
    emails = [str(record["email"]).lower() for record in records]
    accounts = {str(running.webstore.people_get(key)["email"]).lower() for key in running.webstore.customer_ids()}
    return sorted(
        str(record["number"])
        for record, email in zip(records, emails, strict=True)
        if email and ";" not in email and emails.count(email) == 1 and email not in accounts
    )


def _synchronize(setup: Path, quiet: bool) -> RunReport:
    return run_here(RunRequest(load_setup(setup)), quiet=quiet, actor="demo")


def _show(report: RunReport, quiet: bool, actions: tuple[str, ...]) -> None:
    """The first rows of each action of the plan, before and after, then the numbers."""
    if quiet:
        return
    table = report.plan.table()
    columns = ["action", "direction", "bc_number", "webstore_id", "field", "before", "after", "reason"]
    for action in actions:
        rows = table[table["action"] == action]
        if action == "create":  # a customer has ten fields; its name says enough here
            rows = rows[rows["field"] == "name"]
        if len(rows):
            what = {"create": "customers", "link": "pairs"}.get(action, "fields")
            title = f"{action}: {len(rows)} {what}" + (f", the first {SHOWN}" if len(rows) > SHOWN else "")
            terminal.print_table(
                columns, rows[columns].head(SHOWN).astype(object).fillna("").to_numpy().tolist(), title
            )
    terminal.show_summary(report.summary)
