"""The readiness report: read both systems, look what is in them, write nothing."""

from __future__ import annotations

from prefect import flow

from connector.core.counting import counted
from connector.pipeline import assess_readiness
from flows.flow_run import THREADS
from flows.naming import run_name
from flows.outcomes import HOOKS, Told, concluded
from flows.prefect_runtime import PrefectRuntime
from flows.run_tags import setup_of_run
from flows.setup_choice import SetupChoice

__all__ = ["readiness"]


@flow(name="readiness", flow_run_name=run_name("readiness of {setup}"), task_runner=THREADS, **HOOKS)
def readiness(setup: SetupChoice = "setup.toml") -> Told:
    """Say what the first synchronisation would meet and do. Writes nothing in either system.

    Args:
        setup: The webstore: its WooCommerce Connector Setup block, or a setup file (….toml).
    """

    def body() -> Told:
        made = setup_of_run(setup)
        report = assess_readiness(made, PrefectRuntime(made))
        found = sum(1 for check in report["checks"] if check["count"])
        return Told(f"{counted(found, 'finding')}; nothing was written.", report)

    return concluded(setup, body)  # type: ignore[no-any-return]
