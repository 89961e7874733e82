"""`customer-sync webhooks …`: receive what both systems tell of changed customers, and subscribe to it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.errors import InputError
from connector.run.setup_source import opened_store, opened_view, setup_of
from flows import running, terminal
from flows.options import DEFAULT_SETUP, JsonOption, PrefectOption, SetupOption
from flows.place import on_prefect
from flows.setup_paths import full_name

if TYPE_CHECKING:
    from connector.run.seen_lately import SeenLately
    from connector.setup import Setup
    from connector.webhooks.dispatching import StartRun
    from connector.webhooks.serving import Listening
    from connector.webhooks.subscribing import Done, Subscriptions

app = typer.Typer(
    help="Hints of changed customers from both systems; schedules remain the truth.", no_args_is_help=True
)

_SELECTED = "synchronize-selected-customers/synchronize-selected-customers"
_EVERYBODY = "synchronize-customers/synchronize-customers"


@app.command()
def serve(
    setup: SetupOption = DEFAULT_SETUP,
    host: Annotated[
        str, typer.Option(help="Address to listen at; a proxy with a certificate belongs in front.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8765,
    certificate: Annotated[Path | None, typer.Option(help="PEM file, if no proxy in front has one.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None,
    deployment: Annotated[
        str,
        typer.Option(help=f"Let a worker carry out selected runs: FLOW/NAME, e.g. {_SELECTED}. Needs PREFECT_API_URL."),
    ] = "",
    deployment_of_all: Annotated[str, typer.Option(help="Likewise, of runs over all customers.")] = _EVERYBODY,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Receive webhooks, and run the customers that they name, until Ctrl-C.

    Example: WEBHOOK_SECRET=… customer-sync webhooks serve --port 8765
    """
    from connector.run.seen_lately import SeenLately
    from connector.webhooks.serving import Listening

    with terminal.reported(as_json):
        made = setup_of(setup)
        secret = made.webhooks.resolved_secret()
        if deployment and not os.environ.get("PREFECT_API_URL"):
            raise InputError("A deployment needs a Prefect server.", hint="export PREFECT_API_URL=http://…/api")
        _log_to_standard_error()
        lately = SeenLately()
        start = _start_of(
            full_name(str(setup)), deployment, deployment_of_all, prefect=on_prefect(made, prefect), lately=lately
        )
        _serve(made, secret, start, Listening(host, port, certificate, key), as_json, lately)


def _serve(made: Setup, secret: str, start: StartRun, listening: Listening, as_json: bool, lately: SeenLately) -> None:
    from connector.store import open_store
    from connector.webhooks.app import BUSINESS_CENTRAL, WOOCOMMERCE, path_of
    from connector.webhooks.serving import Renewal, app_of, bound_socket, receiving, server_of

    store = open_store(made.store.url)
    bound = bound_socket(listening)
    try:
        with receiving(made, store, secret, start, lately) as (receiver, _):
            server = server_of(app_of(receiver, made, store), listening)
            renewal = Renewal(made, store, secret, _log_done)

            def renew() -> None:
                while not server.started and not server.should_exit:
                    time.sleep(0.05)
                renewal.run()

            keeper = threading.Thread(target=renew, name="renewal", daemon=True)
            keeper.start()
            scheme = "https" if listening.certificate else "http"
            address = f"{scheme}://{listening.host}:{bound.getsockname()[1]}"
            paths = [path_of(made.webstore_code, sender) for sender in (WOOCOMMERCE, BUSINESS_CENTRAL)]
            if as_json:
                terminal.print_json({"listening": address, "public_url": made.webhooks.public_url, "paths": paths})
            else:
                terminal.say(
                    f"Receiving at {address}, for {made.webhooks.public_url or '(no public_url)'}: {', '.join(paths)}"
                )
            sys.stdout.flush()  # whoever waits for this line reads a file or a pipe
            for number in (signal.SIGINT, signal.SIGTERM):
                # the server passes on what ended it; by itself that would end the process in the middle of a run
                signal.signal(number, _end)
            try:
                server.run(sockets=[bound])
            finally:
                renewal.stop()
    finally:
        bound.close()
        store.close()


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _start_of(name: str, deployment: str, deployment_of_all: str, *, prefect: bool, lately: SeenLately) -> StartRun:
    """Runs are started by something that imports Prefect, if it is needed, only when the first one is due."""

    def start(customers: Sequence[str] | None) -> None:
        from flows import webhook_runs

        if deployment or prefect:
            running.prepare_prefect()
        if deployment:
            run = webhook_runs.by_deployment(name, deployment, deployment_of_all)
        else:
            run = webhook_runs.as_flow_runs(name) if prefect else webhook_runs.in_this_process(name, lately)
        run(customers)

    return start


