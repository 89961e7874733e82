"""Deploying again without undoing what people changed in the UI.

Prefect's own deploying writes every deployment and its automations anew. So what stands on the server is read before, and
what people may have changed there is put back afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from flows.deployments import FLOWS, TAGS, WHEN
from flows.setup_choice import chosen_name, is_there, reference_to

__all__ = ["Before", "fill_in", "put_back", "what_stands"]


@dataclass
class Before:
    """What people changed of the deployments, before they are deployed again.

    Attributes:
        changed: deployment → what is not as it is deployed, by the name that the API has for it.
        automations: automation that is deployed with a deployment → whether it is switched on.
    """

    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    automations: dict[str, bool] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """What was changed, a line for each deployment."""
        return [f"{name}: {', '.join(_shown(changes))}" for name, changes in self.changed.items() if _shown(changes)]


def what_stands() -> Before:
    """Read what people changed of the deployments that are on the server."""
    before = Before()
    with get_client(sync_client=True) as client:
        for flow in FLOWS:
            try:
                found = client.read_deployment_by_name(f"{flow.name}/{flow.name}")
            except ObjectNotFound:
                continue
            own = {WHEN[flow], flow.description or ""}  # earlier versions deployed the latter
            if changes := _changes(found, own):
                before.changed[flow.name] = changes
            before.automations |= {one.name: one.enabled for one in _automations(client, found)}
    return before


def _changes(found: DeploymentResponse, own_words: set[str]) -> dict[str, Any]:
    limit = found.global_concurrency_limit
    changes: dict[str, Any] = {
        "description": found.description if found.description and found.description not in own_words else None,
        "tags": sorted({*TAGS, *found.tags}) if set(found.tags) - set(TAGS) else None,
        "parameters": found.parameters,
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": found.concurrency_options if limit else None,
        "job_variables": found.job_variables,
        # a process that served it has paused it when it ended
        "paused": True if found.paused and found.work_pool_name else None,
        "enforce_parameter_schema": None if found.enforce_parameter_schema else False,
    }
    return {name: value for name, value in changes.items() if value not in (None, {}, [])}


def _shown(changes: Mapping[str, Any]) -> list[str]:
    """Changes in words; which setup a form is filled in with is no change of a person's."""
    shown = []
    for name, value in changes.items():
        said = {key: one for key, one in value.items() if key != "setup"} if name == "parameters" else value
        if said not in ({}, None) and name != "concurrency_options":
            shown.append(f"{name.replace('_', ' ')} {said if name != 'description' else repr(value[:40])}")
    return shown


def _automations(client: SyncPrefectClient, deployment: DeploymentResponse) -> list[Any]:
    return list(client.read_resource_related_automations(f"prefect.deployment.{deployment.id}"))


def put_back(before: Before) -> None:
    """Give the deployments what people had changed of them, and automations their switches."""
    with get_client(sync_client=True) as client:
        for flow in FLOWS:
            try:
                deployment = client.read_deployment_by_name(f"{flow.name}/{flow.name}")
            except ObjectNotFound:  # it was not reached
                continue
            if changes := before.changed.get(flow.name):
                client.update_deployment(deployment.id, DeploymentUpdate(**changes))
            for one in _automations(client, deployment):
                if before.automations.get(one.name, one.enabled) != one.enabled:
                    (client.pause_automation if one.enabled else client.resume_automation)(one.id)


def fill_in(setup: str, folder: Path) -> list[str]:
    """Fill in the forms with a setup where they have none that is there.

    Args:
        setup: its file or block.
        folder: what a file's relative name counts from.

    Returns:
        Which other setups stand there, in words.
    """
    chosen, others = reference_to(setup) or setup, set()
    with get_client(sync_client=True) as client:
        for flow in FLOWS:
            if "setup" not in flow.parameters.properties:
                continue
            deployment = client.read_deployment_by_name(f"{flow.name}/{flow.name}")
            given = (deployment.parameters or {}).get("setup")
            named = "" if given is None else chosen_name(given)
            if given == chosen:
                continue
            if named and named != setup and is_there(given, folder):
                others.add(named)
                continue
            parameters = {**(deployment.parameters or {}), "setup": chosen}
            client.update_deployment(deployment.id, DeploymentUpdate(parameters=parameters))
    return [f"The forms stay filled in with {other}." for other in sorted(others)]
