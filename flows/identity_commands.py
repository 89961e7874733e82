"""`customer-sync mapping doubts, same, other`, and `customer-sync restored`: when ids or the past are not what they were."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.core.counting import counted
from connector.run.setup_source import opened_view
from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, NumbersArgument, SetupOption, YesOption

SideArgument = Annotated[
    str, typer.Argument(metavar="SIDE", help="webstore or business-central: the side that went back.")
]


def doubts(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """List the linked customers of whom nobody knows whether they still are the same; runs leave them alone.

    Example: customer-sync mapping doubts --json
    """

    from connector.desk import same_customer

    with terminal.reported(as_json), opened_view(setup) as view:
        rows = same_customer.list_doubts(view)
    columns = ["bc_number", "webstore_id", "username", "created", "reason", "since"]
    terminal.show_rows(rows, columns, as_json=as_json, empty="Nobody is in doubt.")


def same(numbers: NumbersArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Say that customers in doubt still are the same: what was changed is synchronised by the next run.

    Example: customer-sync mapping same C00010
    """

    from connector.desk import same_customer

    with terminal.reported(as_json), terminal.desk(setup, with_secrets=True) as desk:
        rows = same_customer.say_same(desk, numbers)
    terminal.show_rows(rows, ["bc_number", "webstore_id", "answer"], as_json=as_json)


def other(numbers: NumbersArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Say that customers in doubt are somebody else now: they are unlinked, and linked to the account that was meant, if it is
    there under another id.

    Example: customer-sync mapping other C00010
    """

    from connector.desk import same_customer

    with terminal.reported(as_json), terminal.desk(setup, with_secrets=True) as desk:
        with terminal.show_progress(quiet=as_json) as tell:
            rows = same_customer.say_other(desk, numbers, progress=tell)
        terminal.show_rows(rows, ["bc_number", "webstore_id", "answer"], as_json=as_json)


def restored_side(
    side: SideArgument,
    take: Annotated[str, typer.Option(help="webstore or business-central: whose values are right.")] = "",
    also_decided: Annotated[
        bool, typer.Option("--also-decided", help="Also the fields that somebody has decided already.")
    ] = False,
    yes: YesOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Show who differs since one side went back in time (a restored backup, an old copy), and say which side is right.

    Without --take nothing is decided. With it the next run writes that side's values into the other one, for everybody who
    was not edited since. Fields that were decided singly before (conflicts decide) keep their answer.

    Examples: customer-sync restored webstore; customer-sync restored webstore --take business-central
    """

    from connector.desk import restored

    with terminal.reported(as_json), terminal.desk(setup) as desk:
        with desk.view() as view:
            rows = restored.list_restored(view, side)
        if not take:
            columns = ["bc_number", "webstore_id", "field", "base", "webstore", "business_central", "decided"]
            terminal.show_rows(
                rows, columns, as_json=as_json, empty=f"Nobody of the {side} is older than what was seen."
            )
            return
        open_ones = [row for row in rows if also_decided or not row["decided"]]
        if open_ones:
            terminal.confirmed(f"Take {take} for {counted(len(open_ones), 'field')}?", yes=yes, as_json=as_json)
        count = restored.answer_restored(desk, side, take, also_decided=also_decided)
    if as_json:
        terminal.print_json({"decided": count, "take": take})
    else:
        terminal.say(f"{counted(count, 'field')}: {take}. The next run applies it.")
