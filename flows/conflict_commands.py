"""`customer-sync conflicts …`: the inbox of fields on which both sides differ and nobody has decided."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.run.setup_source import opened_view
from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, SetupOption

app = typer.Typer(help="Conflicts that wait for a person: list them, decide them.", no_args_is_help=True)


@app.command("list")
def list_(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """List the fields that both sides changed differently, as the newest runs saw them.

    Example: customer-sync conflicts list --json
    """

    from connector.desk import inbox

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = inbox.list_conflicts(view)
    columns = ["bc_number", "webstore_id", "field", "base", "webstore", "business_central", "decided"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="No conflict waits for a decision.")


@app.command()
def decide(
    number: Annotated[str, typer.Argument(help="Business Central number of the customer.")],
    field: Annotated[str, typer.Argument(help="The field, as conflicts list shows it.")],
    take: Annotated[str, typer.Option(help="webstore or business-central: the side that is right.")] = "",
    value: Annotated[str | None, typer.Option(help="Another value, for both sides.")] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Forget the decision again.")] = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Decide one conflict; the next run applies it, unless somebody edits the field before.

    Example: customer-sync conflicts decide C00010 phone --take webstore
    """

    from connector.desk import inbox

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        if take_back:
            done: dict[str, object] = {"taken_back": inbox.take_back(desk, number, field)}
        else:
            done = inbox.decide(desk, number, field, take=take, value=value)
    if as_json:
        terminal.print_json(done)
    elif take_back:
        terminal.say("The decision is forgotten." if done["taken_back"] else "There was no decision.")
    else:
        terminal.say(f"{number} {field}: {done['take']}. The next run applies it.")
