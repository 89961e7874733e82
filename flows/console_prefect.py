"""The console's Prefect server: runs that its deployments carry out, plans that wait there, and setups that are its blocks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.filters import FlowRunFilterStateType as StateType
from prefect.client.schemas.objects import StateType as Type
from prefect.client.schemas.responses import SetStateStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_UI_URL
from pydantic import BaseModel, ValidationError

from connector.errors import CustomerSyncError, InputError, Overtaken, RemoteTrouble, SetupError
from connector.run.request import Answer
from connector.setup import UnresolvedSecrets
from flows.blocks import ConnectorSetup
from flows.flow_run import BY
from flows.forms import Decision, PlanApproval
from flows.own_schedule import SYNCHRONIZE
from flows.run_tags import starting_tags
from flows.setup_choice import chosen_name
from flows.setup_paths import full_name
from flows.setups import load_block

__all__ = ["ConsoleBlocks", "ConsolePrefect"]

SELECTED = "synchronize-selected-customers/synchronize-selected-customers"
# the page of the webstores asks each time
_FRESH_SECONDS = 10.0
_MOST_RUNS = 200
_log = logging.getLogger("console.prefect")


class ConsolePrefect:
    """The server that this process's settings name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: dict[str, datetime] = {}
        self._asked = float("-inf")

    def start(
        self,
        setup: str,
        *,
        customers: list[str] | None,
        dry_run: bool,
        approved_plan: str | None,
        leave_out: list[str],
        actor: str,
    ) -> str:
        """Start a run of a deployment; a worker carries it out.

        Returns:
            The address at which it is seen.

        Raises:
            InputError: there is no such deployment.
            RemoteTrouble: the server cannot be reached.
        """
        name = SYNCHRONIZE if customers is None else SELECTED
        parameters: dict[str, Any] = {"setup": full_name(setup), "dry_run": dry_run}
        parameters |= {} if customers is None else {"customers": customers}
        if approved_plan is not None:
            parameters |= {"approved_plan": approved_plan, "leave_out": leave_out}
        with _told():
            try:
                run: Any = run_deployment(
                    name,
                    parameters=parameters,
                    timeout=0,
                    as_subflow=False,
                    tags=starting_tags(name.partition("/")[0], dry_run=dry_run, more=[f"{BY}{actor}"]),
                )
            except ObjectNotFound:
                raise InputError(f"There is no deployment {name}.", hint="Deploy with customer-sync deploy.") from None
        return f"{(PREFECT_UI_URL.value() or '').rstrip('/')}/runs/flow-run/{run.id}"

    def answer(self, run_id: str, answer: Answer) -> bool:
        """Fill in the form of a run that waits; False = this server has no such run.

        Raises:
            InputError: it does not wait any more.
            RemoteTrouble: the server cannot be reached.
        """
        try:
            wanted = UUID(run_id)
        except ValueError:
            return False
        decision = Decision.APPROVE if answer.approved else Decision.REJECT
        form = PlanApproval(decision=decision, leave_out="\n".join(answer.leave_out), name=answer.by)
        with _told(), get_client(sync_client=True) as client:
            try:
                run = client.read_flow_run(wanted)
            except ObjectNotFound:
                return False
            if run.state is None or not run.state.is_paused():
                state = "unknown" if run.state is None else run.state.name
                raise InputError(f"The run does not wait in Prefect any more: it is {state}. Nothing was answered.")
            told = client.resume_flow_run(wanted, run_input=form.model_dump(mode="json"))
        if told.status is not SetStateStatus.ACCEPT:
            reason = getattr(told.details, "reason", "") or "it gave no reason"
            raise InputError(f"Prefect has refused the answer: {reason}.", hint="Look at the run in the Prefect UI.")
        return True

    def next_run(self, setup: str) -> datetime | None:
        """When the next scheduled run is due; None = none is, or the server does not tell."""
        with self._lock:
            if time.monotonic() - self._asked > _FRESH_SECONDS:
                self._asked = time.monotonic()
                try:
                    self._due = _scheduled()
                except CustomerSyncError as error:
                    _log.warning("the schedule is not known: %s", error)
                    self._due = {}
            return self._due.get(full_name(setup))


def _scheduled() -> dict[str, datetime]:
    """When each setup is synchronised next."""
    with _told(), get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(SYNCHRONIZE)
        except ObjectNotFound:
            return {}
        due = _due(client, deployment.id)
    filled = (deployment.parameters or {}).get("setup", "")
    found: dict[str, datetime] = {}
    names: dict[str, str] = {}
    for parameters, at in due:
        given = parameters.get("setup") or filled
        if str(given) not in names:  # asking for a block's name costs a request
            names[str(given)] = full_name(chosen_name(given))
        found.setdefault(names[str(given)], at)
    return found


def _due(client: SyncPrefectClient, deployment: UUID) -> list[tuple[Mapping[str, Any], datetime]]:
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=StateType(any_=[Type.SCHEDULED]))),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=_MOST_RUNS,
    )
    return [(run.parameters, run.expected_start_time) for run in runs if run.auto_scheduled and run.expected_start_time]


class ConsoleBlocks:
    """Setups that are blocks, changed as `customer-sync setup push` writes them."""

    def change(self, name: str, values: Mapping[str, tuple[object, object]]) -> None:
        """Change some settings of a block; its credentials stay as they are.

        Args:
            values: path of a setting → what it says now, and what it shall say.

        Raises:
            Overtaken: it says something else by now; nothing was changed.
            SetupError: there is no such block, or it could not work.
            RemoteTrouble: the server cannot be reached.
        """
        with _told():
            block = load_block(name)
            said = block.setup(UnresolvedSecrets())
            found = {path: _plain(_at(said, path)) for path in values}
            other = [f"{path} is {found[path]} by now" for path, (before, _) in values.items() if found[path] != before]
            if other:
                raise Overtaken(
                    "Somebody changed the block after you looked at it. Nothing was changed.", version=0, problems=other,
                    hint="Look at it again.",
                )  # fmt: skip
            for section in {path.partition(".")[0] for path in values}:
                mine = {path: after for path, (_, after) in values.items() if path.startswith(f"{section}.")}
                _change(block, section, mine)
            block.setup(UnresolvedSecrets())  # says what could not work
            block.save(name, overwrite=True)


def _at(model: BaseModel, path: str) -> Any:
    found: Any = model
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _plain(value: Any) -> Any:
    """A choice as the text that forms hold."""
    return value if isinstance(value, bool | int) else str(value)


def _change(block: ConnectorSetup, section: str, values: Mapping[str, object]) -> None:
    """Change some settings of a section; of one that is as it ships, these alone stand there afterwards."""
    document = block.document(with_secrets=False).get(section, {})
    for path, value in values.items():
        _, *inner, name = path.split(".")
        place = document
        for part in inner:
            place = place.setdefault(part, {})
        place[name] = value
    try:
        made = type(block).model_validate({**dict(block), section: document})
    except ValidationError as error:
        problems = [str(item["msg"]) for item in error.errors(include_url=False, include_input=False)]
        raise SetupError("Such a setup cannot work. Nothing was changed.", problems=problems) from None
    setattr(block, section, getattr(made, section))


@contextmanager
def _told() -> Iterator[None]:
    """Whatever the server's trouble is becomes an error of ours."""
    try:
        yield
    except CustomerSyncError:
        raise
    except Exception as error:
        raise RemoteTrouble(
            f"The Prefect server could not be asked ({type(error).__name__}: {str(error)[:200]}).", system="prefect"
        ) from error
