"""The flow that synchronises several webstores: one run of synchronize-customers for each of them."""

from __future__ import annotations

from typing import Any

from prefect import flow, unmapped

from connector.errors import InputError
from flows.flow_run import BY, SCHEDULED, THREADS, name_given, trigger_of_run
from flows.naming import run_name
from flows.outcomes import Told, concluded
from flows.overrides import Overrides, customers_given
from flows.run_tags import starting_tags
from flows.setups import setup_blocks
from tasks.webstores import start_webstore

__all__ = ["synchronize_all_webstores"]


@flow(
    name="synchronize-all-webstores", flow_run_name=run_name("synchronize the customers of several webstores"),
    task_runner=THREADS,
)  # fmt: skip
def synchronize_all_webstores(
    setups: str | list[str] | None = None,
    dry_run: bool = False,
    overrides: Overrides = Overrides(),  # noqa: B008
    deployment: str = "synchronize-customers/synchronize-customers",
    wait: bool = False,
    your_name: str = "",
) -> Told:
    """Start a run of synchronize-customers for every webstore, each with its own state, plan and approval.

    Args:
        setups: Names of WooCommerce Connector Setup blocks, or setup files (….toml). None or left empty = all blocks.
        dry_run: Make the plans and show them; write nothing.
        overrides: What these runs do otherwise than the setups say.
        deployment: The deployment that synchronises one webstore.
        wait: Wait until all of them have ended; this run fails when one of them fails.
        your_name: Your name; it stands in versions and logs, and where the runs are shown. Left empty = whom Prefect knows.
    """

    def body() -> Any:
        nothing = "No webstore was named; nothing was started."
        names = setup_blocks() if setups is None else customers_given(setups, nothing)
        if not names:
            raise InputError(
                "There is no WooCommerce Connector Setup block.", hint="Make one: customer-sync setup push NAME."
            )
        started = start_webstore.map(
            names,
            unmapped(deployment),
            dry_run=unmapped(dry_run),
            overrides=unmapped(overrides.model_dump(mode="json")),
            tags=unmapped(_tags(dry_run, your_name)),
            wait=unmapped(wait),
        )
        states = {name: future.result() for name, future in zip(names, started, strict=True)}
        failed = [f"{name}: {message}" for name, (fine, message) in states.items() if not fine]
        told = "; ".join(f"{name}: {message}" for name, (_, message) in states.items())
        return Told(told, states, InputError("; ".join(failed)) if failed else None)

    return concluded("several webstores", body)  # type: ignore[no-any-return]


def _tags(dry_run: bool, your_name: str) -> list[str]:
    """What the runs that are started have in common."""
    who = name_given(your_name)
    more = ([SCHEDULED] if trigger_of_run() == "scheduled" else []) + ([f"{BY}{who}"] if who else [])
    return starting_tags("synchronize-customers", dry_run=dry_run, more=more)
