"""`customer-sync mapping import | export` and `forget`: the mapping table as a file, and leaving nothing of a person."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.core.counting import counted
from connector.errors import InputError
from connector.run.setup_source import opened_view
from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, OverwriteOption, SetupOption, YesOption

__all__ = ["export", "forget", "import_"]

_PREVIEWED = 200


def export(
    file: Annotated[Path, typer.Argument(help="The file to write: .csv or .xlsx.")],
    version: Annotated[int | None, typer.Option(help="An older version; default: as it is now.")] = None,
    ids_only: Annotated[bool, typer.Option("--ids-only", help="Without names and user names.")] = False,
    overwrite: OverwriteOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Write the mapping table to a CSV or Excel file.

    Examples: customer-sync mapping export mapping.xlsx; customer-sync mapping export mapping.csv --ids-only
    """

    from connector.desk import exchange

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = exchange.export_mapping(view, file, version=version, ids_only=ids_only, overwrite=overwrite)
    if as_json:
        terminal.print_json({"file": str(file), "rows": rows})
    else:
        terminal.say(f"{counted(rows, 'row')} written to {file}.")


def import_(
    file: Annotated[
        Path, typer.Argument(help="A file as `mapping export` writes it, or a list of your own: .csv or .xlsx.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change, and what is wrong.")] = False,
    replace_all: Annotated[
        bool, typer.Option("--replace-all", help="Remove rows that the file does not have.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the version.")] = "",
    yes: YesOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Take the rows of a file into the mapping table: all of them, or none, as one version. A list may name customers by number,
    e-mail or name (column bc_number) and accounts by id, e-mail or name (column webstore_id); they are looked up.

    Examples: customer-sync mapping import mapping.xlsx --dry-run; customer-sync mapping import our-list.csv --dry-run
    """

    from connector.desk import exchange

    with terminal.reported(as_json):
        asked = exchange.names_customers(file)
        with terminal.desk(setup, with_secrets=asked) as desk:
            previewed = dry_run or (asked and not yes and not as_json and sys.stdin.isatty())
            if previewed:
                done = exchange.import_mapping(desk, file, dry_run=True, replace_all=replace_all)
                if done.problems:
                    raise InputError(f"{file.name} cannot be imported:", problems=done.problems)
                if not as_json:
                    _show_changes(done.rows)
            if not dry_run:
                if previewed:
                    terminal.confirmed("Are these the right ones?", yes=yes, as_json=as_json)
                done = exchange.import_mapping(desk, file, reason=reason, replace_all=replace_all)
    if as_json:
        terminal.print_json(asdict(done))
        return
    verb = "would be" if dry_run else "was" if done.added == 1 else "were"
    terminal.say(
        f"{counted(done.added, 'row')} {verb} added, {done.changed} changed, {done.removed} removed, {done.unchanged} stay. "
        f"Mapping version {done.mapping_version}."
    )


def _show_changes(rows: Sequence[Mapping[str, Any]]) -> None:
    columns = ["line", "change", "bc_number", "name", "webstore_id", "webstore_id_before", "webstore_customer"]
    if rows:
        terminal.print_table(columns, [[row[column] for column in columns] for row in rows[:_PREVIEWED]])
    if len(rows) > _PREVIEWED:
        terminal.say(f"… and {len(rows) - _PREVIEWED} more (--json for all)")


def forget(
    customer: Annotated[str, typer.Argument(help="Business Central number or id, or woo:ID.")],
    yes: YesOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Erase a person from store, logs, plans and plan files, keeping ids; no run creates or fills that customer again.

    Neither system is touched: erase the person there as well.

    Example: customer-sync forget C00010
    """

    from connector.desk.forgetting import forget as forget_customer

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        who = forget_customer(desk, customer, dry_run=True)
        meant = f"Business Central {who['bc_id'] or '(none)'}, webstore {who['webstore_id'] or '(none)'}"
        terminal.confirmed(f"Erase everything about {meant}? This cannot be undone.", yes=yes, as_json=as_json)
        done = forget_customer(desk, customer)
    if as_json:
        terminal.print_json(done)
        return
    erased = ", ".join(f"{kind} {count}" for kind, count in done["erased"].items() if count) or "nothing was kept"
    terminal.say(
        f"Erased: {erased}; {len(done['files'])} plan files removed. Backups of the store keep what they have."
    )