def _log_to_standard_error() -> None:
    from connector.clients import RedactingFilter

    handler = logging.StreamHandler()
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("connector.webhooks")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _log_done(done: Done) -> None:
    logger = logging.getLogger("connector.webhooks")
    if done.problem:
        logger.warning("webhooks: %s %s: %s", done.system, done.what, done.problem)
    else:
        logger.info("webhooks: %s %s: %s %s", done.system, done.what, done.action, done.expires)


@app.command()
def subscribe(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Ask both systems to tell of changed customers; again after the secret has changed. `webhooks serve` must be running.

    Business Central's subscription ends after three days; a running `webhooks serve` renews it in time.

    Example: customer-sync webhooks subscribe
    """
    _do(setup, as_json, lambda subscriptions: subscriptions.subscribe(), wanted=True)


@app.command()
def renew(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """Renew the subscriptions now, and make or wake those that a system has dropped or switched off.

    Example: customer-sync webhooks renew
    """
    _do(setup, as_json, lambda subscriptions: subscriptions.renew(), wanted=True)


@app.command()
def unsubscribe(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """End the subscriptions that lead to this receiver.

    Example: customer-sync webhooks unsubscribe
    """
    _do(setup, as_json, lambda subscriptions: subscriptions.unsubscribe(), wanted=False)


@app.command("list")
def list_(setup: SetupOption = DEFAULT_SETUP, as_json: JsonOption = False) -> None:
    """List the subscriptions of both systems, what was received, and what waits for a run.

    Example: customer-sync webhooks list --json
    """
    with terminal.reported(as_json):
        with _subscriptions(setup) as (made, subscriptions):
            rows = subscriptions.listed()
        with opened_view(made) as view:
            counters, waiting = view.webhooks.counters(), view.webhooks.waiting()
    received = {name: count for name, (count, _) in counters.items()}
    if as_json:
        terminal.print_json({"subscriptions": rows, "received": received, "waiting": waiting.count if waiting else 0})
        return
    columns = ["system", "id", "what", "status", "expires", "mine", "address"]
    terminal.show_rows(rows, columns, as_json=False, empty="There are no subscriptions.")
    terminal.print_table(["", "times", "last"], [[n, c, f"{at:%Y-%m-%d %H:%M:%S}"] for n, (c, at) in counters.items()])
    terminal.say(f"{waiting.count if waiting else 0} changed customers wait for a run.")


@contextmanager
def _subscriptions(setup: Path) -> Iterator[tuple[Setup, Subscriptions]]:
    from connector.webhooks.serving import subscriptions_of

    made = setup_of(setup)
    with subscriptions_of(made, made.webhooks.resolved_secret()) as subscriptions:
        yield made, subscriptions


def _do(setup: Path, as_json: bool, act: Callable[[Subscriptions], list[Done]], *, wanted: bool) -> None:
    from connector.webhooks.serving import WANTED

    with terminal.reported(as_json), _subscriptions(setup) as (made, subscriptions):
        with opened_store(made) as (_, store), store.work(made.webstore_code) as work:
            # first of all: whoever ends subscriptions must not have them renewed meanwhile
            work.watermarks.set(WANTED, made.webhooks.public_url if wanted else "")
        done = act(subscriptions)
    rows: list[dict[str, Any]] = [vars(one) for one in done]
    terminal.show_rows(
        rows, ["system", "what", "action", "expires", "problem"], as_json=as_json, empty="There was nothing to do."
    )
    if any(one.problem for one in done):
        raise typer.Exit(3)
