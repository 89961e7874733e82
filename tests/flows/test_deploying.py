"""Deploying: no schedule begins by itself, and what people changed in the UI stays, or is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.objects import CreatedBy
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.settings import PREFECT_API_URL
from typer.testing import CliRunner

from connector.errors import SetupError
from flows.automations import NOTIFY
from flows.cli import app
from flows.deployed import fill_in
from flows.deployments import FLOWS, PURGE, planned_schedules
from flows.own_schedule import SYNCHRONIZE, begin_schedule, change_schedule
from flows.purge_activity_log import purge_activity_log
from flows.schedules import keep_schedules
from flows.serve import deployments_of, prepared
from flows.setup_choice import reference_to
from flows.setups import push_setup
from tests.servers.prefect import prefect_here
from tests.unit.flows.test_deployments import written

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_here():
        yield


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    """A server on which nothing is deployed."""
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            client.delete_deployment(deployment.id)
        yield client


def deploy(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
    done = CliRunner().invoke(app, ["deploy", "--folder", str(ROOT), *arguments])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def schedules(client: SyncPrefectClient, name: str = SYNCHRONIZE) -> list[tuple[Any, ...]]:
    deployment = client.read_deployment_by_name(name)
    found = client.read_deployment_schedules(deployment.id)
    return sorted((str(one.slug), one.active, one.parameters) for one in found)


def test_deploying_begins_nothing_and_keeps_what_was_changed_in_the_ui(
    client: SyncPrefectClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = deploy(monkeypatch)
    assert "no schedule was made" in told
    assert f"made, switched off: the automation '{NOTIFY}'" in told
    assert [one.enabled for one in client.read_automations_by_name(NOTIFY)] == [False]
    assert not [schedule for one in client.read_deployments() for schedule in one.schedules]
    for flow in FLOWS:
        words = client.read_deployment_by_name(f"{flow.name}/{flow.name}").description or ""
        assert len(words) > 30
        assert "Args:" not in words

    setup = written(tmp_path, "shop", 30, "true")
    told = " ".join(keep_schedules(planned_schedules([str(setup)]), folder=ROOT))
    assert fill_in(str(setup), ROOT) == []
    assert schedules(client) == [("shop", False, {"setup": str(setup)})]
    assert schedules(client, PURGE) == [("shop", True, {"setup": str(setup)})]
    assert "switched off until a first run by hand" in told

    # what a person does in the UI
    mine = client.read_deployment_by_name(SYNCHRONIZE)
    hourly = IntervalSchedule(interval=timedelta(hours=1), timezone="Europe/Oslo")
    parameters = {"setup": str(setup), "overrides": {"push": "None"}}
    client.update_deployment_schedule(
        mine.id, mine.schedules[0].id, active=True, schedule=hourly, parameters=parameters
    )
    undo = client.read_deployment_by_name("undo-run/undo-run")
    changed = {"tags": ["customer-sync", "careful"], "description": "Ask Ada first.", "concurrency_limit": 1}
    client.update_deployment(
        undo.id, DeploymentUpdate(**changed, parameters={**undo.parameters, "dry_run": True}, paused=True)
    )
    (automation,) = client.read_automations_by_name("synchronize the customers that an event names")
    client.pause_automation(automation.id)

    told = deploy(monkeypatch, "--setup", str(setup))
    assert schedules(client) == [("shop", True, parameters)]
    assert client.read_deployment_by_name(SYNCHRONIZE).schedules[0].schedule.interval == timedelta(hours=1)
    assert "shop: synchronize-customers runs every 60 minutes, kept; the setup says runs every 30 minutes" in told
    kept = client.read_deployment_by_name("undo-run/undo-run")
    assert (sorted(kept.tags), kept.description, kept.paused) == (["careful", "customer-sync"], "Ask Ada first.", True)
    assert kept.global_concurrency_limit.limit == 1
    assert kept.parameters == {"setup": str(setup), "dry_run": True}
    assert "kept: undo-run:" in told
    (automation,) = client.read_automations_by_name("synchronize the customers that an event names")
    assert not automation.enabled

    told = deploy(monkeypatch, "--setup", str(setup), "--reset", "--yes")
    assert told.index("every 60 minutes → runs every 30 minutes") < told.index("deployments are on the server")
    assert schedules(client) == [("shop", True, parameters)], (
        "whether it is on is a person's, and so are its parameters"
    )
    undone = client.read_deployment_by_name("undo-run/undo-run")
    assert (undone.tags, undone.parameters, undone.paused) == (["customer-sync"], {"setup": str(setup)}, False)

    setup.unlink()
    told = " ".join(keep_schedules([], folder=ROOT))
    assert f"shop: synchronize-customers switched off, for its setup {setup} is not there" in told
    assert [active for _, active, _ in schedules(client) + schedules(client, PURGE)] == [False, False]


def made_here(client: SyncPrefectClient) -> None:
    for deployment in deployments_of():
        deployment.apply()


def test_a_schedule_begins_with_a_first_run_by_hand_but_not_after_somebody_used_its_switch(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    assert begin_schedule("shop") == "", "nothing is deployed"
    made_here(client)
    planned = planned_schedules([str(written(tmp_path, "shop", 30, "true"))])
    keep_schedules(planned, folder=tmp_path)
    assert begin_schedule("outlet") == ""
    assert begin_schedule("shop") == "From now on it runs every 30 minutes; its deployment has the switch."
    assert [active for _, active, _ in schedules(client)] == [True]
    assert begin_schedule("shop") == ""
    mine = client.read_deployment_by_name(SYNCHRONIZE)
    change_schedule(client, mine.id, mine.schedules[0], active=False)
    assert begin_schedule("shop") == "", "somebody has switched it off"
    assert keep_schedules(planned, folder=tmp_path) == []
    assert [active for _, active, _ in schedules(client)] == [False]
    assert "switched on" in keep_schedules(planned, folder=tmp_path, activate=True)[0]
    assert [active for _, active, _ in schedules(client)] == [True]


def test_a_schedule_that_lost_its_setup_makes_no_run_of_another_webstore(
    client: SyncPrefectClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`prefect deployment schedule resume` sends nothing but the switch, and the server forgets the parameters."""
    for name in ("KEY", "SECRET", "PASSWORD"):
        monkeypatch.setenv(name, "secret")
    shop, outlet = (written(tmp_path, name, 30, "true") for name in ("shop", "outlet"))
    push_setup(outlet, "outlet")
    made_here(client)
    planned = planned_schedules([str(shop), "outlet"])
    keep_schedules(planned, folder=tmp_path)
    mine = client.read_deployment_by_name(SYNCHRONIZE)
    (schedule,) = [one for one in mine.schedules if one.slug == "outlet"]
    client.update_deployment_schedule(mine.id, schedule.id, active=True)
    assert ("outlet", True, {}) in schedules(client), "when Prefect mends this the check can go"

    made_by = {"schedule": CreatedBy(id=schedule.id, type="SCHEDULE", display_value="outlet")}
    made_by |= {"own": CreatedBy(id=schedule.id, type="SCHEDULE", display_value="every morning"), "person": None}
    for who, maker in made_by.items():
        run = SimpleNamespace(created_by=maker, deployment_id=mine.id)
        monkeypatch.setattr("flows.own_schedule.this_run", lambda run=run: run)
        state = purge_activity_log(setup=str(shop), return_state=True)
        assert ("The schedule of webstore outlet had lost its setup" in str(state.message)) is (who == "schedule")
        assert ("outlet", True, {"setup": "outlet"}) in schedules(client), "the first of them gave it back"

    client.update_deployment_schedule(mine.id, schedule.id, active=False)
    assert "outlet" in keep_schedules(planned, folder=tmp_path)[0]
    assert ("outlet", False, {"setup": "outlet"}) in schedules(client)


