"""The schedules on the server: begun when a person says so, and kept as people have changed them.

What stands on the server wins. Deploying makes what is missing, mends what leads nowhere, and tells of everything that is other
than a setup says; it takes the setups' word only when it is told to (`reset`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.deployments.schedules import create_deployment_schedule_create
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Schedule

from connector.errors import CustomerSyncError
from flows.deployments import PURGE, Planned
from flows.own_schedule import SYNCHRONIZE, change_schedule, in_words
from flows.setup_choice import chosen_name, is_there
from flows.setup_paths import full_name, is_file
from flows.setups import resolve_setup

__all__ = ["keep_schedules"]


def keep_schedules(
    planned: Sequence[Planned], *, folder: Path, activate: bool = False, reset: bool = False, dry_run: bool = False
) -> list[str]:
    """Give every planned webstore its schedules, and switch off those whose setup is not there.

    Args:
        folder: where workers run the flows; relative names of files count from it.
        activate: switch the planned synchronisations on.
        reset: times and setups become those of the setups again.
        dry_run: change nothing; say only what `reset` would undo.

    Returns:
        What was made, changed, kept against a setup, or found wrong, in words.
    """
    told: list[str] = []
    with get_client(sync_client=True) as client:
        for name, schedule_of in ((SYNCHRONIZE, _synchronize), (PURGE, _purge)):
            try:
                deployment = client.read_deployment_by_name(name)
            except ObjectNotFound:
                continue
            filled = (deployment.parameters or {}).get("setup", "setup.toml")
            keeper = _Keeper(client, deployment.id, name.partition("/")[0], filled, folder, dry_run)
            told += keeper.keep(planned, schedule_of, activate=activate and name == SYNCHRONIZE, reset=reset)
    return told


def _synchronize(one: Planned) -> Schedule:
    return one.synchronize


def _purge(one: Planned) -> Schedule:
    return one.purge


class _Keeper:
    """The schedules of one deployment."""

    def __init__(
        self, client: SyncPrefectClient, deployment: UUID, flow: str, filled: Any, folder: Path, dry_run: bool
    ) -> None:
        self._client, self._deployment, self._flow = client, deployment, flow
        self._filled, self._folder, self._dry_run = filled, folder, dry_run
        self._left = list(client.read_deployment_schedules(deployment))
        self._told: list[str] = []

    def keep(
        self, planned: Iterable[Planned], schedule_of: Callable[[Planned], Schedule], *, activate: bool, reset: bool
    ) -> list[str]:
        """See `keep_schedules`."""
        for one in planned:
            mine = [found for found in self._left if self._is_of(found, one)]
            mine.sort(key=lambda found: found.slug != one.webstore_code)
            self._left = [found for found in self._left if found not in mine]
            if not mine:
                self._make(one, schedule_of(one), activate=activate)
                continue
            self._adjust(mine[0], one, schedule_of(one), activate=activate, reset=reset)
            for double in mine[1:]:
                self._switch_off(double, f"webstore {one.webstore_code} has another schedule")
        for other in self._left:
            setup = self._setup_of(other)
            if not is_there(setup, self._folder):
                self._switch_off(other, f"its setup {chosen_name(setup)} is not there")
        return self._told

    def _setup_of(self, schedule: DeploymentSchedule) -> Any:
        return schedule.parameters.get("setup") or self._filled

    def _is_of(self, schedule: DeploymentSchedule, one: Planned) -> bool:
        """Whether a schedule is about a webstore: by its name, by its setup's, or because that setup says so."""
        setup = self._setup_of(schedule)
        if schedule.slug == one.webstore_code or self._full(setup) == one.setup:
            return True
        try:
            return resolve_setup(setup, with_secrets=False).webstore_code == one.webstore_code
        except CustomerSyncError:
            return False

    def _full(self, setup: Any) -> str:
        name = chosen_name(setup)
        return str((self._folder / name).resolve()) if is_file(name) else full_name(name)

    def _make(self, one: Planned, schedule: Schedule, *, activate: bool) -> None:
        made = create_deployment_schedule_create(schedule)
        made.active = bool(made.active or (activate and one.enabled))
        self._say(f"{one.webstore_code}: {self._flow} {in_words(made.schedule)}, {_on_or_off(made.active)}")
        if activate and not one.enabled:
            self._say(f"{one.webstore_code}: not switched on, for its setup says enabled = false")
        if not self._dry_run:
            self._client.create_deployment_schedules(self._deployment, [made])

    def _adjust(
        self, found: DeploymentSchedule, one: Planned, schedule: Schedule, *, activate: bool, reset: bool
    ) -> None:
        code, wanted = one.webstore_code, create_deployment_schedule_create(schedule).schedule
        changes: dict[str, Any] = {} if found.slug == code else {"slug": code}
        setup = found.parameters.get("setup")
        if setup is None or self._full(setup) != one.setup:
            changes["parameters"] = {**found.parameters, "setup": one.setup}
            self._say(f"{code}: {self._flow} with setup {chosen_name(setup or self._filled)} → {one.setup}")
        if _rhythm(found.schedule) != _rhythm(wanted):
            said = f"{code}: {self._flow} {in_words(found.schedule)}"
            if reset:
                changes["schedule"] = wanted
                self._say(f"{said} → {in_words(wanted)}, as the setup says", undoes=True)
            else:
                self._say(f"{said}, kept; the setup says {in_words(wanted)} (--reset takes it)")
        if activate and one.enabled and not found.active:
            changes["active"] = True
            self._say(f"{code}: {self._flow} {in_words(found.schedule)}, switched on")
        if activate and not one.enabled:
            self._say(f"{code}: not switched on, for its setup says enabled = false")
        if changes and not self._dry_run:
            change_schedule(self._client, self._deployment, found, **changes)

    def _switch_off(self, schedule: DeploymentSchedule, why: str) -> None:
        if not schedule.active:
            return
        self._say(f"{schedule.slug or 'a schedule'}: {self._flow} switched off, for {why}")
        if not self._dry_run:
            change_schedule(self._client, self._deployment, schedule, active=False)

    def _say(self, line: str, *, undoes: bool = False) -> None:
        """Of a dry run only what would be undone is told."""
        if undoes or not self._dry_run:
            self._told.append(line)


def _rhythm(schedule: Any) -> tuple[Any, ...]:
    """When a schedule runs, without the day from which it counts."""
    if isinstance(schedule, IntervalSchedule):
        # below a day the zone makes no difference
        return schedule.interval, schedule.timezone if schedule.interval >= timedelta(days=1) else ""
    if isinstance(schedule, CronSchedule):
        return schedule.cron, schedule.timezone or "UTC"
    return (str(schedule),)


def _on_or_off(active: bool) -> str:
    return (
        "switched on"
        if active
        else "switched off until a first run by hand, the switch of its deployment, or --activate"
    )
