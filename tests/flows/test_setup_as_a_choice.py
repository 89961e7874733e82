"""The setup of a run is a block that a person chooses, or a name that is typed in; the run shows which, and no secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from prefect.utilities.schema_tools.validation import validate

from flows.blocks import ConnectorSetup
from flows.deployments import FLOWS
from flows.purge_activity_log import purge_activity_log
from flows.setup_choice import reference_to
from flows.setups import push_setup
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
