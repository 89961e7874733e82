"""How webhooks start runs: in this process, as flow runs of this process, or as runs of a deployment that a worker carries out.

Prefect is imported where it is needed only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connector.errors import CustomerSyncError, InputError, RemoteTrouble
from connector.pipeline import carry_out
from connector.run.request import RunRequest
from connector.run.run import Starter, started_by
from connector.run.seen_lately import SeenLately
from connector.run.setup_source import setup_of
from connector.runtime import Runtime
from connector.webhooks.dispatching import StartRun

__all__ = ["as_flow_runs", "by_deployment", "in_this_process"]

_ACTOR = "webhooks"


def in_this_process(setup: str, lately: SeenLately | None = None) -> StartRun:
    """Runs that this process carries out, one after the other. They count as scheduled: holds bind them.

    Args:
        setup: name of a block, or path of a file. It is read anew for every run.
        lately: what the process has seen of both systems, which the run need not ask for again.
    """

    def start(customers: Sequence[str] | None) -> None:
        runtime = Runtime(actor=_ACTOR, scheduled=True, lately=lately)
        try:
            carry_out(RunRequest(setup_of(Path(setup)), None if customers is None else tuple(customers)), runtime)
        finally:
            runtime.close()

    return start


def as_flow_runs(setup: str) -> StartRun:
    """The same as flow runs of the Prefect server that is configured; further as in `in_this_process`."""
    from flows.synchronize_customers import synchronize_customers, synchronize_selected_customers

    def start(customers: Sequence[str] | None) -> None:
        token = started_by.set(Starter(_ACTOR, scheduled=True))
        try:
            if customers is None:
                state = synchronize_customers(setup=setup, return_state=True)
            else:
                state = synchronize_selected_customers(list(customers), setup=setup, return_state=True)
            result: Any = state.result(raise_on_failure=False)
        except Exception as error:
            raise _not_started(error) from error
        finally:
            started_by.reset(token)
        if isinstance(result, CustomerSyncError):
            raise result
        if isinstance(result, BaseException):
            raise _not_started(result) from result

    return start


def by_deployment(setup: str, selected: str, everybody: str) -> StartRun:
    """Runs that are handed to the Prefect server, which keeps them until a worker has carried them out.

    Args:
        selected, everybody: deployments as FLOW/NAME.
    """
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    from flows.flow_run import SCHEDULED
    from flows.run_tags import starting_tags

    def start(customers: Sequence[str] | None) -> None:
        name = everybody if customers is None else selected
        parameters = {"setup": setup} | ({} if customers is None else {"customers": list(customers)})
        tags = starting_tags(name.partition("/")[0], more=[SCHEDULED, _ACTOR])
        try:
            run_deployment(name, parameters=parameters, timeout=0, as_subflow=False, tags=tags)
        except ObjectNotFound:
            raise InputError(f"There is no deployment {name}.", hint="Deploy with customer-sync deploy.") from None
        except Exception as error:
            raise _not_started(error) from error

    return start


def _not_started(error: BaseException) -> RemoteTrouble:
    """Whatever keeps Prefect from running a flow may pass: its server is restarted, its database is busy."""
    return RemoteTrouble(
        f"The run could not be carried out ({type(error).__name__}: {str(error)[:200]}).", system="prefect"
    )
