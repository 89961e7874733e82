"""A key whose owner is no administrator sees no metadata: those fields are left alone, and the run says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.rules import load_rules
from connector.run.run import Run
from connector.setup import parse_setup
from connector.store import open_store

SETUP = {
    "webstore_code": "main",
    "webstore": {"url": "http://127.0.0.1:9", "consumer_key": "ck_1", "consumer_secret": "cs_1"},
    "business_central": {
        "base_url": "http://127.0.0.1:9/api/v2.0", "company": "C", "token_url": "http://127.0.0.1:9/token",
        "client_id": "id", "client_secret": "s",
    },
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    store = open_store(f"sqlite:///{tmp_path}/store.sqlite")
    with Run(parse_setup(SETUP, origin="test"), store, load_rules(), run_id="r") as opened:
        yield opened
    store.close()


def test_fields_in_metadata_that_is_not_shown_are_left_alone_and_named_once(run: Run) -> None:
    run.know_metadata(False)
    run.know_metadata(False)
    assert "vat_number" not in run.terms.rules.names
    assert run.rules.digest == load_rules().digest
    assert [
        warning for warning in run.warnings if "vat_number" in warning and "administrator" in warning
    ] == run.warnings
    assert len(run.warnings) == 1


def test_metadata_that_is_shown_changes_nothing(run: Run) -> None:
    run.know_metadata(True)
    assert "vat_number" in run.terms.rules.names
    assert run.warnings == []
