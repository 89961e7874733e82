"""`customer-sync metrics`: the numbers that monitoring reads, where nothing of ours listens."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from connector.errors import InputError
from connector.run.setup_source import opened_store
from flows import terminal
from flows.options import JsonOption

__all__ = ["metrics"]


def metrics(
    setup: Annotated[
        list[str] | None,
        typer.Option(
            envvar="CUSTOMER_SYNC_SETUP",
            help="A setup: a file (….toml), or the name of a Prefect block. Repeatable: all are told together.",
        ),
    ] = None,
    textfile: Annotated[
        Path | None, typer.Option(help="Write them into this .prom file, for node_exporter's textfile collector.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the metrics of the stores as Prometheus reads them, or write them into a file: runs, writes, what waits.

    Examples: customer-sync metrics; customer-sync metrics --textfile /srv/node-exporter/customer-sync.prom
    """
    from connector.metrics.exposition import samples, text_of, write_textfile
    from connector.metrics.families import StoreMetrics, ViewOf
    from connector.run.names_given import names_given

    with terminal.reported(as_json), ExitStack() as stack:
        views: dict[str, ViewOf] = {}
        for name in names_given(setup, "Nothing was told: a setup has no name.") if setup else ["setup.toml"]:
            made, store = stack.enter_context(opened_store(Path(name)))
            code = made.webstore_code
            if code in views:
                raise InputError(f"Two setups are about webstore {code}.", hint="Name each webstore once.")
            views[code] = lambda store=store, code=code: store.view(code)  # type: ignore[misc]
        told = StoreMetrics(views)
        if textfile is not None:
            write_textfile(told, textfile)
        elif as_json:
            terminal.print_json({"samples": list(samples(told))})
        else:
            typer.echo(text_of(told)[0].decode(), nl=False)
        if textfile is not None:
            said = {"textfile": str(textfile), "webstores": sorted(views)}
            terminal.print_json(said) if as_json else terminal.say(f"Written: {textfile}.")
        for problem in told.problems.values():
            raise problem
