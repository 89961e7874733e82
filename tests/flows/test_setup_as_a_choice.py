"""The setup of a run is a block that a person chooses, or a name that is typed in; the run shows which, and no secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, BlockDocumentUpdate
from prefect.utilities.schema_tools.validation import validate

from connector.errors import SetupError
from connector.run.setup_source import opened_store
from connector.run.summary import RunSummary
from connector.setup import StoreSettings
from flows.blocks import ConnectorSetup
from flows.deployments import FLOWS
from flows.purge_activity_log import purge_activity_log
from flows.setup_choice import reference_to
from flows.setups import load_block, push_setup, resolve_setup
from tasks.report import artifact_key, summary_text
from tests.servers.prefect import prefect_here
from tests.unit.flows.test_deployments import written

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Iterator[None]:
    with prefect_here():
        yield


@pytest.fixture
def setup(tmp_path: Path) -> Path:
    """A setup with secrets in clear, a store beside it, and systems that nobody asks."""
    path = written(tmp_path, "harbour", 30, "true")
    text = path.read_text(encoding="utf-8")
    for name in ("KEY", "SECRET", "PASSWORD"):
        text = text.replace(f"env:{name}", f"{name}-in-clear")
    path.write_text(f'{text}\n[store]\nurl = "sqlite:///{tmp_path}/store.sqlite"\n', encoding="utf-8")
    return path


def newest_run() -> Any:
    with get_client(sync_client=True) as client:
        return max(client.read_flow_runs(), key=lambda run: run.created)


@pytest.mark.parametrize(
    "flow", [flow for flow in FLOWS if "setup" in flow.parameters.properties], ids=lambda f: f.name
)
def test_the_form_takes_a_block_or_a_name(flow: Any) -> None:
    schema = flow.parameters.model_dump(exclude_none=True)
    required = dict.fromkeys(flow.parameters.required, "C00010")
    for given in ("shop", "setup.toml", {"$ref": {"block_document_id": str(uuid4())}}):
        assert validate({**required, "setup": given}, schema) == []
    for given in (None, 5, ["shop"], {"webstore": "shop"}):
        assert validate({**required, "setup": given}, schema) != []


def test_a_chosen_block_is_the_setup_and_its_secrets_are_in_no_run(setup: Path) -> None:
    push_setup(setup, "chosen")
    chosen = reference_to("chosen")
    names = set()
    by_slug = {"$ref": {"block_document_slug": f"{ConnectorSetup.get_block_type_slug()}/chosen"}}
    for given in (chosen, by_slug, ConnectorSetup.load("chosen"), "chosen"):
        assert "Removed" in purge_activity_log(setup=given).message  # type: ignore[arg-type]
        run = newest_run()
        names.add(run.name)
        assert "-in-clear" not in run.model_dump_json()
    assert names == {"purge the activity log of chosen"}


def test_a_chosen_block_that_is_gone_or_wrong_is_told_in_words(setup: Path) -> None:
    push_setup(setup, "gone")
    chosen = reference_to("gone")
    with get_client(sync_client=True) as client:
        document = client.read_block_document_by_name("gone", ConnectorSetup.get_block_type_slug())
        data = {**document.data, "matching": {"link": ["star sign"]}}
        changed = BlockDocumentUpdate(data=data, merge_existing_data=False, block_schema_id=document.block_schema_id)
        client.update_block_document(document.id, changed)
    purge_activity_log(setup=chosen, return_state=True)  # type: ignore[arg-type]
    told = newest_run().state
    assert told.is_failed()
    assert "block gone has 1 problem" in told.message
    assert "matching.link.0" in told.message
    with get_client(sync_client=True) as client:
        client.delete_block_document(document.id)
    purge_activity_log(setup=chosen, return_state=True)  # type: ignore[arg-type]
    assert "is not there any more" in newest_run().state.message
    assert reference_to("gone") is None


def test_a_pushed_block_names_whole_paths_and_they_are_told(setup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = setup.read_text(encoding="utf-8").partition("[store]")[0]
    text = text.replace('auth = "basic"', 'auth = "basic"\nverify_tls = "own/ca.pem"')
    setup.write_text(f'{text}mappings = "rules"\n[reports]\nfolder = "seen"\n', encoding="utf-8")
    there = setup.parent
    monkeypatch.chdir(there.parent)
    saved, whole = push_setup(Path(there.name) / setup.name, "whole")
    assert len(saved) == 3
    assert whole == {
        "business_central.verify_tls": there / "own/ca.pem",
        "synchronization.mappings": there / "rules",
        "reports.folder": there / "seen",
        "extracts.folder": there / "customer-sync-data/extracts",
        "store.url": there / "customer-sync-data/store.sqlite",
        "partitions.folder": there / "customer-sync-data/partitions",
    }
    assert resolve_setup("whole", with_secrets=False) == resolve_setup(str(setup), with_secrets=False)


def test_relative_paths_of_a_block_count_from_the_project_or_are_refused(
    setup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the form has them when nobody changes them, and as earlier versions pushed them."""
    push_setup(setup, "typed")
    block = load_block("typed")
    block.store = StoreSettings()
    block.save("typed", overwrite=True)
    found = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        found.add(resolve_setup("typed", with_secrets=False).store.url)
    assert found == {f"sqlite:///{Path(__file__).parents[2]}/customer-sync-data/store.sqlite"}
    monkeypatch.setattr("flows.blocks._PROJECT", tmp_path)
    with pytest.raises(SetupError, match=r"count from no folder[\s\S]*store.url: customer-sync-data/store.sqlite"):
        resolve_setup("typed", with_secrets=False)


def test_a_store_that_is_empty_where_one_was_full_is_told_and_scheduled_runs_do_not_begin(
    setup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str:
        return str(purge_activity_log(setup=str(setup), return_state=True).message)

    assert "another store" not in told(), "nothing is known of this webstore"
    shown = ArtifactCreate(key=artifact_key("summary", "harbour"), type="markdown", data=summary_text(RunSummary()))
    with get_client(sync_client=True) as client:
        client.create_artifact(shown)
    assert "holds nothing of webstore harbour, though Prefect shows a run of it" in told()
    assert "store.sqlite" in told()
    monkeypatch.setattr("flows.outcomes.trigger_of_run", lambda: "scheduled")
    state = purge_activity_log(setup=str(setup), return_state=True)
    assert state.is_failed()
    assert "run it once by hand" in str(state.message)
    with opened_store(setup) as (_, store), store.work("harbour") as work:
        work.runs.start("r1", "all", "manual", "ann")
        work.runs.finish("r1", "completed", {}, "", "")
    assert told().startswith("Removed"), "it is the one of the last run again"
    assert "another store" not in told()
