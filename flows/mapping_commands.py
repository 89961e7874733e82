"""`customer-sync mapping …`: look at and edit which Business Central customer is which webstore customer."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from connector.run.setup_source import opened_store, opened_view
from flows import exchange_commands, identity_commands, running, suggestion_commands, terminal
from flows.options import DEFAULT_SETUP, JsonOption, NumbersArgument, SetupOption, YesOption
from flows.place import prefect_api_url

app = typer.Typer(help="The mapping table: who is who, its edits and its versions.", no_args_is_help=True)
app.command()(suggestion_commands.suggest)
app.command()(suggestion_commands.accept)
app.command()(suggestion_commands.reject)
app.command()(identity_commands.doubts)
app.command()(identity_commands.same)
app.command()(identity_commands.other)
app.command("import")(exchange_commands.import_)
app.command("export")(exchange_commands.export)


PairsArgument = Annotated[
    list[str],
    typer.Argument(metavar="NUMBER ID|NUMBER=ID...", help="Business Central number and Webstore ID; several as pairs."),
]
CustomersArgument = Annotated[
    list[str], typer.Argument(metavar="CUSTOMER...", help="Business Central numbers or ids, or woo:ID.")
]
CustomerArgument = Annotated[str, typer.Argument(help="Business Central number or id, or woo:ID.")]


@app.command("list")
def list_(
    only: Annotated[
        str, typer.Option("--filter", help="Of all customers only these: linked, conflict, to push, in step, …")
    ] = "",
    search: Annotated[
        str, typer.Option("--search", help="Of all customers those with these words: number, id, name, e-mail, place.")
    ] = "",
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """List the mapping table; with --filter or --search all customers that the last full run read.

    Examples: customer-sync mapping list --filter conflict; customer-sync mapping list --search "müller oslo" --json
    """

    from connector.desk.mapping_list import list_mapping

    with terminal.reported(as_json), opened_store(setup) as (made, store), store.view(made.webstore_code) as view:
        rows = list_mapping(view, made, filter=only, search=search)
    columns = ["bc_number", "bc_name", "webstore_id", "webstore_name", "webstore_customer", "states", "last_error"]
    empty = "There is nobody like that." if only or search else "Nobody is mapped yet."
    if not rows and prefect_api_url():
        running.prepare_prefect()
        from flows.other_store import earlier_store

        if said := earlier_store(made):
            terminal.warn(said)
    shown = rows if as_json else [row | {"states": ", ".join(row["states"])} for row in rows]
    terminal.show_rows(shown, columns, as_json=as_json, empty=empty)


@app.command()
def link(pairs: PairsArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Say that Business Central customer NUMBER is webstore customer ID; ticks it. Several pairs are one version, or none.

    Examples: customer-sync mapping link C00010 17; customer-sync mapping link C00010=17 C00020=21
    """

    from connector.desk import editing
    from connector.run.names_given import pairs_read

    with terminal.reported(as_json):
        wanted = pairs_read([f"{pairs[0]}={pairs[1]}"] if len(pairs) == 2 and "=" not in pairs[1] else pairs)
        with terminal.desk(setup, with_secrets=True) as desk:
            done = editing.link(desk, wanted)
    named = ", ".join(f"{number} to woo:{key}" for number, key in dict.fromkeys(wanted))
    _told(done, f"Linked: {named}.", as_json)


@app.command()
def unlink(customers: CustomersArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Undo links. The pairs are remembered as not the same, so that nothing links them again by itself.

    Examples: customer-sync mapping unlink C00010; customer-sync mapping unlink C00010 woo:21
    """

    from connector.desk import editing

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        done = editing.unlink(desk, customers)
    _told(done, f"Not linked any more: {', '.join(dict.fromkeys(customers))}.", as_json)


@app.command()
def tick(numbers: NumbersArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Tick Webstore Customer: without a Webstore ID the customer is created in the webstore by the next push.

    Example: customer-sync mapping tick C00010 C00020
    """

    from connector.desk import editing

    with terminal.reported(as_json), terminal.desk(setup, with_secrets=True) as desk:
        done = editing.tick(desk, numbers)
    _told(done, f"{len(numbers)} ticked.", as_json)


@app.command()
def untick(numbers: NumbersArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Untick Webstore Customer: the customer is not pushed any more; a link stays.

    Example: customer-sync mapping untick C00010
    """

    from connector.desk import editing

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        done = editing.untick(desk, numbers)
    _told(done, f"{len(numbers)} unticked.", as_json)


@app.command("versions")
def versions_(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """List the versions of the mapping table: when, by whom, why, and how many rows changed.

    Example: customer-sync mapping versions
    """

    from connector.desk import versions

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = versions.list_versions(view)
    columns = ["number", "created_at", "actor", "reason", "added", "removed", "changed", "run_id"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="There is no version yet.")


@app.command()
def diff(
    older: Annotated[int, typer.Argument(help="A version; 0 is the empty table.")],
    newer: Annotated[int | None, typer.Argument(help="Another one; default: the newest.")] = None,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Compare two versions: which rows were added, removed or changed, by whom and why.

    Examples: customer-sync mapping diff 3; customer-sync mapping diff 3 5 --json
    """

    from connector.desk import versions

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = versions.compare_versions(view, older, newer)
    columns = ["change", "bc_number", "webstore_id_before", "webstore_id_after", "webstore_customer_before"]
    columns += ["webstore_customer_after", "version", "actor", "reason"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="The two versions are the same.")


@app.command()
def restore(
    number: Annotated[int, typer.Argument(help="The version to go back to.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    yes: YesOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Go back to an older version, as a new one. Neither system is touched.

    Example: customer-sync mapping restore 7 --dry-run
    """

    from connector.desk import versions

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        plan = versions.restore_version(desk, number, dry_run=True)
        if dry_run or not as_json:
            columns = ["change", "bc_number", "webstore_id_before", "webstore_id_after"]
            terminal.show_rows(plan["changes"], columns, as_json=as_json, empty="That changes nothing.")
        if dry_run or (not plan["changes"] and not as_json):
            return
        terminal.confirmed(f"Restore version {number}?", yes=yes, as_json=as_json)
        # what was shown, or nothing: somebody else's edit meanwhile is not taken back unseen
        done = versions.restore_version(replace(desk, expected_version=plan["mapping_version"]), number)
    _told({**done, "changes": len(done["changes"])}, f"Version {number} is current again.", as_json)


@app.command()
def history(customer: CustomerArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Show every change of one customer (number, id, or woo:ID): who changed which field, when, in which run.

    Examples: customer-sync mapping history C00010; customer-sync mapping history woo:17 --json
    """

    from connector.desk import editing, versions

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = versions.customer_history(view, **editing.ids_of(view, customer))
    columns = ["at", "actor", "direction", "field", "before", "after", "outcome", "reason", "run_id"]
    terminal.show_rows(rows, columns, as_json=as_json, empty=f"Nothing is recorded of {customer}.")


def _told(done: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        terminal.print_json(done)
    else:
        terminal.say(f"{text} Mapping version {done['mapping_version']}.")
