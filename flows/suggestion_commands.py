"""`customer-sync mapping suggest | accept | reject`: pairs of unmapped customers for a person to say yes or no to."""

from __future__ import annotations

from typing import Annotated

import typer

from flows import terminal
from flows.options import DEFAULT_SETUP, JsonOption, SetupOption, YesOption

__all__ = ["accept", "reject", "suggest"]

PairsArgument = Annotated[
    list[str], typer.Argument(metavar="NUMBER=ID...", help="Pairs as `mapping suggest` shows them, such as C00010=17.")
]
_BY_RULE = ["pair", "business_central", "webstore", "standing", "because"]


def suggest(
    rung: Annotated[
        list[str] | None,
        typer.Option(help="Only by this evidence: vat, email, phone_name, name_postcode or name. Repeatable."),
    ] = None,
    likely: Annotated[
        bool, typer.Option("--likely", help="By record linkage: also names with slips and changed e-mails.")
    ] = False,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="With --likely: from this probability on.")] = 0.1,
    accept_plain: Annotated[
        bool, typer.Option("--accept-plain", help="Link the pairs that are one to one and nothing speaks against.")
    ] = False,
    yes: YesOption = False,
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Suggest Customer Mapping: who of the unmapped customers may be the same, and why. Writes nothing by itself.

    Examples: customer-sync mapping suggest --rung name; customer-sync mapping suggest --likely --threshold 0.9
    """
    from connector.desk import suggesting

    with terminal.reported(as_json), terminal.desk(setup, with_secrets=True) as desk:
        with terminal.show_progress(quiet=as_json) as tell:
            rows = suggesting.suggest(desk, rungs=rung or (), likely=likely, threshold=threshold, progress=tell)
        columns = [*_BY_RULE[:-1], "probability", "because"] if likely else _BY_RULE
        terminal.show_rows(rows, columns, as_json=as_json, empty="Nobody can be suggested.")
        pairs = suggesting.pairs_in(rows)
        if not (accept_plain and pairs):
            return
        terminal.confirmed(f"Link these {len(pairs)} plain pairs?", yes=yes, as_json=as_json)
        done = suggesting.accept(desk, pairs)
    terminal.say(f"{len(pairs)} linked. Mapping version {done['mapping_version']}.")


def accept(pairs: PairsArgument, setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Say that suggested pairs are the same: they are linked, all in one version.

    Example: customer-sync mapping accept C00010=17 C00020=21
    """
    from connector.desk import suggesting

    with terminal.reported(as_json), terminal.desk(setup, with_secrets=True) as desk:
        done = suggesting.accept(desk, pairs)
    if as_json:
        terminal.print_json(done)
    else:
        terminal.say(f"{done['pairs']} linked. Mapping version {done['mapping_version']}.")


def reject(
    pairs: PairsArgument,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")] = "",
    setup: SetupOption = DEFAULT_SETUP,
    as_json: JsonOption = False,
) -> None:
    """Say that suggested pairs are not the same: that is remembered, and nothing suggests or links them again.

    Example: customer-sync mapping reject C00010=17 --reason "father and son"
    """
    from connector.desk import suggesting

    with terminal.reported(as_json), terminal.desk(setup, with_secrets=True) as desk:
        done = suggesting.reject(desk, pairs, reason=reason)
    if as_json:
        terminal.print_json(done)
    else:
        terminal.say(f"{done['pairs']} rejected. Mapping version {done['mapping_version']}.")