@pytest.mark.parametrize("active", [True, False])
def test_a_schedule_of_an_earlier_version_is_that_of_its_webstore(
    client: SyncPrefectClient, tmp_path: Path, active: bool
) -> None:
    """It had no name of a webstore, and its setup was that of the form."""
    setup = written(tmp_path, "shop", 15, "true").rename(tmp_path / "setup.toml")
    made_here(client)
    mine = client.read_deployment_by_name(SYNCHRONIZE)
    quarter = IntervalSchedule(interval=timedelta(minutes=15))
    client.create_deployment_schedules(
        mine.id, [DeploymentScheduleCreate(schedule=quarter, active=active, slug="every-15-minutes")]
    )
    told = keep_schedules(planned_schedules([str(setup)]), folder=tmp_path)
    assert schedules(client) == [("shop", active, {"setup": str(setup)})]
    assert told[0] == f"shop: synchronize-customers with setup setup.toml → {setup}"


def test_a_setup_that_was_renamed_or_became_a_block_goes_on_with_its_schedule_and_two_schedules_are_told(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    made_here(client)
    old = written(tmp_path, "shop", 30, "true")
    keep_schedules(planned_schedules([str(old)]), folder=tmp_path, activate=True)
    push_setup(old, "harbour")
    old.unlink()
    told = keep_schedules(planned_schedules(["harbour"]), folder=tmp_path)
    assert told[0] == f"shop: synchronize-customers with setup {old} → harbour"
    assert schedules(client) == [("shop", True, {"setup": "harbour"})]
    # somebody makes another one in the UI, with the block that the form offers
    mine = client.read_deployment_by_name(SYNCHRONIZE)
    daily = IntervalSchedule(interval=timedelta(days=1))
    client.create_deployment_schedules(
        mine.id, [DeploymentScheduleCreate(schedule=daily, active=True, parameters={"setup": reference_to("harbour")})]
    )
    told = keep_schedules(planned_schedules(["harbour"]), folder=tmp_path)
    assert "switched off, for webstore shop has another schedule" in " ".join(told)
    assert sorted(one[1] for one in schedules(client)) == [False, True]


def test_serving_begins_nothing_keeps_changes_and_refuses_a_setup_that_is_not_there(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match="no setup file"):
        prepared([str(tmp_path / "setup.toml")])
    assert client.read_deployments() == []
    setup = str(written(tmp_path, "shop", 30, "true"))
    prepared([setup])
    assert schedules(client) == [("shop", False, {"setup": setup})]
    mine = client.read_deployment_by_name(SYNCHRONIZE)
    change_schedule(client, mine.id, mine.schedules[0], active=True)
    client.update_deployment(
        mine.id, DeploymentUpdate(tags=["customer-sync", "careful"], parameters={"setup": setup, "dry_run": True})
    )
    deployments, told = prepared([setup])
    assert "kept: synchronize-customers: tags ['careful', 'customer-sync']" in told[0]
    for deployment in deployments:  # as Prefect's serve does
        deployment.apply()
    mine = client.read_deployment_by_name(SYNCHRONIZE)
    assert sorted(mine.tags) == ["careful", "customer-sync"]
    assert mine.parameters == {"setup": setup, "dry_run": True}
    assert schedules(client) == [("shop", True, {"setup": setup})]


def test_a_setup_that_is_not_enabled_is_not_switched_on(client: SyncPrefectClient, tmp_path: Path) -> None:
    made_here(client)
    planned = planned_schedules([str(written(tmp_path, "shop", 30, "false"))])
    told = keep_schedules(planned, folder=tmp_path, activate=True)
    assert "enabled = false" in " ".join(told)
    assert [active for _, active, _ in schedules(client)] == [False]
