"""`customer-sync console`: the pages in the browser."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.errors import InputError
from flows import running, terminal
from flows.options import JsonOption, PrefectOption
from flows.place import prefect_api_url
from flows.setup_paths import is_file

__all__ = ["console", "console_password", "run_console"]


def console(
    setup: Annotated[
        list[str] | None,
        typer.Option(
            envvar="CUSTOMER_SYNC_SETUP",
            help="A setup: a file (….toml), or the name of a Prefect block. Repeatable: a console may show several webstores.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8766,
    public_url: Annotated[
        str, typer.Option(help="Address of the proxy in front, such as https://console.example.")
    ] = "",
    certificate: Annotated[Path | None, typer.Option(help="PEM file, if no proxy in front has one.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None,
    name: Annotated[
        str, typer.Option(help="Your name, as versions and logs show it.", show_default="your user name")
    ] = "",
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the customers of your webstores in the browser, until Ctrl-C: link, decide, approve, undo.

    Example: customer-sync console --setup setup.toml
    """
    with terminal.reported(as_json):
        run_console(
            setup or ["setup.toml"], host, port, public_url, certificate, key, name, prefect=prefect, as_json=as_json
        )


def run_console(
    setups: list[str],
    host: str = "127.0.0.1",
    port: int = 8766,
    public_url: str = "",
    certificate: Path | None = None,
    key: Path | None = None,
    name: str = "",
    *,
    prefect: bool | None = None,
    as_json: bool = False,
) -> None:
    """Run the console until it is told to end.

    Args:
        prefect: whether plans are approved, and runs started, on the Prefect server; None = if one is configured.
    """
    from connector.webhooks.serving import Listening
    from console.serving import serving

    log_to_standard_error()
    listening = Listening(host, port, certificate, key)
    on_server = bool(prefect_api_url()) if prefect is None else prefect
    places = _on_prefect(on_server, any(not is_file(name) for name in setups))
    with serving(setups, listening, public_url=public_url, name=name, **places) as served:

        def tell() -> None:
            if served.console.owner is None:
                shown = {"listening": served.address}
            else:
                shown = {"listening": served.address, "open": served.entry}
            if as_json:
                terminal.print_json(shown)
            elif served.console.owner is None:
                terminal.say(f"The console is at {served.address}; people come in by their names.")
            else:
                terminal.say(
                    f"Open this in one browser (for another one, the next address is printed then): {served.entry}"
                )
            sys.stdout.flush()

        served.console.on_entry = tell
        tell()
        served.run()


def _on_prefect(runs: bool, blocks: bool) -> dict[str, Any]:
    """What the console does on a Prefect server; nothing = Prefect is not imported, which takes seconds."""
    if not runs and not blocks:
        return {}
    running.prepare_prefect()
    from flows.console_prefect import ConsoleBlocks, ConsolePrefect

    return {"prefect": ConsolePrefect() if runs else None, "blocks": ConsoleBlocks()}


def console_password(as_json: JsonOption = False) -> None:
    """Ask for a password and print what stands for it in the setup, in [console].

    Example: customer-sync console-password
    """
    from console.people import hashed

    with terminal.reported(as_json):
        if not sys.stdin.isatty():
            password = sys.stdin.readline().rstrip("\n")
        else:
            password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        if len(password) < 10:
            raise InputError("A password has at least 10 characters.")
        if as_json:
            terminal.print_json({"password": hashed(password)})
        else:
            terminal.say(f'password = "{hashed(password)}"')


def log_to_standard_error() -> None:
    """Who did what, one line each; secrets are struck out."""
    from connector.clients import RedactingFilter

    handler = logging.StreamHandler()
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("console")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
