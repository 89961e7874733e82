"""What the console does on a real Prefect server with a worker: starting runs, answering plans that wait, changing blocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings

from connector.errors import InputError, Overtaken, SetupError
from connector.run.request import Answer
from flows.console_prefect import ConsoleBlocks, ConsolePrefect
from flows.setups import resolve_setup
from tests.flows.server_world import World, world

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

PULL = "synchronization.pull_webstore_customers"
CONFLICT = "synchronization.policies.conflict"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        world(tmp_path_factory.mktemp("served"), webstore_customers=0, business_central_customers=0) as made,
        temporary_settings({PREFECT_API_URL: made.api, PREFECT_UI_URL: made.ui}),
    ):
        yield made


def register(served: World, name: str) -> int:
    email = f"{name.lower()}@shop.example"
    return served.running.webstore.people_create({"email": email, "first_name": name, "last_name": "Vik"})


def names(served: World) -> set[str]:
    system = served.running.business_central
    return {str(system.people_get(key)["displayName"]) for key in system.customer_ids()}


def started(served: World, prefect: ConsolePrefect, customers: list[str] | None = None) -> str:
    """Start a run as the console does; gives its id."""
    seen_at = prefect.start(
        "shop", customers=customers, dry_run=False, approved_plan=None, leave_out=[], actor="Ann Berg"
    )
    assert seen_at.startswith(f"{served.ui}/runs/flow-run/")
    return seen_at.rpartition("/")[2]


def test_the_next_scheduled_run_is_known(served: World) -> None:
    assert ConsolePrefect().next_run("shop") is None, "it waits for a yes"
    served.command("deploy", "--setup", "shop", "--activate")
    due = served.until(lambda: ConsolePrefect().next_run("shop"), "a run that the schedule created")
    assert timedelta() < due - datetime.now(UTC) <= timedelta(minutes=15)
    assert ConsolePrefect().next_run("other") is None


def test_a_plan_that_waits_is_approved_or_rejected_with_a_name(served: World) -> None:
    prefect = ConsolePrefect()
    left_out, _ = register(served, "Nora"), register(served, "Ola")
    served.approval(required="always")
    run = started(served, prefect)
    served.wait(run, "PAUSED")
    assert served.stored_run(run)["actor"] == "Ann Berg"
    assert prefect.answer(run, Answer(True, (f"woo:{left_out}",), "Ada"))
    assert served.wait(run)["state"]["type"] == "COMPLETED"
    assert names(served) == {"Ola Vik"}
    summary = served.stored_run(run)["summary"]
    assert (summary["approved_by"], summary["left_out"]) == ("Ada", [f"woo:{left_out}"])
    with pytest.raises(InputError, match="does not wait in Prefect any more"):
        prefect.answer(run, Answer(True, (), "Ada"))

    run = started(served, prefect, [f"woo:{left_out}"])
    served.wait(run, "PAUSED")
    assert prefect.answer(run, Answer(False, (), "Ada"))
    served.wait(run)
    assert names(served) == {"Ola Vik"}
    assert served.stored_run(run)["status"] == "rejected"


def test_runs_of_other_places_are_not_this_servers(served: World) -> None:
    assert not ConsolePrefect().answer(str(uuid4()), Answer(True))
    assert not ConsolePrefect().answer("no uuid", Answer(True))


def test_a_block_is_changed_unless_somebody_was_faster(served: World) -> None:
    blocks = ConsoleBlocks()
    before = resolve_setup("shop", with_secrets=False)
    now = str(before.synchronization.pull_webstore_customers)
    blocks.change("shop", {PULL: (now, "None"), CONFLICT: (str(before.synchronization.policies.conflict), "newest")})
    after = resolve_setup("shop", with_secrets=False)
    assert after.synchronization.pull_webstore_customers == "None"
    assert after.synchronization.policies.conflict == "newest"
    rest = before.model_dump(exclude={"synchronization", "webstore", "business_central"})
    assert after.model_dump(exclude={"synchronization", "webstore", "business_central"}) == rest
    with pytest.raises(Overtaken):
        blocks.change("shop", {PULL: ("All", "Mapped Only")})
    with pytest.raises(SetupError):
        blocks.change("nobody", {PULL: ("None", "All")})
    assert resolve_setup("shop", with_secrets=False).synchronization.pull_webstore_customers == "None"
    served.command("check", "--setup", "shop")  # its credentials still lead into both systems, or it would fail
